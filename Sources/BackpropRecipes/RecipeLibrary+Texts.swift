// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The built-in recipes that read texts.
extension RecipeLibrary {
  static let texts = [
    gptSmall, gpt, charRNN, names, namesRNN, sst2, agNews, agNewsBag, smsSpam, translate,
  ]

  private static let gptSmall = RecipeLibrary(
    name: "gpt-char-small",
    text: """
      # A small language model of characters: two minutes on two cores.
      name: gpt-char-small
      about: Writes like Shakespeare, character by character, after two minutes of training.
      task: generation
      data:
        source: text
        path: data/tinyshakespeare
        train: input.txt
        context: 128
        validation_fraction: 0.02
        test_fraction: 0.1
      model:
        kind: gpt
        style: gpt2
        positions: rotary
        layers: 4
        heads: 4
        width: 128
      training:
        epochs: 3
        batch: 16
        optimizer: muon
        learning_rate: 0.02
        momentum: 0.95
        schedule: cosine
        warmup_epochs: 0.1
        weight_decay: 0.3
        clip_norm: 1
      seed: 0

      """)

  private static let gpt = RecipeLibrary(
    name: "gpt-char",
    text: """
      # The language model of characters that everybody knows: 6 layers, 384 wide, context 256.
      name: gpt-char
      about: Writes like Shakespeare, character by character, after half an hour of training.
      task: generation
      data:
        source: text
        path: data/tinyshakespeare
        train: input.txt
        context: 256
        validation_fraction: 0.02
        test_fraction: 0.1
      model:
        kind: gpt
        style: gpt2
        positions: rotary
        layers: 6
        heads: 6
        width: 384
        dropout: 0.1
        attention_dropout: 0
      training:
        epochs: 6
        batch: 16
        optimizer: muon
        learning_rate: 0.02
        momentum: 0.95
        schedule: cosine
        warmup_epochs: 0.1
        weight_decay: 0.5
        clip_norm: 1
      seed: 0

      """)

  private static let names = RecipeLibrary(
    name: "names",
    text: """
      # A language model of first names, one a line.
      name: names
      about: Makes up first names.
      task: generation
      data:
        source: lines
        path: data/names
        train: names.txt
        validation_fraction: 0.05
        test_fraction: 0.1
      model:
        kind: gpt
        style: llama
        layers: 4
        heads: 4
        width: 64
        dropout: 0.1
      training:
        epochs: 15
        batch: 64
        optimizer: adamw
        learning_rate: 0.003
        schedule: cosine
        warmup_epochs: 0.5
        weight_decay: 0.05
        clip_norm: 1
      seed: 0

      """)

  private static let sst2 = RecipeLibrary(
    name: "sst2",
    text: """
      # Sentences of film reviews: does the writer like it?
      name: sst2
      about: Tells friendly from unfriendly sentences of film reviews.
      task: classification
      data:
        source: labeled-text
        path: data/sst2
        train: train.tsv
        validation: dev.tsv
        test: test.tsv
        header: false
        columns: [text, label]
        text: [text]
        target: label
        classes: [negative, positive]
        context: 48
        least_count: 2
      model:
        kind: text-classifier
        layers: 2
        heads: 4
        width: 32
        dropout: 0.5
      training:
        epochs: 5
        batch: 64
        group_by_length: true
        optimizer: adamw
        learning_rate: 0.001
        schedule: cosine
        warmup_epochs: 0.3
        weight_decay: 0.1
        clip_norm: 1
      seed: 0

      """)

  private static let agNews = RecipeLibrary(
    name: "ag-news",
    text: """
      # Articles of four kinds, by their titles and first sentences.
      name: ag-news
      about: Tells world, sports, business and science news apart.
      task: classification
      data:
        source: labeled-text
        path: data/ag-news
        train: [ag_news_test_7600.csv.gz, ag_news_test_7600.csv]
        test_fraction: 0.2
        header: false
        columns: [class, title, description]
        text: [title, description]
        target: class
        classes: [World, Sports, Business, Sci/Tech]
        context: 64
        least_count: 2
      model:
        kind: text-classifier
        layers: 1
        heads: 4
        width: 32
        dropout: 0.5
      training:
        epochs: 3
        batch: 64
        optimizer: adamw
        learning_rate: 0.002
        schedule: cosine
        weight_decay: 0.05
        label_smoothing: 0.1
        clip_norm: 1
      seed: 0

      """)

  private static let agNewsBag = RecipeLibrary(
    name: "ag-news-bag",
    text: """
      # Articles of four kinds, by the average of their words' vectors: about a second.
      name: ag-news-bag
      about: Tells news apart as ag-news does, by its words whatever their order, in a second.
      task: classification
      data:
        source: labeled-text
        path: data/ag-news
        train: [ag_news_test_7600.csv.gz, ag_news_test_7600.csv]
        test_fraction: 0.2
        header: false
        columns: [class, title, description]
        text: [title, description]
        target: class
        classes: [World, Sports, Business, Sci/Tech]
        context: 64
        least_count: 2
      model:
        kind: bag-of-words
        width: 64
        dropout: 0.5
      training:
        epochs: 10
        batch: 64
        group_by_length: true
        optimizer: adamw
        learning_rate: 0.005
        schedule: cosine
        weight_decay: 0.05
        label_smoothing: 0.1
      seed: 0

      """)

  private static let smsSpam = RecipeLibrary(
    name: "sms-spam",
    text: """
      # Short messages: wanted or not?
      name: sms-spam
      about: Tells spam from other short messages.
      task: classification
      data:
        source: labeled-text
        path: data/sms-spam
        train: SMSSpamCollection.tsv
        header: true
        text: [SMS]
        target: Label
        test_fraction: 0.2
        context: 48
        least_count: 2
      model:
        kind: text-classifier
        layers: 1
        heads: 4
        width: 64
        dropout: 0.2
      training:
        epochs: 6
        batch: 32
        group_by_length: true
        optimizer: adamw
        learning_rate: 0.001
        schedule: cosine
        weight_decay: 0.05
        clip_norm: 1
      seed: 0

      """)
}
