// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// This tensor with other slices at positions along an axis, as `index_copy` in PyTorch and
  /// `x.at[i].set(v)` in JAX.
  ///
  /// `self: [O…, n, I…]`, `indices: [J] int32`, `values: [O…, J, I…] -> [O…, n, I…]`. Of equal
  /// positions the last counts. A position outside 0 ..< n is an error when the value is computed.
  ///
  /// Where nobody needs this tensor afterwards, only the slices are written.
  public func replaced(at indices: Tensor, with values: Tensor, along axis: Int = 0) -> Tensor {
    guard let position = self.axis(axis), !indices.dtype.isFloatingPoint, indices.rank == 1,
      values.shape == shape.replacing(position, with: indices.count)
    else {
      return .failed(
        "put", [self, indices, values],
        "indices must be integers [J], and the values must have as many slices along axis \(axis)",
        hint: "for one slice give indices of shape [1] and values with size 1 there", shape: shape,
        dtype: dtype)
    }
    return Tensor(
      Node(
        .put(UInt8(position)), shape, dtype, node, indices.cast(to: .int32).node,
        values.cast(to: dtype).node))
  }
}

extension Pullback {
  static func ofPut(_ axis: Int, _ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    let (indices, values) = (x[1], x[2])
    let rest = g.replaced(at: indices, with: .zeros(values.shape, dtype: g.dtype), along: axis)
    var own = g.gathered(indices, along: axis)
    let count = indices.count
    if count > 1 {
      // Slices that a later one of the same position replaced have no influence.
      let pairs: Shape = [count, count]
      let isLater = Tensor.iota(pairs, along: 0) .< Tensor.iota(pairs, along: 1)
      let isSame = indices.expanded(at: 1) .== indices.expanded(at: 0)
      let replaced = (isLater .& isSame).cast(to: .float32).max(over: 1)
      var form = [Int](repeating: 1, count: g.rank)
      form[axis] = count
      own = own * (1 - replaced).cast(to: g.dtype).reshaped(to: Shape(form))
    }
    return [rest, nil, own]
  }
}
