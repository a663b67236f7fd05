// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting

/// Attention to be tested.
struct AttentionCase: Sendable, CustomStringConvertible {
  /// Which keys are masked away.
  enum Mask: Sendable { case none, padding, some, everythingForSome }

  var batch = 1
  var heads = 2
  var shared = 2
  var queries: Int
  var keys: Int
  var width = 4
  var valueWidth: Int?
  var isCausal = false
  var window: Int?
  var mask = Mask.none
  /// The bias's shape, as far as it is there.
  var bias: [Int]?
  var scale: Float?
  /// The probability with which a weight is dropped.
  var dropout: Float = 0
  var dtype = DType.float32
  /// Whether query, key and value are parts of one tensor, as one product makes them.
  var isFused = false

  var description: String {
    let sizes = "[\(batch), \(heads), \(queries), \(width)] on \(shared) × \(keys)"
    let place = (isCausal ? " causal" : "") + (window.map { " window \($0)" } ?? "")
    return "\(sizes) to \(valueWidth ?? width)\(place) mask \(mask) bias \(bias ?? []) "
      + "dropout \(dropout) \(dtype)" + (isFused ? " fused" : "")
  }

  /// Leaves, and what is made of them.
  struct Made {
    /// Query, key and value, or what they are parts of; then the bias if there is one.
    let leaves: [Tensor]
    let result: Tensor
    let cotangent: Tensor
  }

  private func numbers(_ shape: Shape, _ generator: inout SeededGenerator) -> Tensor {
    Tensor((0..<shape.count).map { _ in Float(generator.number(-1...1)) }, shape: shape)
  }

  private func allowed(_ generator: inout SeededGenerator) -> Tensor? {
    func truths(_ shape: Shape, _ truth: (Int) -> Bool) -> Tensor {
      Tensor((0..<shape.count).map { Int32(truth($0) ? 1 : 0) }, shape: shape).cast(to: .bool)
    }
    let keys = self.keys
    switch mask {
    case .none: return nil
    case .padding:
      let lengths = (0..<batch).map { max(1, keys - 2 * $0 - 1) }
      return truths([batch, 1, 1, keys]) { $0 % keys < lengths[$0 / keys] }
    case .some:
      let choices = (0..<(heads * queries * keys)).map { _ in generator.happens(0.6) }
      return truths([heads, queries, keys]) { choices[$0] }
    case .everythingForSome:
      return truths([batch, 1, queries, keys]) { $0 / keys % 3 != 1 }
    }
  }

  /// - Parameter composed: whether by the composite rather than by the word.
  func make(composed: Bool = false) -> Made {
    var generator = SeededGenerator(seed: 77)
    let value = valueWidth ?? width
    var leaves: [Tensor]
    var operands: [Tensor]
    if isFused {
      let rows = numbers([batch, queries, (heads + 2 * shared) * width], &generator)
      leaves = [rows]
      operands = rows.splitIntoHeads([heads, shared, shared], width: width)
    } else {
      leaves = [
        numbers([batch, heads, queries, width], &generator),
        numbers([batch, shared, keys, width], &generator),
        numbers([batch, shared, keys, value], &generator),
      ]
      operands = leaves
    }
    operands = operands.map { $0.cast(to: dtype) }
    let bias = bias.map { numbers(Shape($0), &generator) }
    if let bias { leaves.append(bias) }
    let mask = AttentionMask(isCausal: isCausal, window: window, allowed: allowed(&generator))
    let result = attention(
      operands[0], operands[1], operands[2], mask: mask, bias: bias, scale: scale,
      dropout: (dropout, RandomKey(seed: 9)))
    return Made(
      leaves: leaves, result: composed ? AttentionCase.composite(of: result) : result,
      cotangent: numbers([batch, heads, queries, value], &generator))
  }

  /// The composite of the word that made a result.
  private static func composite(of result: Tensor) -> Tensor {
    for node in topologicalOrder(of: [result.node], stopAt: { _ in false }) {
      guard case .attention(let form) = node.primitive else { continue }
      return Attention.composed(form, node.operands.map(Tensor.init)).cast(to: result.dtype)
    }
    preconditionFailure("no attention in \(result)")
  }

