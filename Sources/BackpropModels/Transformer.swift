// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// The encoder-decoder transformer: reads a sequence, and says of another one at each place which
/// token comes next (A. Vaswani et al., "Attention is all you need", 2017).
///
/// `source: [B, S] int32, target: [B, T] int32 -> [B, T, V]`, S and T at most `context`; token 0 is
/// padding on both sides. As PyTorch's `nn.Transformer` between embeddings and a head: each side
/// ends in a norm. Positions are learned. Paths: `source.weight`, `source_positions.weight`,
/// `encoder.0.attention.input.weight`, `encoder_norm.weight`,
/// `decoder.0.cross_attention.input.weight`, `head.weight`.
public struct Transformer: Module, CustomStringConvertible {
  /// A vector for each token that is read.
  public let source: Embedding
  /// A vector for each of its places.
  public let sourcePositions: Embedding
  /// A vector for each token that is written.
  public let target: Embedding
  /// A vector for each of its places.
  public let targetPositions: Embedding
  /// What drops features of the first vectors, in training.
  public let dropout: Dropout
  /// The blocks that read.
  public let encoder: [TransformerBlock]
  /// The norm behind them.
  public let encoderNorm: Normalization
  /// The blocks that write.
  public let decoder: [TransformerDecoderBlock]
  /// The norm behind them.
  public let decoderNorm: Normalization
  /// What makes logits.
  public let head: Linear
  /// The most places of each sequence.
  public let context: Int

  /// Paths as the parts are usually called.
  public static let keys = [
    "sourcePositions": "source_positions", "targetPositions": "target_positions",
    "encoderNorm": "encoder_norm", "decoderNorm": "decoder_norm",
  ]

  /// A model with `layers` blocks on each side.
  ///
  /// - Parameters:
  ///   - sourceVocabulary: the number of tokens that are read.
  ///   - targetVocabulary: the number of tokens that are written.
  ///   - block: how the blocks of both sides are built; only the decoder's are causal.
  ///   - isTied: whether the head's weight is that of the target's embedding.
  public init(
    sourceVocabulary: Int, targetVocabulary: Int, context: Int, layers: Int,
    block: TransformerOptions, isTied: Bool = false
  ) {
    precondition(layers > 0 && context > 0, "a transformer has layers and places")
    precondition(!block.isCausal, "an encoder sees the whole sequence; set isCausal to false")
    self.context = context
    let small = Initializer.normal(standardDeviation: 0.02)
    func embedding(_ count: Int, padding: Int? = nil) -> Embedding {
      Embedding(count, block.width, paddingIndex: padding, initializer: small)
    }
    source = embedding(sourceVocabulary, padding: 0)
    sourcePositions = embedding(context)
    target = embedding(targetVocabulary, padding: 0)
    targetPositions = embedding(context)
    dropout = Dropout(block.dropout)
    encoder = (0..<layers).map { _ in TransformerBlock(block) }
    encoderNorm = Normalization(block.norm, features: block.width)
    decoder = (0..<layers).map { _ in TransformerDecoderBlock(block) }
    decoderNorm = Normalization(block.norm, features: block.width)
    let bias = Parameter([targetVocabulary], initializer: .zeros)
    head =
      isTied
      ? Linear(weight: target.weight, bias: bias)
      : Linear(
        weight: Parameter([targetVocabulary, block.width], initializer: small), bias: bias)
  }

  /// `Transformer 2 + 2 layers, 128 wide`.
  public var description: String {
    "Transformer \(encoder.count) + \(decoder.count) layers, \(source.features) wide"
  }

  /// The logits of the token that follows each place of `target`, which has seen all of `source`.
  public func callAsFunction(_ source: Tensor, _ target: Tensor) -> Tensor {
    head(features(source, target))
  }

  /// What the head makes logits of: `[B, S], [B, T] int32 -> [B, T, width]`.
  public func features(_ source: Tensor, _ target: Tensor) -> Tensor {
    guard fits(source), fits(target) else { return misfit(source, target) }
    let memory = encode(source)
    var x = dropout(vectors(target, self.target, targetPositions))
    for block in decoder {
      x = block(x, memory: memory, allowed: target .!= 0, memoryAllowed: source .!= 0)
    }
    return decoderNorm(x)
  }

  /// What the encoder makes of a sequence: `source: [B, S] int32 -> [B, S, width]`.
  public func encode(_ source: Tensor) -> Tensor {
    guard fits(source) else { return misfit(source, source) }
    var x = dropout(vectors(source, self.source, sourcePositions))
    for block in encoder { x = block(x, allowed: source .!= 0) }
    return encoderNorm(x)
  }

