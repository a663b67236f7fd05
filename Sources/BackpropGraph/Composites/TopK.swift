// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// The k largest elements along an axis, the largest first, and their int32 positions; of equal
  /// elements the one that comes first. NaN comes last.
  ///
  /// `self: [..., n, ...] -> [..., k, ...]`
  public func topK(_ k: Int, along axis: Int = -1) -> (values: Tensor, indices: Tensor) {
    guard let position = self.axis(axis), k >= 0, k <= shape[position] else {
      let failure = Tensor.failed(
        "topK", [self], "axis \(axis) must exist and have at least \(k) elements", shape: shape,
        dtype: dtype)
      return (failure, failure)
    }
    let indices = argumentSort(along: position, descending: true).sliced(along: position, 0..<k)
    return (taken(indices, along: position), indices)
  }
}
