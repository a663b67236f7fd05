// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// An order of axes: nibble i says which axis of the operand is axis i of the result.
package struct Permutation: Hashable, Sendable {
  package let nibbles: UInt32

  package init(_ axes: [Int]) {
    var bits: UInt32 = 0
    for (position, axis) in axes.enumerated() { bits |= UInt32(axis) << UInt32(4 * position) }
    nibbles = bits
  }

  package subscript(_ position: Int) -> Int { Int(nibbles >> UInt32(4 * position)) & 15 }
  package func axes(_ rank: Int) -> [Int] { (0..<rank).map { self[$0] } }

  package func inverse(rank: Int) -> Permutation {
    var result = [Int](repeating: 0, count: rank)
    for position in 0..<rank { result[self[position]] = position }
    return Permutation(result)
  }
}

extension Tensor {
  /// The same elements in row-major order under another shape; one size may be −1: what is left.
  public func reshaped(to sizes: [Int]) -> Tensor {
    var sizes = sizes
    if let open = sizes.firstIndex(of: -1) {
      let rest = sizes.enumerated().reduce(1) { $1.offset == open ? $0 : $0 * $1.element }
      sizes[open] = rest == 0 ? 0 : count / rest
    }
    guard sizes.count <= Shape.maximumRank, sizes.allSatisfy({ $0 >= 0 && $0 <= Int32.max }),
      sizes.reduce(1, *) == count
    else {
      return .failed(
        "reshape", [self],
        "\(count) elements cannot take the shape \(sizes)",
        hint: "the sizes must multiply to \(count)",
        shape: sizes.count <= 8
          ? Shape(sizes.map { Swift.min(Swift.max($0, 0), Int(Int32.max)) }) : [count],
        dtype: dtype)
    }
    return reshaped(to: Shape(sizes))
  }

  /// The same elements in row-major order under another shape.
  public func reshaped(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    guard shape.count == count else {
      return .failed(
        "reshape", [self], "\(count) elements cannot take the shape \(shape)", shape: shape,
        dtype: dtype)
    }
    return Tensor(Node(.reshape, shape, dtype, node))
  }

  /// Axes in another order: axis i of the result is axis `order[i]` of this tensor.
  public func permuted(_ order: [Int]) -> Tensor {
    let axes = order.map { $0 < 0 ? $0 + rank : $0 }
    guard axes.sorted() == Array(0..<rank) else {
      return .failed(
        "permute", [self], "\(order) is not an order of the axes 0 ..< \(rank)", shape: shape,
        dtype: dtype)
    }
    if axes == Array(0..<rank) { return self }
    return Tensor(Node(.permute(Permutation(axes)), Shape(axes.map { shape[$0] }), dtype, node))
  }

  /// Two axes exchanged; the last two by default.
  public func transposed(_ a: Int = -2, _ b: Int = -1) -> Tensor {
    guard let x = axis(a), let y = axis(b) else {
      return .failed(
        "transpose", [self], "axes \(a) and \(b) must be among the \(rank) axes", shape: shape,
        dtype: dtype)
    }
    var order = Array(0..<rank)
    order.swapAt(x, y)
    return permuted(order)
  }

  /// An axis counted from the front, or nil if there is none.
  package func axis(_ axis: Int) -> Int? {
    let position = axis < 0 ? axis + rank : axis
    return position >= 0 && position < rank ? position : nil
  }

  /// The elements repeated along new leading axes and axes of size 1, to fill `target`.
  public func broadcast(to target: Shape) -> Tensor {
    if target == shape { return self }
    guard shape.broadcasts(to: target) else {
      return .failed(
        "broadcast", [self], "the shape cannot be repeated to \(target)",
        hint: "only axes of size 1 and new leading axes repeat", shape: target, dtype: dtype)
    }
    return Tensor(Node(.broadcast, target, dtype, node))
  }

  /// A new axis of size 1 before position `axis` (negative: counted from the end of the result).
  public func expanded(at axis: Int) -> Tensor {
    let position = axis < 0 ? axis + rank + 1 : axis
    guard position >= 0, position <= rank, rank < Shape.maximumRank else {
      return .failed(
        "expand", [self], "no place \(axis) for a new axis among \(rank)", shape: shape,
        dtype: dtype)
    }
    var sizes = shape.dimensions
    sizes.insert(1, at: position)
    return reshaped(to: Shape(sizes))
  }

  /// Without the axis `axis`, which must have size 1; all such axes if nil.
  public func squeezed(at axis: Int? = nil) -> Tensor {
    guard let axis else { return reshaped(to: Shape(shape.dimensions.filter { $0 != 1 })) }
    guard let position = self.axis(axis), shape[position] == 1 else {
      return .failed(
        "squeeze", [self], "axis \(axis) does not have size 1", shape: shape, dtype: dtype)
    }
    var sizes = shape.dimensions
    sizes.remove(at: position)
    return reshaped(to: Shape(sizes))
  }

  /// The axes from `first` to `last` merged into one.
  public func flattened(_ first: Int = 0, _ last: Int = -1) -> Tensor {
    if rank == 0 { return reshaped(to: [1]) }
    guard let start = axis(first), let end = axis(last), start <= end else {
      return .failed(
        "flatten", [self], "no axes \(first) to \(last) among \(rank)", shape: shape, dtype: dtype)
    }
    let sizes = shape.dimensions
    let merged = sizes[start...end].reduce(1, *)
    return reshaped(to: Array(sizes[..<start]) + [merged] + Array(sizes[(end + 1)...]))
  }

  /// The axes read backwards.
  public func reversed(along axes: Int...) -> Tensor {
    let positions = axes.compactMap(axis)
    guard positions.count == axes.count else {
      return .failed("reverse", [self], "no axes \(axes)", shape: shape, dtype: dtype)
    }
    return reversed(AxisSet(positions))
  }

  func reversed(_ axes: AxisSet) -> Tensor {
    axes.isEmpty ? self : Tensor(Node(.reverse(axes), shape, dtype, node))
  }
}

extension Pullback {
  /// The cotangent summed over the axes along which the operand was repeated.
  static func ofBroadcast(_ x: Tensor, _ g: Tensor) -> Tensor {
    let shift = g.rank - x.rank
    let axes = (0..<g.rank).filter {
      $0 < shift || (x.shape[$0 - shift] == 1 && g.shape[$0] != 1)
    }
    return g.reduced(.sum, AxisSet(axes)).reshaped(to: x.shape)
  }
}