  /// The model with sequences in mind, `source: [N, S] int32`: a ``Decoder`` of what is written
  /// about them, for greedy decoding, sampling and beam search.
  public func reading(_ source: Tensor) -> Reading { Reading(model: self, source: source) }

  private func fits(_ tokens: Tensor) -> Bool {
    tokens.rank == 2 && (1...context).contains(tokens.shape[1]) && !tokens.dtype.isFloatingPoint
  }

  private func misfit(_ source: Tensor, _ target: Tensor) -> Tensor {
    .failed(
      "Transformer", [source, target],
      "source and target must be integers [B, S] and [B, T] with 1 to \(context) places",
      hint: "cut the sequences at \(context) tokens", shape: [1, 1, self.source.features],
      dtype: .float32)
  }

  private func vectors(_ tokens: Tensor, _ embedding: Embedding, _ positions: Embedding) -> Tensor {
    embedding(tokens) + positions.weight.value.sliced(along: 0, 0..<tokens.shape[1])
  }

  /// A ``Transformer`` that has read sequences and writes others. B sequences are written, equally
  /// many side by side for each that was read: B is a multiple of N.
  public struct Reading: Decoder {
    /// The model.
    public let model: Transformer
    /// What it reads: [N, S] int32.
    public let source: Tensor

    /// The number of tokens that can be written.
    public var vocabularySize: Int { model.target.count }
    /// The most places that can be written.
    public var context: Int { model.context }

    /// `tokens: [B, T] int32 -> [B, T, V]`.
    public func callAsFunction(_ tokens: Tensor) -> Tensor {
      guard let count = share(of: tokens.shape[0]) else { return misfit(tokens) }
      return model(source.repeated(count), tokens)
    }

    /// How many of B sequences are written for each that was read; nil where that is no number.
    private func share(of batch: Int) -> Int? {
      let count = source.rank > 0 ? source.shape[0] : 0
      return count > 0 && batch > 0 && batch % count == 0 ? batch / count : nil
    }

    /// The state of `batch` sequences of which nothing was written; the source is read here, once.
    public func start(batch: Int, capacity: Int) -> DecoderState {
      guard let count = share(of: batch) else {
        preconditionFailure("equally many sequences are written for each that was read")
      }
      let memory = model.encode(source)
      var state = DecoderState(
        caches: model.decoder.map {
          $0.attention.cache(batch: batch, capacity: min(capacity, context))
        })
      state.memories = model.decoder.map {
        $0.crossAttention.remember(memory).repeated(count)
      }
      return state
    }

    /// The logits [B, V] after the first tokens of each sequence, `tokens: [B, T] int32`.
    public func read(_ tokens: Tensor, state: inout DecoderState) -> Tensor {
      guard model.fits(tokens), state.position == 0, tokens.shape[1] <= state.caches[0].capacity
      else { return misfit(tokens) }
      var x = model.vectors(tokens, model.target, model.targetPositions)
      for (index, block) in model.decoder.enumerated() {
        x = block.read(
          x, cache: &state.caches[index], memory: state.memories[index],
          memoryAllowed: allowed(tokens.shape[0]))
      }
      state.position = tokens.shape[1]
      return model.head(model.decoderNorm(x[0..., -1]))
    }

    /// The logits [B, V] after the next token of each sequence, `tokens: [B] int32`.
    public func next(_ tokens: Tensor, state: inout DecoderState) -> Tensor {
      guard tokens.rank == 1, !state.isFull else { return misfit(tokens) }
      state.makeRoom()
      let position = Tensor.full([], Float(state.position), dtype: .int32)
      var x =
        model.target(tokens.expanded(at: 1))
        + model.targetPositions(position.reshaped(to: [1]))
      for (index, block) in model.decoder.enumerated() {
        x = block.next(
          x, position: position, cache: &state.caches[index], memory: state.memories[index],
          memoryAllowed: allowed(tokens.shape[0]))
      }
      state.position += 1
      return model.head(model.decoderNorm(x)).squeezed(at: 1)
    }

    /// [B, S] bool, the places of the source that are no padding.
    private func allowed(_ batch: Int) -> Tensor { (source .!= 0).repeated(share(of: batch) ?? 1) }

    private func misfit(_ tokens: Tensor) -> Tensor {
      .failed(
        "Transformer", [tokens], "a place must be left for tokens [B], or [B, T] at first",
        hint: "the context has \(context) places", shape: [1, vocabularySize], dtype: .float32)
    }
  }
}
