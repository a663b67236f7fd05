// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting

extension RandomProgram {
  /// Attention of some values to others of the same shape but for one axis, or to themselves.
  mutating func attending() -> Tensor? {
    guard let entry = pickFloat(), entry.tensor.rank >= 2, entry.tensor.count > 0 else {
      return nil
    }
    let sizes = entry.tensor.shape.dimensions
    let (rows, width) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
    let heads = sizes.count > 2 ? sizes[sizes.count - 3] : 1
    // Scores of a size that leaves more than one weight.
    let query = entry.tensor.tanh().reshaped(to: [-1, heads, rows, width])
    let batch = query.shape[0]
    guard batch * heads * rows <= 2000, width <= 300 else { return nil }
    let shared = generator.pick([heads, heads % 2 == 0 ? heads / 2 : 1, 1])
    let keys = generator.happens(0.5) ? rows : generator.integer(1..<40)
    let values = generator.happens(0.5) ? width : generator.integer(1..<20)
    func other(_ size: Int) -> Tensor {
      addLeaf([batch, shared, keys, size], .float32)
      return (leaves.last ?? query).tanh()
    }
    let isSelf = shared == heads && keys == rows && generator.happens(0.4)
    var mask = AttentionMask(
      isCausal: generator.happens(0.4),
      window: generator.happens(0.3) ? generator.integer(1..<(rows + 2)) : nil)
    if generator.happens(0.3) {
      addLeaf([batch, 1, 1, keys], .bool)
      mask.allowed = leaves.last
    }
    var bias: Tensor?
    if generator.happens(0.3) {
      addLeaf(generator.happens(0.5) ? [heads, 1, keys] : [rows, 1], .float32)
      bias = leaves.last
    }
    let key = isSelf ? query : other(width)
    let value = isSelf && generator.happens(0.5) ? query : other(values)
    let dropout: Float = generator.happens(0.3) ? 0.3 : 0
    return attention(
      query, key, value, mask: mask, bias: bias, dropout: (dropout, RandomKey(seed: 4)))
  }
}
