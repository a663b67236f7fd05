// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// How a ``TransformerBlock`` is built.
public struct TransformerOptions: Sendable {
  /// Where the norms stand.
  public enum NormPlace: Hashable, Sendable {
    /// x + f(norm(x)): the stream of vectors itself is never normalized.
    case before
    /// norm(x + f(x)), as first published.
    case after
  }

  /// The features of a vector.
  public var width: Int
  /// Query heads.
  public var heads: Int
  /// Key and value heads; nil: as many as query heads.
  public var keyValueHeads: Int?
  /// Features between the two layers of the feed-forward part.
  public var hidden: Int
  /// The function between them; a gate doubles the first.
  public var activation: Activation
  /// The kind of the norms.
  public var norm: Normalization.Kind
  /// Where the norms stand.
  public var normPlace: NormPlace
  /// Whether the linear layers have biases.
  public var bias: Bool
  /// The share that is dropped of what each part adds.
  public var dropout: Float
  /// The share that is dropped of the attention's weights; nil: as much as of what each part adds.
  public var attentionDropout: Float?
  /// Whether a place sees only itself and what comes before it.
  public var isCausal: Bool
  /// How many places a place sees; nil: all.
  public var window: Int?
  /// How positions turn queries and keys; nil: not at all.
  public var rotary: Rotary?
  /// The first values of the weights.
  public var initializer: Initializer
  /// The first values of the weights whose results are added to the stream.
  public var outputInitializer: Initializer

  private init(
    width: Int, heads: Int, hidden: Int, activation: Activation, norm: Normalization.Kind,
    normPlace: NormPlace, bias: Bool, isCausal: Bool, rotary: Rotary?
  ) {
    self.width = width
    self.heads = heads
    self.hidden = hidden
    self.activation = activation
    self.norm = norm
    self.normPlace = normPlace
    self.bias = bias
    dropout = 0
    self.isCausal = isCausal
    self.rotary = rotary
    initializer = .normal(standardDeviation: 0.02)
    outputInitializer = initializer
  }

  /// A block as first published (A. Vaswani et al., 2017): layer norms after, ReLU.
  public static func original(_ width: Int, heads: Int) -> TransformerOptions {
    TransformerOptions(
      width: width, heads: heads, hidden: 4 * width, activation: .relu, norm: .layer,
      normPlace: .after, bias: true, isCausal: false, rotary: nil)
  }

  /// A decoder's block as GPT-2 has it (A. Radford et al., 2019): layer norms before, GELU by tanh.
  public static func gpt2(_ width: Int, heads: Int) -> TransformerOptions {
    TransformerOptions(
      width: width, heads: heads, hidden: 4 * width, activation: .geluTanh, norm: .layer,
      normPlace: .before, bias: true, isCausal: true, rotary: nil)
  }

  /// An encoder's block as BERT has it (J. Devlin et al., 2018): layer norms after, GELU.
  public static func bert(_ width: Int, heads: Int) -> TransformerOptions {
    TransformerOptions(
      width: width, heads: heads, hidden: 4 * width, activation: .gelu, norm: .layer,
      normPlace: .after, bias: true, isCausal: false, rotary: nil)
  }

  /// A decoder's block as Llama has it (H. Touvron et al., 2023): RMS norms before, rotary
  /// positions, SwiGLU, no biases. The hidden width is ⅔ · 4 width, rounded up to 32.
  public static func llama(
    _ width: Int, heads: Int, keyValueHeads: Int? = nil
  ) -> TransformerOptions {
    var options = TransformerOptions(
      width: width, heads: heads, hidden: (8 * width / 3 + 31) / 32 * 32, activation: .swiglu,
      norm: .rms, normPlace: .before, bias: false, isCausal: true, rotary: Rotary())
    options.keyValueHeads = keyValueHeads
    return options
  }
}
