// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

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

  private func accuracy(_ yaml: [UInt8]) throws -> Double {
    let recipe = try Recipe(yaml: yaml, file: "digits.yaml")
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
