// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Who looks at whom in attention, and how. Interned, as ``Window`` is.
///
/// Operands of the word `attention`: `q: [B, H, T, D]`, `k: [B, K, S, D]`, `v: [B, K, S, E]`, all
/// float32 or all bfloat16; then, as the fields say, a bias, float32, a mask, bool, and draws,
/// float32, each `[B, H, T, S]`. K divides H: H/K neighbouring query heads share a key head. Query t
/// stands at the place t + S − T; by its place and by the mask it sees some of the keys.
///
///     s = scale · q kᵀ + bias,  p = softmax of s over the keys that are seen,  y = d p v
///
/// d is 1; with draws it is 1/kept where the draw is less than `kept`, and else 0. Draws that are
/// uniform random numbers are not read from memory: a plan has their key instead, see
/// ``IR/takeKeysOfDraws()``.
///
/// A query that sees no key, or all of whose scores are −∞, has the result 0. The result is one
/// float32 vector: y as [B, T, H, E], then the logarithms of Σ eˢ, [B, H, T] (+∞ where there is no
/// key); from them the gradient makes p again, so that nothing of the size T·S is kept (T. Dao,
/// "FlashAttention-2", 2023).
///
/// The word `attentionGradient` has the same operands, then that result and y's cotangent,
/// `[B, H, T, E]`. Its result is one float32 vector too: the cotangents of q, k and v; see
/// ``Sizes/isFused``.
package struct Attention: Hashable, Sendable {
  package let id: UInt32

  /// What is the same for all queries.
  package struct Fields: Hashable, Sendable {
    /// No query sees a key behind its own place.
    package var isCausal: Bool
    /// A query sees keys less than so many places away; nil: all.
    package var window: Int?
    /// What products of queries and keys are multiplied by.
    package var scale: Float
    /// Whether there is a bias.
    package var hasBias: Bool
    /// Whether there is a mask.
    package var hasMask: Bool
    /// The share of the weights that is not dropped; if less than 1, there are draws.
    package var kept: Float

    /// Which operand is the bias.
    package var bias: Int? { hasBias ? 3 : nil }
    /// Which operand is the mask.
    package var mask: Int? { hasMask ? 3 + (hasBias ? 1 : 0) : nil }
    /// Which operand the draws are.
    package var draws: Int? { kept < 1 ? 3 + (hasBias ? 1 : 0) + (hasMask ? 1 : 0) : nil }
  }

  /// The sizes of the axes.
  package struct Sizes: Hashable, Sendable {
    /// Batch entries, B.
    package let batch: Int
    /// Query heads, H.
    package let heads: Int
    /// Key heads, K.
    package let shared: Int
    /// Queries, T.
    package let queries: Int
    /// Keys, S.
    package let keys: Int
    /// Features of a query, D.
    package let width: Int
    /// Features of a value, E.
    package let valueWidth: Int

    /// The sizes of operands with these shapes.
    package init(query: Shape, key: Shape, value: Shape) {
      (batch, heads, queries, width) = (query[0], query[1], query[2], query[3])
      (shared, keys, valueWidth) = (key[1], key[2], value[3])
    }
  }

  private static let table = InternTable<Fields>()

  package init(_ fields: Fields) { id = Attention.table.id(of: fields) }

  package var fields: Fields { Attention.table[id] }
}

extension Attention.Sizes {
  /// The elements of y.
  package var resultCount: Int { batch * queries * heads * valueWidth }
  /// The elements of the packed result.
  package var packedCount: Int { resultCount + batch * heads * queries }

  /// Whether the cotangents lie as one product makes queries, keys and values,
  /// `[B, T, (H + 2 K) · D]`; else one after the other, `[B, T, H, D]`, `[B, S, K, D]`, `[B, S, K, E]`.
  package var isFused: Bool { queries == keys && width == valueWidth }

  /// The elements of the packed gradient.
  package var gradientCount: Int {
    batch * (queries * heads * width + keys * shared * (width + valueWidth))
  }

  /// Where the cotangents of q, k and v lie in the packed gradient: where each begins, and the steps
  /// from one batch entry, head and place to the next.
  package var gradientPlaces: [(offset: Int, strides: [Int])] {
    if isFused {
      let row = (heads + 2 * shared) * width
      let starts = [0, heads * width, (heads + shared) * width]
      return starts.map { ($0, [queries * row, width, row]) }
    }
    let (first, second) = (batch * queries * heads * width, batch * keys * shared * width)
    return [
      (0, [queries * heads * width, width, heads * width]),
      (first, [keys * shared * width, width, shared * width]),
      (first + second, [keys * shared * valueWidth, valueWidth, shared * valueWidth]),
    ]
  }

