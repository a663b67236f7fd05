// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The built-in recipe that translates.
extension RecipeLibrary {
  static let translate = RecipeLibrary(
    name: "translate",
    text: """
      # German descriptions of pictures in English: 29,000 pairs of sentences.
      name: translate
      about: Translates simple German sentences into English.
      task: translation
      data:
        source: pairs
        path: data/multi30k
        train: [train.de.gz, train.en.gz]
        validation: [val.de.gz, val.en.gz]
        test: [test_2016_flickr.de.gz, test_2016_flickr.en.gz]
        context: 48
        least_count: 2
      model:
        kind: transformer
        layers: 2
        heads: 4
        width: 192
        dropout: 0.1
      training:
        epochs: 8
        batch: 64
        optimizer: adamw
        learning_rate: 0.001
        schedule: cosine
        warmup_epochs: 1
        weight_decay: 0.01
        label_smoothing: 0.1
        clip_norm: 1
      seed: 0

      """)
}
