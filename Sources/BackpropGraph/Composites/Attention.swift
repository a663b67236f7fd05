// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Which keys each query may look at.
public struct AttentionMask: Sendable {
  /// Whether a query sees no key behind its own place. With more keys than queries the last query
  /// stands at the last key.
  public var isCausal: Bool
  /// How many places a query sees: itself and those before it, where not causal those behind it
  /// too; nil: all.
  public var window: Int?
  /// keys: bool, what broadcasts to [B, H, T, S], true where a query may look; nil: everywhere.
  public var allowed: Tensor?

  /// Queries look everywhere unless it says otherwise.
  public init(isCausal: Bool = false, window: Int? = nil, allowed: Tensor? = nil) {
    precondition(window ?? 1 > 0, "a window has at least one place, not \(window ?? 1)")
    self.isCausal = isCausal
    self.window = window
    self.allowed = allowed
  }

  /// All queries look everywhere.
  public static let none = AttentionMask()
  /// No query sees what comes behind it.
  public static let causal = AttentionMask(isCausal: true)

  /// Keys that are there, and not padding: `isKey: [B, S] bool`.
  public static func keys(_ isKey: Tensor, isCausal: Bool = false) -> AttentionMask {
    guard isKey.rank == 2 else { return AttentionMask(isCausal: isCausal, allowed: isKey) }
    return AttentionMask(isCausal: isCausal, allowed: isKey.expanded(at: 1).expanded(at: 1))
  }

  /// bool [T, S] or what `allowed` makes of it; nil: everything is seen.
  fileprivate func seen(queries: Int, keys: Int) -> Tensor? {
    var result = allowed?.cast(to: .bool)
    func restrict(_ mask: Tensor) { result = result.map { $0 .& mask } ?? mask }
    guard isCausal || window != nil else { return result }
    let shape: Shape = [queries, keys]
    let shift = Tensor.constant(Float(keys - queries), .int32)
    let query =
      keys == queries ? Tensor.iota(shape, along: 0) : Tensor.iota(shape, along: 0) + shift
    let key = Tensor.iota(shape, along: 1)
    if isCausal { restrict(key .<= query) }
    if let window {
      let width = Tensor.constant(Float(window), .int32)
      restrict(query .< key + width)
      if !isCausal { restrict(key .< query + width) }
    }
    return result
  }

  /// Whether a query may be left without any key.
  fileprivate func mayBeEmpty(queries: Int, keys: Int) -> Bool {
    allowed != nil || (isCausal && queries > keys) || (window != nil && queries != keys)
  }
}

