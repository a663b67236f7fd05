// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The built-in recipes that read series.
extension RecipeLibrary {
  static let series = [sensor, ecg200, motions, vowels]

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

  private static let ecg200 = RecipeLibrary(
    name: "sensor-ecg200",
    text: """
      # Single heartbeats: normal or with an infarction. 100 to train, 100 to test.
      name: sensor-ecg200
      about: Tells heartbeats with an infarction from normal ones.
      task: classification
      data:
        source: series
        path: data/ucr
        train: ECG200_TRAIN.txt
        test: ECG200_TEST.txt
        classes: [infarction, normal]
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

  private static let motions = RecipeLibrary(
    name: "sensor-motions",
    text: """
      # Ten seconds of a smart watch's accelerometer and gyroscope, six channels together.
      name: sensor-motions
      about: Tells standing, walking, running and badminton apart by a smart watch.
      task: classification
      data:
        source: series
        path: data/ucr
        train: BasicMotions_TRAIN.ts
        test: BasicMotions_TEST.ts
        validation_fraction: 0
      model:
        kind: series-cnn
        channels: [32, 64, 32]
        window: 7
      training:
        epochs: 60
        batch: 8
        optimizer: adamw
        learning_rate: 0.003
        schedule: cosine
        weight_decay: 0.01
      seed: 0

      """)

  private static let vowels = RecipeLibrary(
    name: "sensor-vowels",
    text: """
      # Two Japanese vowels in a row, in 12 coefficients for each of 7 to 29 steps: who says them?
      name: sensor-vowels
      about: Tells nine speakers apart by two vowels of different lengths.
      task: classification
      data:
        source: series
        path: data/ucr
        train: JapaneseVowels_TRAIN.ts
        test: JapaneseVowels_TEST.ts
        validation_fraction: 0
      model:
        kind: lstm
        width: 64
        bidirectional: true
        dropout: 0.3
      training:
        epochs: 60
        batch: 16
        optimizer: adamw
        learning_rate: 0.005
        schedule: cosine
        weight_decay: 0.01
        clip_norm: 1
      seed: 0

      """)
}
