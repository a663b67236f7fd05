// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// A language model: a stack of causal transformer blocks that says at each place which token comes
/// next (A. Radford et al., "Language models are unsupervised multitask learners", 2019).
///
/// `tokens: [B, T] int32 -> [B, T, V]`, T at most `context`. Paths: `embedding.weight`,
/// `positions.weight` (learned positions), `blocks.0.attention.input.weight`, `norm.weight`,
/// `head.weight` (where it is not tied to the embedding).
public struct GPT: Decoder, CustomStringConvertible {
  /// A vector for each token.
  public let embedding: Embedding
  /// A vector for each place; nil where rotary positions take their part.
  public let positions: Embedding?
  /// What drops features of the first vectors, in training.
  public let dropout: Dropout
  /// The blocks, one after another.
  public let blocks: [TransformerBlock]
  /// The norm before the head.
  public let norm: Normalization
  /// What makes logits.
  public let head: Linear
  /// The most places of a sequence.
  public let context: Int

  /// A model with `layers` blocks.
  ///
  /// The weights whose results are added to the stream start smaller by √(2 · layers), as in
  /// GPT-2. Without rotary positions in the options, positions are learned.
  ///
  /// - Parameter isTied: whether the head's weight is that of the embedding.
  public init(
    vocabulary: Int, context: Int, layers: Int, block: TransformerOptions, isTied: Bool = true
  ) {
    precondition(layers > 0 && context > 0 && vocabulary > 0, "a GPT has layers, places and tokens")
    self.context = context
    let small = Initializer.normal(standardDeviation: 0.02)
    embedding = Embedding(vocabulary, block.width, initializer: small)
    positions = block.rotary == nil ? Embedding(context, block.width, initializer: small) : nil
    dropout = Dropout(block.dropout)
    var options = block
    options.outputInitializer = .normal(
      standardDeviation: 0.02 / Float(2 * layers).squareRoot())
    blocks = (0..<layers).map { _ in TransformerBlock(options) }
    norm = Normalization(block.norm, features: block.width)
    head =
      isTied
      ? Linear(weight: embedding.weight)
      : Linear(block.width, vocabulary, bias: false, initializer: small)
  }

  /// The number of tokens that there are.
  public var vocabularySize: Int { embedding.count }

  /// `GPT 6 layers, 384 wide, context 256`.
  public var description: String {
    "GPT \(blocks.count) layers, \(embedding.features) wide, context \(context)"
  }

  /// `tokens: [B, T] int32 -> [B, T, V]`.
  public func callAsFunction(_ tokens: Tensor) -> Tensor { head(features(tokens)) }

  /// What the head makes logits of: `tokens: [B, T] int32 -> [B, T, width]`.
  public func features(_ tokens: Tensor) -> Tensor {
    guard tokens.rank == 2, tokens.shape[1] <= context, !tokens.dtype.isFloatingPoint else {
      return .failed(
        "GPT", [tokens], "tokens must be integers [B, T] with T at most \(context)",
        hint: "cut the text into windows of at most \(context) tokens",
        shape: Shape(tokens.shape.dimensions.prefix(2) + [embedding.features]), dtype: .float32)
    }
    var x = dropout(vectors(tokens))
    for block in blocks { x = block(x) }
    return norm(x)
  }

  /// The vectors of tokens and of their places.
  private func vectors(_ tokens: Tensor) -> Tensor {
    let x = embedding(tokens)
    guard let positions else { return x }
    let length = tokens.shape[1]
    let all = positions.weight.value
    return x + (length == context ? all : all.sliced(along: 0, 0..<length))
  }

  /// Empty caches for `batch` sequences of at most `capacity` places.
  public func start(batch: Int, capacity: Int) -> DecoderState {
    DecoderState(
      caches: blocks.map {
        $0.attention.cache(batch: batch, capacity: min(capacity, context))
      })
  }

  /// The logits [B, V] after the first tokens of each sequence, `tokens: [B, T] int32`.
  public func read(_ tokens: Tensor, state: inout DecoderState) -> Tensor {
    guard tokens.rank == 2, state.position == 0, state.caches.count == blocks.count,
      tokens.shape[1] > 0, tokens.shape[1] <= state.caches[0].capacity
    else {
      return .failed(
        "GPT", [tokens], "tokens must be [B, T], the first ones, and have room in the caches",
        hint: "the context has \(context) places", shape: [1, vocabularySize], dtype: .float32)
    }
    var x = vectors(tokens)
    for (index, block) in blocks.enumerated() { x = block.read(x, cache: &state.caches[index]) }
    state.position = tokens.shape[1]
    return head(norm(x[0..., -1]))
  }

  /// The logits [B, V] after the next token of each sequence, `tokens: [B] int32`.
  public func next(_ tokens: Tensor, state: inout DecoderState) -> Tensor {
    guard tokens.rank == 1, !state.isFull, state.caches.count == blocks.count else {
      return .failed(
        "GPT", [tokens], "tokens must be [B], and a place must be left in the caches",
        hint: "the context has \(context) places", shape: [1, vocabularySize], dtype: .float32)
    }
    state.makeRoom()
    // A number that changes from place to place, and seldom the plan.
    let position = Tensor.full([], Float(state.position), dtype: .int32)
    var x = embedding(tokens.expanded(at: 1))
    if let positions { x = x + positions(position.reshaped(to: [1])) }
    for (index, block) in blocks.enumerated() {
      x = block.next(x, position: position, cache: &state.caches[index])
    }
    state.position += 1
    return head(norm(x)).squeezed(at: 1)
  }
}