/// Attention: means of values, weighted by how well their keys fit a query (A. Vaswani et al.,
/// "Attention is all you need", 2017, eq. 1).
///
///     softmax(q kᵀ · scale + bias) v
///
/// `query: [B, H, T, D]`, `key: [B, K, S, D]`, `value: [B, K, S, E] -> [B, H, T, E]`. K divides H:
/// with fewer key heads than query heads, H/K neighbours share one (J. Ainslie et al., "GQA", 2023).
/// A query that may look at no key gets zeros. Scores and softmax are computed in float32.
///
/// Cost: 2·B·H·T·S·(D + E) operations, less what mask and window leave out by place; kept for the
/// backward pass: the result and [B, H, T]. Only if a gradient of the bias or of a gradient is asked
/// for are there scores in memory, [B, H, T, S].
///
/// - Parameters:
///   - bias: what broadcasts to [B, H, T, S].
///   - scale: 1/√D by default.
///   - dropout: the probability, in 0 ..< 1, with which a weight is set to 0 before it meets its
///     value, the others being scaled by 1/(1 − p) (N. Srivastava et al., 2014). Those are kept
///     whose uniform number by the key, in [B, H, T, S], is less than 1 − p. The numbers are made
///     where they are needed, forwards and backwards. nil: nothing is dropped.
public func attention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: AttentionMask = .none,
  bias: Tensor? = nil, scale: Float? = nil,
  dropout: (probability: Float, key: RandomKey)? = nil
) -> Tensor {
  let probability = dropout?.probability ?? 0
  precondition(
    probability >= 0 && probability < 1, "a dropout of \(probability) is outside 0 ..< 1")
  guard query.rank == 4, key.rank == 4, value.rank == 4, query.shape[0] == key.shape[0],
    key.shape[0] == value.shape[0], query.shape[3] == key.shape[3],
    key.shape[1] == value.shape[1], key.shape[2] == value.shape[2],
    key.shape[1] > 0, query.shape[1] % key.shape[1] == 0, query.dtype.isFloatingPoint
  else {
    return .failed(
      "attention", [query, key, value],
      "query, key and value must be [B, H, T, D], [B, K, S, D] and [B, K, S, E], and K divide H",
      hint: "heads lie on axis 1", shape: query.shape, dtype: query.dtype)
  }
  let whole: Shape = [query.shape[0], query.shape[1], query.shape[2], key.shape[2]]
  for other in [bias, mask.allowed] {
    guard let other, Shape.broadcast(other.shape, whole) != whole else { continue }
    return .failed(
      "attention", [query, key, other], "mask and bias must broadcast to \(whole)",
      shape: query.shape, dtype: query.dtype)
  }
  let result = value.dtype
  let promoted = DType.promoted(query.dtype, DType.promoted(key.dtype, value.dtype))
  let dtype: DType = promoted == .bfloat16 ? .bfloat16 : .float32
  let allowed = mask.allowed.map { $0.cast(to: .bool).broadcast(to: whole) }
  let added = bias.map { $0.cast(to: .float32).broadcast(to: whole) }
  let form = Attention(
    Attention.Fields(
      isCausal: mask.isCausal, window: mask.window,
      scale: scale ?? 1 / Float(Swift.max(1, query.shape[3])).squareRoot(),
      hasBias: added != nil, hasMask: allowed != nil, kept: 1 - probability))
  let draws = form.fields.kept < 1 ? dropout.map { Tensor.uniform(whole, key: $0.key) } : nil
  let operands =
    [query, key, value].map { $0.cast(to: dtype) } + [added, allowed, draws].compactMap(\.self)
  if key.count == 0 || value.count == 0 || query.count == 0 {
    return Attention.composed(form, operands).cast(to: result)
  }
  let sizes = Attention.Sizes(query: query.shape, key: key.shape, value: value.shape)
  return Attention.result(Attention.packed(form, operands), sizes, as: result)
}

extension Attention {
  /// Attention of the word's operands in other words, with all scores in memory: what the word is
  /// compared with, and what its gradient is differentiated by.
  package static func composed(_ form: Attention, _ x: [Tensor]) -> Tensor {
    let fields = form.fields
    let sizes = Sizes(query: x[0].shape, key: x[1].shape, value: x[2].shape)
    let mask = AttentionMask(
      isCausal: fields.isCausal, window: fields.window, allowed: fields.mask.map { x[$0] })
    let (batch, shared, rows) = (
      sizes.batch, sizes.shared, sizes.heads / sizes.shared * sizes.queries
    )
    let scaled = (x[0] * fields.scale).reshaped(to: [batch, shared, rows, sizes.width])
    var scores = matmul(scaled, x[1].transposed())
      .reshaped(to: [batch, sizes.heads, sizes.queries, sizes.keys]).cast(to: .float32)
    if let bias = fields.bias { scores = scores + x[bias] }
    let seen = mask.seen(queries: sizes.queries, keys: sizes.keys)
    if let seen {
      // Finite, so that a query without keys is no NaN on its way to zero.
      scores = select(seen, scores, Tensor.constant(-1e30, .float32))
    }
    var weights = scores.softmax()
    if let seen, mask.mayBeEmpty(queries: sizes.queries, keys: sizes.keys) {
      weights = select(seen, weights, Tensor.literal(0, like: weights))
    }
    if let draws = fields.draws {
      let kept = x[draws] .< fields.kept
      weights = select(kept, weights * (1 / fields.kept), Tensor.literal(0, like: weights))
    }
    weights = weights.cast(to: x[2].dtype)
    return matmul(weights.reshaped(to: [batch, shared, rows, sizes.keys]), x[2])
      .reshaped(to: [batch, sizes.heads, sizes.queries, sizes.valueWidth])
  }
}
