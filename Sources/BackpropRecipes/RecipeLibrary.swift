// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// The recipes that are built in.
public struct RecipeLibrary: Hashable, Sendable {
  /// The name by which the program knows it.
  public let name: String
  /// The YAML text.
  public let text: String

  /// All built-in recipes, the first being the one to begin with.
  public static let all =
    [
      digits, mnist, fashionMNIST, cnn, cnnFashion, vitFashion, resnet18CIFAR,
    ] + texts + sounds + series + forecasts

  /// The built-in recipe of that name.
  public static func named(_ name: String) -> RecipeLibrary? { all.first { $0.name == name } }

  /// The built-in recipe whose name is nearest to a misspelled one.
  public static func nearest(to name: String) -> String? {
    nearestName(to: name, among: all.map(\.name))
  }

  /// The recipe with some keys set otherwise, such as `training.epochs=5`.
  public func recipe(overrides: [String] = []) throws(RecipeError) -> Recipe {
    try Recipe(yaml: Array(text.utf8), file: name, overrides: overrides)
  }

  private static let digits = RecipeLibrary(
    name: "digits",
    text: """
      # Handwritten digits of 8x8 pixels, built into the program.
      name: digits
      about: Reads handwritten digits; the data is built in, and it takes a second.
      task: classification
      data:
        source: digits
      model:
        kind: mlp
        hidden: [128, 64]
        activation: relu
        dropout: 0.1
      training:
        epochs: 30
        batch: 32
        optimizer: adamw
        learning_rate: 0.003
        schedule: cosine
        weight_decay: 0.01
      seed: 0

      """)

  private static let mnist = RecipeLibrary(
    name: "mnist",
    text: """
      # Handwritten digits of 28x28 pixels: 60,000 to train, 10,000 to test.
      name: mnist
      about: Reads handwritten digits of 28x28 pixels, the classic of the field.
      task: classification
      data:
        source: mnist
        validation_fraction: 0.0833
      model:
        kind: mlp
        hidden: [512, 256]
        activation: relu
        dropout: 0.2
      training:
        epochs: 10
        batch: 128
        optimizer: adamw
        learning_rate: 0.001
        schedule: cosine
        weight_decay: 0.01
      seed: 0

      """)

  private static let fashionMNIST = RecipeLibrary(
    name: "fashion-mnist",
    text: """
      # Clothes of 28x28 pixels: 60,000 to train, 10,000 to test.
      name: fashion-mnist
      about: Tells ten kinds of clothes apart on images of 28x28 pixels.
      task: classification
      data:
        source: fashion-mnist
        validation_fraction: 0.0833
      model:
        kind: mlp
        hidden: [512, 256]
        activation: relu
        dropout: 0.2
      training:
        epochs: 15
        batch: 128
        optimizer: adamw
        learning_rate: 0.001
        schedule: cosine
        weight_decay: 0.01
      seed: 0

      """)
}
