// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// Slices along an axis at int32 positions.
  ///
  /// `self: [O…, n, I…]`, `indices: [J…] -> [O…, J…, I…]`. A position outside 0 ..< n is an error
  /// when the value is computed.
  public func gathered(_ indices: Tensor, along axis: Int = 0) -> Tensor {
    guard let position = self.axis(axis), !indices.dtype.isFloatingPoint,
      rank - 1 + indices.rank <= Shape.maximumRank
    else {
      return .failed(
        "gather", [self, indices],
        "axis \(axis) must exist, and indices must be integers, not \(indices.dtype)",
        shape: shape, dtype: dtype)
    }
    let sizes = shape.dimensions
    let result = Shape(
      Array(sizes[..<position]) + indices.shape.dimensions + Array(sizes[(position + 1)...]))
    return Tensor(
      Node(.gather(UInt8(position)), result, dtype, node, indices.cast(to: .int32).node))
  }

  /// Zeros of `size` along an axis, to which the slices of this tensor are added at positions.
  ///
  /// `self: [O…, J…, I…]`, `indices: [J…] -> [O…, size, I…]`; the adjoint of ``gathered(_:along:)``.
  public func scatterAdded(_ indices: Tensor, along axis: Int = 0, size: Int) -> Tensor {
    let position = axis
    guard position >= 0, position + indices.rank <= rank,
      Array(shape.dimensions[position..<(position + indices.rank)]) == indices.shape.dimensions
    else {
      return .failed(
        "scatterAdd", [self, indices],
        "the axes from \(axis) on must be those of the indices", shape: shape, dtype: dtype)
    }
    if dtype != .float32 {
      return cast(to: .float32).scatterAdded(indices, along: axis, size: size).cast(to: dtype)
    }
    let sizes = shape.dimensions
    let result = Shape(
      Array(sizes[..<position]) + [size] + Array(sizes[(position + indices.rank)...]))
    return Tensor(
      Node(.scatterAdd(UInt8(position)), result, dtype, indices.cast(to: .int32).node, node))
  }

  /// Elements along an axis, at positions that each place of the others has for itself:
  /// `self[…, indices[…], …]`.
  ///
  /// `indices` has this tensor's shape with `axis` removed, for one element each; or with another
  /// size along `axis`, for as many. In the first form a position outside 0 ..< n gives 0, in the
  /// second it is an error when the value is computed.
  public func taken(_ indices: Tensor, along axis: Int = -1) -> Tensor {
    guard let position = self.axis(axis), !indices.dtype.isFloatingPoint,
      indices.rank == rank
        ? indices.shape.replacing(position, with: 0) == shape.replacing(position, with: 0)
        : indices.shape == shape.reduced(over: AxisSet([position]), keeping: false)
    else {
      return .failed(
        "take", [self, indices],
        "indices must be integers and have the shape without axis \(axis), or with another size there",
        shape: indices.shape, dtype: dtype)
    }
    if indices.rank == rank { return takenByRows(indices.cast(to: .int32), position) }
    let hit = Tensor.iota(shape, along: position) .== indices.expanded(at: position)
    return select(hit, self, Tensor.literal(0, like: self)).sum(over: position)
  }

  /// One gather from all elements in a row, with the axis last.
  private func takenByRows(_ indices: Tensor, _ position: Int) -> Tensor {
    if position != rank - 1 {
      return transposed(position, -1).takenByRows(indices.transposed(position, -1), rank - 1)
        .transposed(position, -1)
    }
    let width = Tensor([Int32(shape[-1])])
    let flat = indices.reshaped(to: [-1, indices.shape[-1]])
    let isInside = (flat .>= 0) .& (flat .< width)
    let places = flat + Tensor.iota(flat.shape, along: 0) * width
    return reshaped(to: [count]).gathered(select(isInside, places, Tensor([Int32(-1)])))
      .reshaped(to: indices.shape)
  }

  /// 1 at the position that each int32 element names, 0 elsewhere: `[…] -> […, classes]`.
  public func oneHot(_ classes: Int, dtype: DType = .float32) -> Tensor {
    guard rank < Shape.maximumRank, classes >= 0 else {
      return .failed(
        "oneHot", [self], "\(classes) classes need an axis besides \(rank); 8 are the most",
        shape: shape, dtype: dtype)
    }
    let shape = Shape(self.shape.dimensions + [classes])
    return (Tensor.iota(shape, along: -1) .== expanded(at: -1)).cast(to: dtype)
  }
}

extension Pullback {
  static func ofGather(_ axis: Int, _ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    [g.scatterAdded(x[1], along: axis, size: x[0].shape[axis]), nil]
  }

  static func ofScatterAdd(_ axis: Int, _ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    [nil, g.gathered(x[0], along: axis)]
  }
}
