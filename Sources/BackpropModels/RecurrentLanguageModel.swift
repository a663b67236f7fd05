// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// A language model of recurrent layers: at each place it says which token comes next, by what the
/// layers remember of all places before (T. Mikolov et al., "Recurrent neural network based language
/// model", 2010; A. Graves, "Generating sequences with recurrent neural networks", 2013).
///
/// `tokens: [B, T] int32 -> [B, T, V]`, any T; each sequence begins with a state of zeros. Paths:
/// `embedding.weight`, `body.0.weight_ih`, `head.weight`, `head.bias`.
public struct RecurrentLanguageModel: Decoder, CustomStringConvertible {
  /// A vector for each token.
  public let embedding: Embedding
  /// What drops features of the vectors and of the last layer's outputs, in training.
  public let dropout: Dropout
  /// The layers, one above the other; between them features are dropped, too.
  public let body: Recurrent
  /// What makes logits.
  public let head: Linear

  /// A model with `layers` layers of `units` each.
  ///
  /// - Parameters:
  ///   - width: the features of a token's vector.
  ///   - isTied: whether the head's weight is that of the embedding (O. Press, L. Wolf, "Using the
  ///     output embedding to improve language models", 2017); then `width` and `units` must agree.
  public init(
    _ cell: RecurrentKind, vocabulary: Int, width: Int, units: Int, layers: Int = 1,
    dropout: Float = 0, isTied: Bool = false
  ) {
    precondition(
      !isTied || width == units,
      "a head on \(units) units cannot be tied to vectors of \(width) features")
    // What a tied head multiplies with must be small at first.
    let scale = isTied ? 1 / Float(width).squareRoot() : 1
    embedding = Embedding(vocabulary, width, initializer: .normal(standardDeviation: scale))
    self.dropout = Dropout(dropout)
    body = Recurrent(cell, inputs: width, units: units, depth: layers, dropout: dropout)
    head =
      isTied
      ? Linear(
        weight: embedding.weight, bias: Parameter([vocabulary], initializer: .zeros))
      : Linear(units, vocabulary)
  }

  /// The number of tokens that there are.
  public var vocabularySize: Int { embedding.count }

  /// There is no end to a sequence.
  public var context: Int { .max }

  /// `RecurrentLanguageModel lstm 64→256 × 2`.
  public var description: String {
    "RecurrentLanguageModel \(body.description.dropFirst("Recurrent ".count))"
  }

  /// `tokens: [B, T] int32 -> [B, T, V]`.
  public func callAsFunction(_ tokens: Tensor) -> Tensor { head(features(tokens)) }

  /// What the head makes logits of: `tokens: [B, T] int32 -> [B, T, units]`.
  public func features(_ tokens: Tensor) -> Tensor { run(tokens, nil).features }

  private func run(
    _ tokens: Tensor, _ state: Recurrent.State?
  ) -> (features: Tensor, state: Recurrent.State) {
    guard tokens.rank == 2, tokens.shape[1] > 0, !tokens.dtype.isFloatingPoint else {
      let failure = Tensor.failed(
        "RecurrentLanguageModel", [tokens], "tokens must be integers [B, T], T at least 1",
        shape: Shape(tokens.shape.dimensions.prefix(2) + [head.inputs]), dtype: .float32)
      return (failure, Recurrent.State(h: failure, c: failure))
    }
    let made = body(dropout(embedding(tokens)), state: state)
    return (dropout(made.outputs), made.state)
  }

  /// The state of `batch` sequences of which nothing was read; there is always room.
  public func start(batch: Int, capacity: Int) -> DecoderState {
    let zeros = Tensor.zeros([body.layers.count, batch, head.inputs])
    return DecoderState(recurrent: Recurrent.State(h: zeros, c: zeros))
  }

  /// The logits [B, V] after more tokens of each sequence, `tokens: [B, T] int32`.
  public func read(_ tokens: Tensor, state: inout DecoderState) -> Tensor {
    let made = run(tokens, state.recurrent)
    state.recurrent = made.state
    state.position += tokens.rank == 2 ? tokens.shape[1] : 0
    let last = made.features.rank == 3 ? made.features[0..., -1] : made.features
    return head(last)
  }

  /// The logits [B, V] after the next token of each sequence, `tokens: [B] int32`.
  public func next(_ tokens: Tensor, state: inout DecoderState) -> Tensor {
    read(tokens.expanded(at: 1), state: &state)
  }
}
