// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The built-in recipes that read series.
extension RecipeLibrary {
  static let series = [sensor]

  private static let sensor = RecipeLibrary(
    name: "sensor",
    text: """
      # The movement of a hand, drawing a gun or pointing: 150 places of it in time.
      name: sensor
      about: Tells two movements of a hand apart by a sensor's signal.
      task: classification
      data:
        source: series
        path: data/ucr
        train: GunPoint_TRAIN.ts
        test: GunPoint_TEST.ts
        classes: [Gun, Point]
        validation_fraction: 0
      model:
        kind: series-cnn
        channels: [32, 64, 32]
        window: 7
      training:
        epochs: 100
        batch: 16
        optimizer: adamw
        learning_rate: 0.003
        schedule: cosine
        weight_decay: 0.01
      seed: 0

      """)
}
