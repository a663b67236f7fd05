// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// The last axis cut into groups of heads: `self: [B, T, Σ heads · D] -> [B, heads, T, D]` for
  /// each number of heads.
  ///
  /// The cotangents are put together by one copy, where those of slices would be padded and added.
  package func splitIntoHeads(_ heads: [Int], width: Int) -> [Tensor] {
    let (batch, length) = (shape[0], shape[1])
    let sizes = heads.map { $0 * width }
    // Sizes are part of the body's structure, so the name need not have them.
    return composite("splitIntoHeads", [self]) { operands in
      zip(operands[0].split(sizes, along: 2), heads).map { part, count in
        part.reshaped(to: [batch, length, count, width]).transposed(1, 2)
      }
    } pullback: { operands, results, cotangents in
      // Put together while the heads still have an axis of their own: then nothing is copied before.
      let parts = zip(results, cotangents).map { result, cotangent in
        (cotangent ?? Tensor.literal(0, like: result)).transposed(1, 2)
      }
      let joined = parts.count == 1 ? parts[0] : concatenate(parts, along: 2)
      return [joined.reshaped(to: operands[0].shape)]
    }
  }

  /// Heads side by side: `self: [B, H, T, D] -> [B, T, H · D]`.
  package func joinedHeads() -> Tensor {
    transposed(1, 2).reshaped(to: [shape[0], shape[2], shape[1] * shape[3]])
  }
}
