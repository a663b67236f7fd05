// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// Tells classes of texts apart: a transformer encoder over the tokens, whose results are averaged
/// over the places that are no padding.
///
/// `tokens: [B, T] int32 -> [B, classes]`; token 0 is padding. Paths: `embedding.weight`,
/// `positions.weight`, `blocks.0.…`, `norm.weight`, `output.weight`.
public struct TextClassifier: Module, CustomStringConvertible {
  /// A vector for each token.
  public let embedding: Embedding
  /// A vector for each place; nil where rotary positions take their part.
  public let positions: Embedding?
  /// What drops features, in training.
  public let dropout: Dropout
  /// The blocks, one after another.
  public let blocks: [TransformerBlock]
  /// The norm before the average; none where the blocks' norms stand after their parts.
  public let norm: Normalization
  /// What makes logits.
  public let output: Linear
  /// The most places of a text.
  public let context: Int

  /// A model with `layers` blocks, which must not be causal.
  public init(
    vocabulary: Int, context: Int, classes: Int, layers: Int, block: TransformerOptions
  ) {
    precondition(!block.isCausal, "an encoder sees the whole text; set isCausal to false")
    self.context = context
    let small = Initializer.normal(standardDeviation: 0.02)
    embedding = Embedding(vocabulary, block.width, paddingIndex: 0, initializer: small)
    positions = block.rotary == nil ? Embedding(context, block.width, initializer: small) : nil
    dropout = Dropout(block.dropout)
    blocks = (0..<layers).map { _ in TransformerBlock(block) }
    norm = Normalization(
      block.normPlace == .before ? block.norm : .none, features: block.width)
    output = Linear(block.width, classes)
  }

  /// `TextClassifier 2 layers, 128 wide`.
  public var description: String {
    "TextClassifier \(blocks.count) layers, \(embedding.features) wide"
  }

  /// `tokens: [B, T] int32 -> [B, classes]`.
  public func callAsFunction(_ tokens: Tensor) -> Tensor {
    guard tokens.rank == 2, tokens.shape[1] <= context, !tokens.dtype.isFloatingPoint else {
      return .failed(
        "TextClassifier", [tokens], "tokens must be integers [B, T] with T at most \(context)",
        hint: "cut the texts at \(context) tokens",
        shape: [tokens.rank > 0 ? tokens.shape[0] : 1, output.outputs], dtype: .float32)
    }
    let isWord = tokens .!= 0
    var x = embedding(tokens)
    if let positions {
      x = x + positions.weight.value.sliced(along: 0, 0..<tokens.shape[1])
    }
    x = dropout(x)
    for block in blocks { x = block(x, allowed: isWord) }
    return output(dropout(meanOfWords(norm(x), isWord)))
  }
}

/// Tells classes of texts apart by their words alone, whatever their order: the average of the
/// words' vectors, through fully connected layers (A. Joulin et al., "Bag of tricks for efficient
/// text classification", 2016).
///
/// `tokens: [B, T] int32 -> [B, classes]`; token 0 is padding.
public struct BagOfWords: Module, CustomStringConvertible {
  /// A vector for each token.
  public let embedding: Embedding
  /// What drops features, in training.
  public let dropout: Dropout
  /// What makes logits of the average.
  public let body: MLP

  /// A model with vectors of `width` numbers and the given hidden layers.
  public init(
    vocabulary: Int, width: Int, hidden: [Int] = [], classes: Int, activation: Activation = .relu,
    dropout: Float = 0
  ) {
    embedding = Embedding(
      vocabulary, width, paddingIndex: 0, initializer: .normal(standardDeviation: 0.1))
    self.dropout = Dropout(dropout)
    body = MLP([width] + hidden + [classes], activation: activation, dropout: dropout)
  }

  /// `BagOfWords 5000 words, MLP 64→2`.
  public var description: String { "BagOfWords \(embedding.count) words, \(body)" }

  /// `tokens: [B, T] int32 -> [B, classes]`.
  public func callAsFunction(_ tokens: Tensor) -> Tensor {
    guard tokens.rank == 2, !tokens.dtype.isFloatingPoint else {
      return .failed(
        "BagOfWords", [tokens], "tokens must be integers [B, T]",
        shape: [tokens.rank > 0 ? tokens.shape[0] : 1, body.output.outputs], dtype: .float32)
    }
    return body(dropout(meanOfWords(embedding(tokens), tokens .!= 0)))
  }
}

/// The mean over the places that are words: `x: [B, T, C]`, `isWord: [B, T] -> [B, C]`; zero for a
/// text without words.
private func meanOfWords(_ x: Tensor, _ isWord: Tensor) -> Tensor {
  let share = isWord.cast(to: .float32)
  let count = maximum(share.sum(over: 1, keepingAxes: true), 1)
  let sum = (x.cast(to: .float32) * share.expanded(at: -1)).sum(over: 1)
  return sum / count
}