  /// Small enough for finite differences.
  static let small: [AttentionCase] = [
    AttentionCase(queries: 3, keys: 4),
    AttentionCase(queries: 4, keys: 4, isCausal: true, isFused: true),
    AttentionCase(batch: 2, heads: 4, shared: 2, queries: 3, keys: 5, width: 2, valueWidth: 3),
    AttentionCase(queries: 5, keys: 5, width: 2, isCausal: true, window: 2, scale: 1.3),
    AttentionCase(batch: 2, queries: 3, keys: 6, width: 2, window: 3, mask: .padding),
    AttentionCase(queries: 6, keys: 3, width: 3, isCausal: true),
    AttentionCase(queries: 4, keys: 3, width: 2, mask: .everythingForSome, bias: [2, 1, 3]),
    AttentionCase(queries: 2, keys: 3, width: 2, isCausal: true, bias: [2, 3]),
    AttentionCase(queries: 1, keys: 1, width: 1),
    AttentionCase(
      batch: 2, heads: 4, shared: 2, queries: 5, keys: 7, width: 2, valueWidth: 3, dropout: 0.4),
    AttentionCase(queries: 6, keys: 6, isCausal: true, window: 4, dropout: 0.2, isFused: true),
    AttentionCase(
      queries: 5, keys: 3, width: 2, mask: .everythingForSome, bias: [2, 1, 3], dropout: 0.5),
  ]

  /// Around the sizes of the kernels' tiles and blocks.
  static let large: [AttentionCase] = [
    AttentionCase(batch: 2, queries: 65, keys: 65, width: 16, isCausal: true, isFused: true),
    AttentionCase(
      heads: 6, shared: 2, queries: 49, keys: 49, width: 24, isCausal: true, window: 20,
      isFused: true),
    AttentionCase(queries: 270, keys: 270, width: 8, isCausal: true, isFused: true),
    AttentionCase(queries: 300, keys: 530, width: 5, valueWidth: 19),
    AttentionCase(heads: 1, shared: 1, queries: 400, keys: 290, width: 7, isCausal: true),
    AttentionCase(heads: 1, shared: 1, queries: 290, keys: 310, width: 17, window: 9),
    AttentionCase(batch: 3, queries: 33, keys: 47, width: 32, mask: .padding, bias: [2, 1, 47]),
    AttentionCase(queries: 13, keys: 257, width: 3, valueWidth: 33, mask: .some),
    AttentionCase(queries: 24, keys: 24, width: 4, mask: .everythingForSome, bias: [24, 24]),
    AttentionCase(batch: 2, queries: 50, keys: 50, width: 16, bias: [2, 1, 50, 1]),
    // Few queries.
    AttentionCase(heads: 8, shared: 2, queries: 1, keys: 300, width: 64, isCausal: true),
    AttentionCase(
      batch: 2, heads: 3, shared: 1, queries: 2, keys: 140, width: 40, valueWidth: 20,
      mask: .padding),
    AttentionCase(queries: 4, keys: 150, width: 33, isCausal: true, window: 30, bias: [150]),
    AttentionCase(queries: 3, keys: 2, width: 8, isCausal: true),
    // Narrow.
    AttentionCase(
      queries: 70, keys: 70, width: 16, isCausal: true, dtype: .bfloat16, isFused: true),
    AttentionCase(queries: 1, keys: 70, width: 16, dtype: .bfloat16),
    // Weights dropped: rows of draws that begin anywhere in a block of Philox, and blocks of keys.
    AttentionCase(queries: 270, keys: 270, width: 8, isCausal: true, dropout: 0.2, isFused: true),
    AttentionCase(queries: 19, keys: 533, width: 5, valueWidth: 19, dropout: 0.6),
    AttentionCase(
      batch: 2, heads: 6, shared: 2, queries: 49, keys: 49, width: 24, isCausal: true, window: 20,
      dropout: 0.1, isFused: true),
    AttentionCase(
      heads: 1, shared: 1, queries: 290, keys: 311, width: 17, window: 9, dropout: 0.3),
    AttentionCase(
      batch: 3, queries: 33, keys: 47, width: 32, mask: .padding, bias: [2, 1, 47], dropout: 0.5),
    AttentionCase(queries: 13, keys: 257, width: 3, valueWidth: 33, mask: .some, dropout: 0.25),
    AttentionCase(queries: 40, keys: 70, width: 8, dropout: 0.99),
    AttentionCase(queries: 40, keys: 70, width: 8, dropout: 0.99999),
    AttentionCase(queries: 40, keys: 70, width: 8, dropout: 1e-6),
    AttentionCase(
      heads: 4, shared: 2, queries: 3, keys: 301, width: 16, isCausal: true, dropout: 0.2),
    AttentionCase(
      queries: 70, keys: 70, width: 16, isCausal: true, dropout: 0.2, dtype: .bfloat16,
      isFused: true),
    AttentionCase(queries: 2, keys: 70, width: 16, dropout: 0.5, dtype: .bfloat16),
  ]
}
