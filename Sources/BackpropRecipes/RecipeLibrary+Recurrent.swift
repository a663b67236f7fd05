// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The built-in recipes of recurrent language models.
extension RecipeLibrary {
  static let charRNN = RecipeLibrary(
    name: "char-rnn",
    text: """
      # An LSTM that writes characters (A. Karpathy, "The unreasonable effectiveness of recurrent
      # neural networks", 2015): below 1.6 nats a character, ten minutes on one core.
      name: char-rnn
      about: Writes like Shakespeare, character by character, from an LSTM's memory.
      task: generation
      data:
        source: text
        path: data/tinyshakespeare
        train: input.txt
        context: 256
        validation_fraction: 0.02
        test_fraction: 0.1
      model:
        kind: rnn
        cell: lstm
        layers: 1
        width: 64
        units: 384
        dropout: 0.3
      training:
        epochs: 18
        batch: 16
        optimizer: adamw
        learning_rate: 0.003
        final_learning_rate: 0.0001
        schedule: cosine
        warmup_epochs: 0.2
        weight_decay: 0.01
        clip_norm: 1
      seed: 0

      """)

  static let namesRNN = RecipeLibrary(
    name: "names-rnn",
    text: """
      # A GRU that learns first names, one a line.
      name: names-rnn
      about: Makes up first names with a recurrent network, in a minute.
      task: generation
      data:
        source: lines
        path: data/names
        train: names.txt
        validation_fraction: 0.05
        test_fraction: 0.1
      model:
        kind: rnn
        cell: gru
        layers: 1
        width: 32
        units: 192
        dropout: 0.2
      training:
        epochs: 15
        batch: 64
        optimizer: adamw
        learning_rate: 0.004
        schedule: cosine
        weight_decay: 0.02
        clip_norm: 1
      seed: 0

      """)
}
