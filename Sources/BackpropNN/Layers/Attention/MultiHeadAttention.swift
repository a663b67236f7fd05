// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Attention by several heads side by side (A. Vaswani et al., 2017, section 3.2.2), of a sequence
/// to itself or to another one.
///
/// `x: [B, T, width] -> [B, T, width]`. Queries, keys and values come from one product,
/// `input.weight: [(H + 2 K) · D, width]`, whose rows are those of the H query heads, the K key
/// heads, the K value heads, as PyTorch's `in_proj_weight` has them; `output.weight:
/// [width, H · D]`.
public struct MultiHeadAttention: Layer, CustomStringConvertible {
  /// What makes queries, keys and values.
  public let input: Linear
  /// What mixes the heads' results.
  public let output: Linear
  /// What drops weights in training.
  public let dropout: Dropout
  /// The number of query heads, H.
  public let heads: Int
  /// The number of key and value heads, K, each shared by H/K neighbouring query heads.
  public let keyValueHeads: Int
  /// The features of a head, D.
  public let headWidth: Int
  /// How positions turn queries and keys; nil: not at all.
  public let rotary: Rotary?
  /// Whether a place sees only itself and what comes before it.
  public let isCausal: Bool
  /// How many places a place sees; nil: all. See ``AttentionMask/window``.
  public let window: Int?

  /// A layer for sequences of vectors of `width` features.
  ///
  /// - Parameters:
  ///   - keyValueHeads: H by default; must divide H.
  ///   - headWidth: width/H by default.
  ///   - dropout: of the attention's weights.
  ///   - initializer: of the input's weight.
  ///   - outputInitializer: of the output's weight.
  public init(
    _ width: Int, heads: Int, keyValueHeads: Int? = nil, headWidth: Int? = nil, bias: Bool = true,
    dropout: Float = 0, isCausal: Bool = false, window: Int? = nil, rotary: Rotary? = nil,
    initializer: Initializer = .linear, outputInitializer: Initializer? = nil
  ) {
    let shared = keyValueHeads ?? heads
    precondition(
      heads > 0 && shared > 0 && heads % shared == 0,
      "\(heads) query heads cannot share \(shared) key heads evenly")
    precondition(
      headWidth != nil || width % heads == 0,
      "\(width) features cannot be divided among \(heads) heads; give headWidth")
    let features = headWidth ?? width / heads
    self.heads = heads
    self.keyValueHeads = shared
    self.headWidth = features
    self.isCausal = isCausal
    self.window = window
    self.rotary = rotary
    self.dropout = Dropout(dropout)
    input = Linear(width, (heads + 2 * shared) * features, bias: bias, initializer: initializer)
    output = Linear(
      heads * features, width, bias: bias, initializer: outputInitializer ?? initializer)
  }

  /// `MultiHeadAttention 384, 6 heads`.
  public var description: String {
    let shared = keyValueHeads == heads ? "" : " on \(keyValueHeads)"
    return "MultiHeadAttention \(output.outputs), \(heads) heads\(shared)"
  }

  /// The features of a vector.
  public var width: Int { output.outputs }

  /// A sequence's attention to itself: `x: [B, T, width] -> [B, T, width]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { callAsFunction(x, allowed: nil) }

  /// A sequence's attention to itself, or to another one.
  ///
  /// - Parameters:
  ///   - memory: the other sequence, `[B, S, width]`; nil: `x` itself.
  ///   - allowed: where a place may look, bool: `[B, S]` for keys that are no padding, or what
  ///     broadcasts to `[B, H, T, S]`.
  ///   - bias: what is added to the scores; broadcasts to `[B, H, T, S]`.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor? = nil, allowed: Tensor?, bias: Tensor? = nil
  ) -> Tensor {
    guard fits(x), memory.map(fits) ?? true else { return misfit(x, memory) }
    var (query, key, value) = project(x, memory)
    if let rotary {
      query = rotary(query)
      key = rotary(key)
    }
    var mask = allowed.map { AttentionMask.keys($0) } ?? .none
    mask.isCausal = isCausal
    mask.window = window
    let result = attention(query, key, value, mask: mask, bias: bias, dropout: dropout.draw())
    return output(result.joinedHeads())
  }

  /// Queries [B, H, T, D], keys and values [B, K, S, D].
  func project(_ x: Tensor, _ memory: Tensor?) -> (query: Tensor, key: Tensor, value: Tensor) {
    guard let memory else {
      let parts = input(x).splitIntoHeads(
        [heads, keyValueHeads, keyValueHeads], width: headWidth)
      return (parts[0], parts[1], parts[2])
    }
    let others = keysAndValues(of: memory)
    return (queries(of: x), others.key, others.value)
  }

  /// Queries [B, H, T, D] alone.
  func queries(of x: Tensor) -> Tensor {
    part(of: x, 0..<heads * headWidth).splitIntoHeads([heads], width: headWidth)[0]
  }

  /// Keys and values [B, K, S, D] alone.
  func keysAndValues(of memory: Tensor) -> (key: Tensor, value: Tensor) {
    let parts = part(of: memory, heads * headWidth..<input.outputs)
      .splitIntoHeads([keyValueHeads, keyValueHeads], width: headWidth)
    return (parts[0], parts[1])
  }

  /// What some rows of the input's weight make of x.
  private func part(of x: Tensor, _ rows: Range<Int>) -> Tensor {
    let context = Context.current
    let weight = context.value(of: input.weight, for: x).sliced(along: 0, rows)
    let product = matmul(x.cast(to: weight.dtype), weight.transposed())
    guard let bias = input.bias else { return product }
    return product + context.value(of: bias, for: x).sliced(along: 0, rows)
  }

  private func fits(_ x: Tensor) -> Bool {
    x.rank == 3 && x.shape[2] == width && x.dtype.isFloatingPoint
  }

  private func misfit(_ x: Tensor, _ memory: Tensor?) -> Tensor {
    failed(
      "attention", [x] + (memory.map { [$0] } ?? []),
      "sequences must be floating-point [B, T, \(width)]",
      hint: "this layer was made for \(width) features, which lie last", shape: x.shape,
      layer: self, leaf: input.weight.path)
  }
}
