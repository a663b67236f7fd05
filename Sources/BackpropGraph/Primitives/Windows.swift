// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Where a slice starts and how far it steps, along each axis. Interned: equal windows have equal
/// ids, so that a node carries a number.
package struct Window: Hashable, Sendable {
  package let id: UInt32

  package struct Fields: Hashable, Sendable {
    package let starts: [Int]
    package let steps: [Int]
  }

  private static let table = InternTable<Fields>()

  package init(starts: [Int], steps: [Int]) {
    id = Window.table.id(of: Fields(starts: starts, steps: steps))
  }

  package var fields: Fields { Window.table[id] }
}

extension Tensor {
  /// Elements `starts[i] + k * steps[i]` along each axis i, `shape[i]` of them.
  func sliced(_ window: Window, to shape: Shape) -> Tensor {
    Tensor(Node(.slice(window), shape, dtype, node))
  }

  /// Zeros of a shape with this tensor written at `starts + k * steps`.
  func padded(_ window: Window, to shape: Shape) -> Tensor {
    Tensor(Node(.pad(window), shape, dtype, node))
  }

  /// The elements at `range` along an axis, every `step`-th.
  ///
  /// - Parameter range: positions from the front, within the axis.
  public func sliced(along axis: Int, _ range: Range<Int>, by step: Int = 1) -> Tensor {
    guard let position = self.axis(axis), range.lowerBound >= 0,
      range.upperBound <= shape[position], step >= 1
    else {
      return .failed(
        "slice", [self],
        "\(range.lowerBound)..<\(range.upperBound) by \(step) is not within axis \(axis)",
        shape: shape, dtype: dtype)
    }
    if range == 0..<shape[position], step == 1 { return self }
    var starts = [Int](repeating: 0, count: rank)
    var steps = [Int](repeating: 1, count: rank)
    starts[position] = range.lowerBound
    steps[position] = step
    let count = (range.count + step - 1) / step
    return sliced(
      Window(starts: starts, steps: steps), to: shape.replacing(position, with: count))
  }

  /// Zeros (or `value`) added before and after each axis.
  ///
  /// - Parameter padding: one pair (before, after) for each axis, none negative.
  public func padded(_ padding: [(Int, Int)], with value: Float = 0) -> Tensor {
    guard padding.count == rank, padding.allSatisfy({ $0.0 >= 0 && $0.1 >= 0 }) else {
      return .failed(
        "pad", [self], "\(padding.count) pairs of padding for \(rank) axes; none may be negative",
        shape: shape, dtype: dtype)
    }
    if padding.allSatisfy({ $0.0 == 0 && $0.1 == 0 }) { return self }
    let target = Shape((0..<rank).map { shape[$0] + padding[$0].0 + padding[$0].1 })
    let window = Window(starts: padding.map(\.0), steps: [Int](repeating: 1, count: rank))
    let zeroed = padded(window, to: target)
    if value == 0 { return zeroed }
    let inside = Tensor.literal(1, shape, .bool).padded(window, to: target)
    return select(inside, zeroed, Tensor.scalar(value, meeting: self).cast(to: dtype))
  }

  /// Splits an axis into parts of the given sizes.
  public func split(_ sizes: [Int], along axis: Int = 0) -> [Tensor] {
    guard let position = self.axis(axis), sizes.reduce(0, +) == shape[position] else {
      let failed = Tensor.failed(
        "split", [self], "the sizes \(sizes) must add up to axis \(axis)", shape: shape,
        dtype: dtype)
      return sizes.map { _ in failed }
    }
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return sliced(along: position, start..<(start + size))
    }
  }

  /// Splits an axis into equal parts.
  public func split(into parts: Int, along axis: Int = 0) -> [Tensor] {
    guard let position = self.axis(axis), parts > 0, shape[position] % parts == 0 else {
      let failed = Tensor.failed(
        "split", [self], "axis \(axis) cannot be cut into \(parts) equal parts", shape: shape,
        dtype: dtype)
      return [Tensor](repeating: failed, count: Swift.max(parts, 1))
    }
    return split([Int](repeating: shape[position] / parts, count: parts), along: position)
  }
}

/// Tensors one after the other along an axis; the other axes must agree.
public func concatenate(_ tensors: [Tensor], along axis: Int = 0) -> Tensor {
  guard let first = tensors.first else {
    return .failed("concatenate", [], "no tensors", shape: [0], dtype: .float32)
  }
  let dtype = tensors.dropFirst().reduce(first.dtype) { DType.promoted($0, $1.dtype) }
  guard let position = first.axis(axis),
    tensors.allSatisfy({
      $0.rank == first.rank
        && $0.shape.replacing(position, with: 0) == first.shape.replacing(position, with: 0)
    })
  else {
    return .failed(
      "concatenate", tensors, "shapes must agree in all axes but axis \(axis)",
      shape: first.shape, dtype: dtype)
  }
  if tensors.count == 1 { return first }
  let total = tensors.reduce(0) { $0 + $1.shape[position] }
  return Tensor(
    Node(
      .concatenate(UInt8(position)), first.shape.replacing(position, with: total), dtype,
      operands: tensors.map { $0.cast(to: dtype).node }))
}

/// Tensors of one shape along a new axis.
public func stack(_ tensors: [Tensor], along axis: Int = 0) -> Tensor {
  concatenate(tensors.map { $0.expanded(at: axis) }, along: axis)
}

extension Pullback {
  static func ofConcatenate(_ axis: Int, _ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    g.split(x.map { $0.shape[axis] }, along: axis)
  }
}