  /// The keys that a query may see by its place.
  package func seen(by query: Int, _ fields: Attention.Fields) -> Range<Int> {
    let place = query + keys - queries
    var (begin, end) = (0, keys)
    if let wanted = fields.window {
      let window = Swift.min(wanted, queries + keys)
      begin = Swift.max(0, place - window + 1)
      end = Swift.min(end, place + window)
    }
    if fields.isCausal { end = Swift.min(end, place + 1) }
    end = Swift.max(0, end)
    return Swift.min(begin, end)..<end
  }

  /// How many pairs of a query and a key there are, by place.
  package func pairs(_ fields: Attention.Fields) -> Int {
    batch * heads * (0..<queries).reduce(0) { $0 + seen(by: $1, fields).count }
  }
}

extension Attention {
  /// The word's packed result for operands as the word wants them.
  static func packed(_ form: Attention, _ operands: [Tensor]) -> Tensor {
    let sizes = Sizes(
      query: operands[0].shape, key: operands[1].shape, value: operands[2].shape)
    return Tensor(
      Node(
        .attention(form), [sizes.packedCount], .float32, operands: operands.map(\.node)))
  }

  /// y, `[B, H, T, E]`, as a view of the packed result.
  static func result(_ packed: Tensor, _ sizes: Sizes, as dtype: DType) -> Tensor {
    packed.sliced(along: 0, 0..<sizes.resultCount)
      .reshaped(to: [sizes.batch, sizes.queries, sizes.heads, sizes.valueWidth])
      .cast(to: dtype).transposed(1, 2)
  }

  /// The cotangents of q, k and v as views of the packed gradient.
  static func cotangents(_ packed: Tensor, _ sizes: Sizes, as dtypes: [DType]) -> [Tensor] {
    let (batch, heads, shared) = (sizes.batch, sizes.heads, sizes.shared)
    let counts = [heads, shared, shared]
    var start = 0
    if sizes.isFused {
      let rows = packed.reshaped(
        to: [batch, sizes.queries, heads + 2 * shared, sizes.width])
      return zip(counts, dtypes).map { count, dtype in
        defer { start += count }
        return rows.sliced(along: 2, start..<(start + count)).cast(to: dtype).transposed(1, 2)
      }
    }
    let shapes: [Shape] = [
      [batch, sizes.queries, heads, sizes.width], [batch, sizes.keys, shared, sizes.width],
      [batch, sizes.keys, shared, sizes.valueWidth],
    ]
    return zip(shapes, dtypes).map { shape, dtype in
      defer { start += shape.count }
      return packed.sliced(along: 0, start..<(start + shape.count)).reshaped(to: shape)
        .cast(to: dtype).transposed(1, 2)
    }
  }
}

extension Pullback {
  /// The cotangents of q, k and v by the word made for them; that of a bias by the composite, which
  /// makes all scores.
  static func ofAttention(_ form: Attention, _ x: [Tensor], _ y: Tensor, _ g: Tensor) -> [Tensor?] {
    let sizes = Attention.Sizes(query: x[0].shape, key: x[1].shape, value: x[2].shape)
    // Only y goes on from the packed result; the logarithms are for the gradient alone.
    let cotangent = Attention.result(g, sizes, as: .float32)
    let packed = Tensor(
      Node(
        .attentionGradient(form), [sizes.gradientCount], .float32,
        operands: (x + [y, cotangent]).map(\.node)))
    var result: [Tensor?] = Attention.cotangents(packed, sizes, as: x.prefix(3).map(\.dtype))
    if form.fields.hasBias {
      let leaves = x.map { Node(.reshape, $0.shape, $0.dtype, $0.node) }
      let composed = Attention.composed(form, leaves.map(Tensor.init))
      result += Differentiation.cotangents(of: [(composed.node, cotangent)], at: [leaves[3]])
    }
    return result + [Tensor?](repeating: nil, count: x.count - result.count)
  }

  /// The gradient of the composite's gradient. The packed result takes no part, for it follows from
  /// the other operands.
  static func ofAttentionGradient(_ form: Attention, _ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    let leaves = x.map { Node(.reshape, $0.shape, $0.dtype, $0.node) }
    let operands = leaves.map(Tensor.init)
    let count = x.count - 2
    let sizes = Attention.Sizes(query: x[0].shape, key: x[1].shape, value: x[2].shape)
    let composed = Attention.composed(form, Array(operands.prefix(count)))
    let gradients = Differentiation.cotangents(
      of: [(composed.node, operands[count + 1])], at: Array(leaves.prefix(3)))
    let seeds = zip(
      gradients, Attention.cotangents(g, sizes, as: x.prefix(3).map(\.dtype)))
    let floats = leaves.indices.filter { leaves[$0].dtype.isFloatingPoint && $0 != count }
    let found = Differentiation.cotangents(
      of: seeds.compactMap { gradient, seed in gradient.map { ($0.node, seed) } },
      at: floats.map { leaves[$0] })
    var result = [Tensor?](repeating: nil, count: x.count)
    for (index, cotangent) in zip(floats, found) { result[index] = cotangent }
    return result
  }
}
