// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Attention, then a feed-forward part, each added to what goes in (A. Vaswani et al., 2017).
///
/// `x: [B, T, width] -> [B, T, width]`.
public struct TransformerBlock: Layer, CustomStringConvertible {
  /// The norm of the attention part.
  public let attentionNorm: Normalization
  /// How places look at one another.
  public let attention: MultiHeadAttention
  /// The norm of the feed-forward part.
  public let feedForwardNorm: Normalization
  /// What is made of each place by itself.
  public let feedForward: FeedForward
  /// What drops parts of what is added, in training.
  public let dropout: Dropout
  private let normsBefore: Bool

  /// Paths as the parts of a block are usually called.
  public static let keys = [
    "attentionNorm": "attention_norm", "feedForwardNorm": "feed_forward_norm",
    "feedForward": "feed_forward",
  ]

  /// A block as the options say.
  public init(_ options: TransformerOptions) {
    attentionNorm = Normalization(options.norm, features: options.width)
    attention = MultiHeadAttention(
      options.width, heads: options.heads, keyValueHeads: options.keyValueHeads,
      bias: options.bias, dropout: options.attentionDropout ?? options.dropout,
      isCausal: options.isCausal,
      window: options.window, rotary: options.rotary, initializer: options.initializer,
      outputInitializer: options.outputInitializer)
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

  /// `TransformerBlock 384, 6 heads`.
  public var description: String {
    "TransformerBlock \(attention.width), \(attention.heads) heads"
  }

  /// `x: [B, T, width] -> [B, T, width]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { callAsFunction(x, allowed: nil) }

  /// The block's result; `allowed` says where a place may look, as in ``MultiHeadAttention``.
  public func callAsFunction(_ x: Tensor, allowed: Tensor?) -> Tensor {
    apply(x) { attention($0, allowed: allowed) }
  }

  /// The first places of each sequence: `x: [B, T, width] -> [B, T, width]`; the cache is empty.
  public func read(_ x: Tensor, cache: inout KeyValueCache) -> Tensor {
    var changed = cache
    let result = apply(x) { attention.read($0, cache: &changed) }
    cache = changed
    return result
  }

  /// The next place of each sequence: `x: [B, 1, width] -> [B, 1, width]`.
  public func next(_ x: Tensor, position: Tensor, cache: inout KeyValueCache) -> Tensor {
    var changed = cache
    let result = apply(x) { attention.next($0, position: position, cache: &changed) }
    cache = changed
    return result
  }

  private func apply(_ x: Tensor, _ look: (Tensor) -> Tensor) -> Tensor {
    if normsBefore {
      let seen = x + dropout(look(attentionNorm(x)))
      return seen + dropout(feedForward(feedForwardNorm(seen)))
    }
    let seen = attentionNorm(x + dropout(look(x)))
    return feedForwardNorm(seen + dropout(feedForward(seen)))
  }
}
