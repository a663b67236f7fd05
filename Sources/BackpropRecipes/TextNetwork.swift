// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropModels
public import BackpropNN

/// The network of a recipe that reads tokens.
///
/// tokens: [B, T] int32 -> [B, classes], or [B, T, V] for a language model.
public enum TextNetwork: Module {
  /// A language model.
  case gpt(GPT)
  /// A recurrent language model.
  case recurrent(RecurrentLanguageModel)
  /// A transformer that tells classes apart.
  case classifier(TextClassifier)
  /// Classes by the words alone.
  case bag(BagOfWords)

  /// nil where the recipe's network or data are no matter of text.
  init?(_ recipe: ModelRecipe, for shape: DataShape) {
    guard let vocabulary = shape.vocabularySize else { return nil }
    if let recurrent = recipe.recurrent {
      self = .recurrent(recurrent.model(vocabulary: vocabulary, dropout: recipe.dropout))
      return
    }
    guard let text = recipe.text else { return nil }
    switch recipe.kind {
    case .mlp, .table, .cnn, .resnet, .vit, .mixer, .rnn, .series_cnn, .lstm, .gru, .tcn,
      .log_mel_cnn, .wave_cnn, .transformer:
      return nil
    case .gpt:
      self = .gpt(
        GPT(
          vocabulary: vocabulary, context: shape.features, layers: text.layers,
          block: text.block(isCausal: true, dropout: recipe.dropout), isTied: text.tied))
    case .text_classifier:
      self = .classifier(
        TextClassifier(
          vocabulary: vocabulary, context: shape.features, classes: shape.outputs,
          layers: text.layers, block: text.block(isCausal: false, dropout: recipe.dropout)))
    case .bag_of_words:
      self = .bag(
        BagOfWords(
          vocabulary: vocabulary, width: text.width, hidden: recipe.hidden, classes: shape.outputs,
          activation: recipe.activation.layer, dropout: Float(recipe.dropout)))
    }
  }

  /// The model that goes on with texts; nil where it tells classes apart.
  var decoder: (any Decoder)? {
    switch self {
    case .gpt(let model): model
    case .recurrent(let model): model
    case .classifier, .bag: nil
    }
  }

  /// What makes the logits of a language model of its features; nil where it tells classes apart.
  var head: Linear? {
    switch self {
    case .gpt(let model): model.head
    case .recurrent(let model): model.head
    case .classifier, .bag: nil
    }
  }

  /// What the head makes logits of, [B, T, features]; the outputs where there is no such head.
  func features(_ tokens: Tensor) -> Tensor {
    switch self {
    case .gpt(let model): model.features(tokens)
    case .recurrent(let model): model.features(tokens)
    case .classifier(let model): model(tokens)
    case .bag(let model): model(tokens)
    }
  }

  /// The outputs for a batch of tokens.
  public func callAsFunction(_ tokens: Tensor) -> Tensor {
    switch self {
    case .gpt(let model): model(tokens)
    case .recurrent(let model): model(tokens)
    case .classifier(let model): model(tokens)
    case .bag(let model): model(tokens)
    }
  }
}
