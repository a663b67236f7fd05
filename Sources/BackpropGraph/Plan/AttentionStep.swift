// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Attention, or its gradient: each operand where it lies, the features of a place adjacent.
package struct AttentionStep: Sendable {
  package let fields: Attention.Fields
  package let sizes: Attention.Sizes
  /// Strides: batch, head, place, feature.
  package let query: Operand
  package let key: Operand
  package let value: Operand
  /// Strides: batch, head, query, key; 0 where it repeats.
  package let bias: Operand?
  package let mask: Operand?
  /// What says which weights are dropped; nil: none are.
  package let draws: Draws?
  /// The packed result of attention, dense.
  package let packed: Operand
  /// For the gradient: the cotangent of y, with strides as the query's, and the packed cotangents
  /// of query, key and value, dense.
  package let gradient: (cotangent: Operand, packed: Operand)?

  /// Where draws come from.
  package enum Draws: Sendable {
    /// Uniform random numbers, by the key at this place among the lifted numbers.
    case key(Int)
    /// Memory; strides as the bias's, the draws of a query adjacent.
    case memory(Operand)
  }

  /// - Parameters:
  ///   - operands: those of the word, in its order; without the draws if there is a key for them.
  ///   - key: the place of the draws' key among the lifted numbers.
  init(
    _ form: Attention, _ sizes: Attention.Sizes, operands: [Operand], key: Int?, result: Operand
  ) {
    fields = form.fields
    self.sizes = sizes
    (query, self.key, value) = (operands[0], operands[1], operands[2])
    var rest = operands.dropFirst(3)
    bias = fields.hasBias ? rest.popFirst() : nil
    mask = fields.hasMask ? rest.popFirst() : nil
    if let key {
      draws = .key(key)
    } else {
      draws = fields.kept < 1 ? rest.popFirst().map(Draws.memory) : nil
    }
    if let packed = rest.popFirst(), let cotangent = rest.popFirst() {
      self.packed = packed
      gradient = (cotangent, result)
    } else {
      packed = result
      gradient = nil
    }
  }

  /// `[8, 6, 256, 64] on 6 × 256, causal, kept 0.8`
  package var text: String {
    let head = Shape([sizes.batch, sizes.heads, sizes.queries, sizes.width])
    let window = fields.window.map { ", window \($0)" } ?? ""
    let kept = fields.kept < 1 ? ", kept \(fields.kept)" : ""
    return "\(head) on \(sizes.shared) × \(sizes.keys)" + (fields.isCausal ? ", causal" : "")
      + window + kept
  }

  /// Multiplications and additions of its products over the pairs that are there by place.
  package var operations: Int {
    let (width, value) = (sizes.width, sizes.valueWidth)
    let each = gradient == nil ? width + value : 3 * width + 2 * value
    return 2 * each * sizes.pairs(fields)
  }

  package var bytesMoved: Int {
    let queries = sizes.batch * sizes.heads * sizes.queries * sizes.width
    let keys = sizes.batch * sizes.shared * sizes.keys * (sizes.width + sizes.valueWidth)
    let read = (queries + keys) * query.dtype.byteCount + 4 * sizes.packedCount
    return gradient == nil ? read : read + 4 * (sizes.resultCount + sizes.gradientCount)
  }
}
