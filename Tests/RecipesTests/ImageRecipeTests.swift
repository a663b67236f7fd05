// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropRecipes
import BackpropTraining
import Testing

@Suite("Recipes for images")
struct ImageRecipeTests {
  /// The built-in digits, read by convolutions.
  private func digits(_ model: String, _ training: String = "") -> [UInt8] {
    Array(
      """
      name: digits
      task: classification
      data:
        source: digits
      model:
        \(model.split(separator: "\n").joined(separator: "\n  "))
      training:
        epochs: 4
        batch: 32
        learning_rate: 0.004
        \(training)
      """.utf8)
  }

  private func accuracy(_ yaml: [UInt8], _ overrides: [String] = []) throws -> Double {
    let recipe = try Recipe(yaml: yaml, file: "digits.yaml", overrides: overrides)
    let session = try Session(recipe, data: RecipeData(recipe))
    _ = try session.train()
    let metrics = session.trainer.progress.bestMetrics
    return metrics?["accuracy"] ?? 0
  }

  @Test func convolutionsReadDigits() throws {
    let yaml = digits("kind: cnn\nchannels: [8, 16]\nhidden: [32]\nnormalization: batch")
    #expect(try accuracy(yaml) > 0.93)
  }

  @Test func aResidualNetworkReadsDigitsThatMove() throws {
    let yaml = digits(
      "kind: resnet\nchannels: [8, 16]\nblocks: [1, 1]", "shift: 1\n  cutout: 2\n  mixup: 0.2")
    let share = try accuracy(yaml)
    #expect(share > 0.5, "\(share)")
  }

  @Test(arguments: ["vit\nheads: 2", "mixer"]) func patchesReadDigits(kind: String) throws {
    let share = try accuracy(
      digits("kind: \(kind)\npatch: 4\nlayers: 2\nwidth: 32"),
      ["training.epochs=12", "training.learning_rate=0.002"])
    #expect(share > 0.9, "\(share)")
  }

  @Test func aNetworkThatDoesNotFitTheImagesIsAnError() throws {
    func message(_ model: String) throws -> String {
      let recipe = try Recipe(yaml: digits(model), file: "digits.yaml")
      let error = #expect(throws: DataError.self) { try Session(recipe, data: RecipeData(recipe)) }
      return "\(error.map { "\($0)" } ?? "")"
    }
    #expect(
      try message("kind: cnn\nchannels: [4, 4, 4, 4]")
        == "images of 8x8 pixels can be halved 3 times, and model.channels has 4 stages; write at "
        + "most 3 numbers of channels.")
    #expect(
      try message("kind: vit\npatch: 3")
        == "images of 8x8 pixels cannot be cut into patches of 3x3; choose a model.patch that "
        + "divides both sides.")
  }

  @Test func aRecipeIsReadBackFromItsRecord() throws {
    for recipe in [RecipeLibrary.named("cnn"), RecipeLibrary.named("resnet18-cifar")] {
      let first = try #require(recipe).recipe()
      let again = try Recipe(json: first.json, file: "recipe.json")
      #expect(again == first)
    }
  }

  @Test func keysOfOtherNetworksAreErrors() {
    let cases = [
      (digits("kind: mlp\nchannels: [8]"), "means nothing to mlp"),
      (digits("kind: resnet\nhidden: [8]"), "means nothing to resnet"),
      (digits("kind: resnet\nchannels: [8, 8]\nblocks: [1]"), "has 1 numbers for 2 stages"),
      (digits("kind: mixer\nheads: 2"), "means nothing to mixer"),
      (digits("kind: cnn\nchannels: []"), "model.channels is empty; write a number for each"),
      (digits("kind: cnn\npatch: 2"), "means nothing to cnn"),
      (digits("kind: mlp", "flips: true"), "means nothing to mlp"),
    ]
    for (yaml, part) in cases {
      do {
        _ = try Recipe(yaml: yaml, file: "digits.yaml")
        Issue.record("no error for: \(part)")
      } catch {
        #expect("\(error)".contains(part), "\(error)")
      }
    }
  }
}
