// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// Overlapping stretches of an axis.
  ///
  /// `self: […, T, …] -> […, F, length, …]`: frame f holds the elements from f · `hop` on; F =
  /// ⌊(T − length)/hop⌋ + 1, and what is left at the end is not looked at.
  public func frames(length: Int, hop: Int, along axis: Int = -1) -> Tensor {
    guard let position = self.axis(axis), rank <= Shape.maximumRank - 2, length >= 1, hop >= 1,
      shape[position] >= length
    else {
      return .failed(
        "frames", [self], "frames of \(length) elements, \(hop) apart, do not fit axis \(axis)",
        hint: "pad the axis, or use shorter frames", shape: shape, dtype: dtype)
    }
    let count = (shape[position] - length) / hop + 1
    let blocks = Blocks(length: length, hop: hop, frames: count)
    let outer = Array(shape.dimensions[..<position])
    let inner = Array(shape.dimensions[(position + 1)...])
    // Frames and hops are whole numbers of blocks, so that blocks are moved and not elements.
    let width = blocks.size
    let used = sliced(along: position, 0..<(blocks.count * width))
      .reshaped(to: outer + [blocks.count, width] + inner)
    return used.gathered(blocks.positions, along: position)
      .reshaped(to: outer + [count, length] + inner)
  }

  /// The adjoint of ``frames(length:hop:along:)``: each element is added where its frame had it from.
  ///
  /// `self: […, F, length, …] -> […, (F − 1) hop + length, …]`
  ///
  /// - Parameter axis: that of the frames; the elements of a frame lie along the next one.
  public func overlapAdded(hop: Int, along axis: Int = -2) -> Tensor {
    guard let position = self.axis(axis), position + 1 < rank, rank < Shape.maximumRank, hop >= 1,
      shape[position] >= 1, shape[position + 1] >= 1
    else {
      return .failed(
        "overlapAdd", [self], "frames lie along axis \(axis), their elements along the next one",
        shape: shape, dtype: dtype)
    }
    let (count, length) = (shape[position], shape[position + 1])
    let blocks = Blocks(length: length, hop: hop, frames: count)
    let outer = Array(shape.dimensions[..<position])
    let inner = Array(shape.dimensions[(position + 2)...])
    let width = blocks.size
    let parts = reshaped(to: outer + [count, length / width, width] + inner)
    return parts.scatterAdded(blocks.positions, along: position, size: blocks.count)
      .reshaped(to: outer + [blocks.count * width] + inner)
  }
}

/// The largest pieces of which frames and the steps between them are whole numbers.
private struct Blocks {
  /// The elements of a block.
  let size: Int
  /// The blocks from the first frame's beginning to the last one's end.
  let count: Int
  /// The block that stands at each place of each frame, `[frames, length / size]` int32.
  let positions: Tensor

  init(length: Int, hop: Int, frames: Int) {
    var (a, b) = (length, hop)
    while b != 0 { (a, b) = (b, a % b) }
    size = a
    let (inFrame, step) = (length / a, hop / a)
    count = (frames - 1) * step + inFrame
    let form: Shape = [frames, inFrame]
    let ahead = Tensor.iota(form, along: 1)
    positions = Tensor.iota(form, along: 0) * Float(step) + ahead
  }
}
