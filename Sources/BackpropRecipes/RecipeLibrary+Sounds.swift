// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The built-in recipes that hear recordings.
extension RecipeLibrary {
  static let sounds = [speechDigits, speechDigitsRaw]

  private static let speechDigits = RecipeLibrary(
    name: "speech-digits",
    text: """
      # Spoken digits, told apart by their mel spectrograms. The recordings are those of the Free
      # Spoken Digit Dataset: git clone https://github.com/Jakobovski/free-spoken-digit-dataset data/fsdd
      name: speech-digits
      about: Hears which digit is spoken, by convolutions over a mel spectrogram.
      task: classification
      data:
        source: sound
        path: data/fsdd/recordings
        names: "{label}_{speaker}_{index}.wav"
        sample_rate: 8000
        seconds: 1
        split_by: index
        test: 0-4
        validation: 5-7
      model:
        kind: log-mel-cnn
        frame: 256
        hop: 128
        bands: 40
        channels: [16, 32, 64]
        hidden: [64]
        normalization: batch
        dropout: 0.2
      training:
        epochs: 25
        batch: 32
        optimizer: adamw
        learning_rate: 0.003
        schedule: one_cycle
        weight_decay: 0.01
        label_smoothing: 0.05
        time_shift: 0.1
        gain: 6
        noise: 0.005
        mask_frames: 10
        mask_bands: 6
      seed: 0

      """)

  private static let speechDigitsRaw = RecipeLibrary(
    name: "speech-digits-raw",
    text: """
      # Spoken digits, told apart by the wave itself; the recordings are those of speech-digits.
      name: speech-digits-raw
      about: Hears which digit is spoken, by convolutions over the wave itself.
      task: classification
      data:
        source: sound
        path: data/fsdd/recordings
        names: "{label}_{speaker}_{index}.wav"
        sample_rate: 8000
        seconds: 1
        split_by: index
        test: 0-4
        validation: 5-7
      model:
        kind: wave-cnn
        frame: 80
        hop: 4
        channels: [32, 64, 128, 256]
        dropout: 0.2
      training:
        epochs: 60
        batch: 32
        optimizer: adamw
        learning_rate: 0.004
        schedule: one_cycle
        weight_decay: 0.01
        label_smoothing: 0.05
        time_shift: 0.1
        gain: 6
        noise: 0.005
      seed: 0

      """)
}
