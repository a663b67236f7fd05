// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A sequence's attention to what came before, then its attention to another sequence, then a
/// feed-forward part, each added to what goes in (A. Vaswani et al., 2017, section 3.1).
///
/// `x: [B, T, width]`, `memory: [B, S, width] -> [B, T, width]`. Queries and keys of the attention
/// to the other sequence are not turned by rotary positions.
public struct TransformerDecoderBlock: Module, CustomStringConvertible {
  /// The norm of the attention to what came before.
  public let attentionNorm: Normalization
  /// How places look at those before them.
  public let attention: MultiHeadAttention
  /// The norm of the attention to the other sequence.
  public let crossAttentionNorm: Normalization
  /// How places look at the other sequence.
  public let crossAttention: MultiHeadAttention
  /// The norm of the feed-forward part.
  public let feedForwardNorm: Normalization
  /// What is made of each place by itself.
  public let feedForward: FeedForward
  /// What drops parts of what is added, in training.
  public let dropout: Dropout
  private let normsBefore: Bool

  /// Paths as the parts of a block are usually called.
  public static let keys = [
    "attentionNorm": "attention_norm", "crossAttentionNorm": "cross_attention_norm",
    "crossAttention": "cross_attention", "feedForwardNorm": "feed_forward_norm",
    "feedForward": "feed_forward",
  ]

  /// A block as the options say; it is causal whatever they say.
  public init(_ options: TransformerOptions) {
    func look(isCausal: Bool) -> MultiHeadAttention {
      MultiHeadAttention(
        options.width, heads: options.heads, keyValueHeads: options.keyValueHeads,
        bias: options.bias, dropout: options.attentionDropout ?? options.dropout,
        isCausal: isCausal,
        window: isCausal ? options.window : nil, rotary: isCausal ? options.rotary : nil,
        initializer: options.initializer, outputInitializer: options.outputInitializer)
    }
    attentionNorm = Normalization(options.norm, features: options.width)
    attention = look(isCausal: true)
    crossAttentionNorm = Normalization(options.norm, features: options.width)
    crossAttention = look(isCausal: false)
    feedForwardNorm = Normalization(options.norm, features: options.width)
    feedForward = FeedForward(
      options.width, hidden: options.hidden, activation: options.activation, bias: options.bias,
      initializer: options.initializer, outputInitializer: options.outputInitializer)
    dropout = Dropout(options.dropout)
    switch options.normPlace {
    case .before: normsBefore = true
    case .after: normsBefore = false
    }
  }

  /// `TransformerDecoderBlock 384, 6 heads`.
  public var description: String {
    "TransformerDecoderBlock \(attention.width), \(attention.heads) heads"
  }

  /// The block's result.
  ///
  /// - Parameters:
  ///   - memory: the other sequence, `[B, S, width]`.
  ///   - allowed: `[B, T]` bool, the places of x that are no padding; nil: all.
  ///   - memoryAllowed: the same for the other sequence, `[B, S]`.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor, allowed: Tensor? = nil, memoryAllowed: Tensor? = nil
  ) -> Tensor {
    apply(x) {
      attention($0, allowed: allowed)
    } recalling: {
      crossAttention($0, memory: memory, allowed: memoryAllowed)
    }
  }

  /// The first places of each sequence, `x: [B, T, width] -> [B, T, width]`; the cache is empty.
  public func read(
    _ x: Tensor, cache: inout KeyValueCache, memory: KeyValueCache, memoryAllowed: Tensor?
  ) -> Tensor {
    var changed = cache
    let result = apply(x) {
      attention.read($0, cache: &changed)
    } recalling: {
      crossAttention.recall($0, from: memory, allowed: memoryAllowed)
    }
    cache = changed
    return result
  }

  /// The next place of each sequence: `x: [B, 1, width] -> [B, 1, width]`.
  public func next(
    _ x: Tensor, position: Tensor, cache: inout KeyValueCache, memory: KeyValueCache,
    memoryAllowed: Tensor?
  ) -> Tensor {
    var changed = cache
    let result = apply(x) {
      attention.next($0, position: position, cache: &changed)
    } recalling: {
      crossAttention.recall($0, from: memory, allowed: memoryAllowed)
    }
    cache = changed
    return result
  }

  private func apply(
    _ x: Tensor, _ look: (Tensor) -> Tensor, recalling recall: (Tensor) -> Tensor
  ) -> Tensor {
    let seen = add(look, to: x, attentionNorm)
    let informed = add(recall, to: seen, crossAttentionNorm)
    return add({ feedForward($0) }, to: informed, feedForwardNorm)
  }

  private func add(_ part: (Tensor) -> Tensor, to x: Tensor, _ norm: Normalization) -> Tensor {
    normsBefore ? x + dropout(part(norm(x))) : norm(x + dropout(part(x)))
  }
}
