// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What may stand in the brackets of `x[…]`: integers, ranges, strides, ``AxisIndex`` values and
/// integer tensors.
public protocol TensorIndex {
  /// The index in its general form.
  var tensorIndex: AxisIndex { get }
}

/// One entry in the brackets of `x[…]`.
public enum AxisIndex: TensorIndex, Sendable {
  /// One position; the axis disappears. Negative positions count from the end.
  case at(Int)
  /// Positions from `start` (nil: the first) to before `end` (nil: behind the last), by `step`.
  case range(Int?, Int?, by: Int)
  /// All axes that no other entry speaks of.
  case ellipsis
  /// A new axis of size 1.
  case newAxis
  /// The slices at some positions, in any order; negative ones count from the end.
  case positions([Int])
  /// The slices at int32 positions from 0 on; the axis becomes the axes of the positions.
  case take(Tensor)

  /// The whole axis.
  public static let all = AxisIndex.range(nil, nil, by: 1)
  /// Itself.
  public var tensorIndex: AxisIndex { self }
}

extension Int: TensorIndex {
  /// The position `self`.
  public var tensorIndex: AxisIndex { .at(self) }
}
extension Range<Int>: TensorIndex {
  /// The positions in the range.
  public var tensorIndex: AxisIndex { .range(lowerBound, upperBound, by: 1) }
}
extension ClosedRange<Int>: TensorIndex {
  /// The positions in the range.
  public var tensorIndex: AxisIndex { .range(lowerBound, behind(upperBound), by: 1) }
}
extension PartialRangeFrom<Int>: TensorIndex {
  /// The positions from the bound on.
  public var tensorIndex: AxisIndex { .range(lowerBound, nil, by: 1) }
}
extension PartialRangeUpTo<Int>: TensorIndex {
  /// The positions before the bound.
  public var tensorIndex: AxisIndex { .range(nil, upperBound, by: 1) }
}
extension PartialRangeThrough<Int>: TensorIndex {
  /// The positions up to the bound.
  public var tensorIndex: AxisIndex { .range(nil, behind(upperBound), by: 1) }
}
extension StrideTo<Int>: TensorIndex {
  /// The positions of the stride.
  public var tensorIndex: AxisIndex { positions(Array(self)) }
}
extension StrideThrough<Int>: TensorIndex {
  /// The positions of the stride.
  public var tensorIndex: AxisIndex { positions(Array(self)) }
}
extension Tensor: TensorIndex {
  /// The slices at the tensor's positions.
  public var tensorIndex: AxisIndex { .take(self) }
}

private func positions(_ list: [Int]) -> AxisIndex {
  guard let first = list.first, let last = list.last else { return .range(0, 0, by: 1) }
  let step = list.count > 1 ? list[1] - first : 1
  // Backwards, or from the end over to the front: no range.
  if step < 0 || (first < 0 && last >= 0) { return .positions(list) }
  return .range(first, behind(last), by: step)
}

/// The end of a range whose last position is given; behind the last position there is none.
private func behind(_ last: Int) -> Int? { last == -1 ? nil : last + 1 }

extension Tensor {
  /// Part of a tensor: `x[0]`, `x[..., 1..<3]`, `x[stride(from: 0, to: 8, by: 2), .newAxis]`,
  /// `x[labels]`. Entries speak of the axes in order; what is not spoken of is taken whole.
  public subscript(_ indices: any TensorIndex...) -> Tensor {
    indexed(indices.map(\.tensorIndex))
  }

  /// Part of a tensor, counted from the last axis: `x[..., 0]`.
  public subscript(_ leading: UnboundedRange, _ indices: any TensorIndex...) -> Tensor {
    indexed([.ellipsis] + indices.map(\.tensorIndex))
  }

  /// Part of a tensor: `x[0, ..., 1]`.
  public subscript(
    _ first: any TensorIndex, _ middle: UnboundedRange, _ indices: any TensorIndex...
  ) -> Tensor {
    indexed([first.tensorIndex, .ellipsis] + indices.map(\.tensorIndex))
  }

  private func indexed(_ indices: [AxisIndex]) -> Tensor {
    var spoken = 0
    var ellipses = 0
    for index in indices {
      switch index {
      case .at, .range, .positions, .take: spoken += 1
      case .ellipsis: ellipses += 1
      case .newAxis: break
      }
    }
    guard spoken <= rank, ellipses <= 1 else {
      return .failed(
        "index", [self],
        ellipses > 1
          ? "only one ellipsis may be used" : "\(spoken) indices for \(rank) axes",
        shape: shape, dtype: dtype)
    }
    var result = self
    // The axis of the result, and the axis of this tensor that an entry speaks of.
    var axis = 0
    var own = 0
    for index in indices {
      switch index {
      case .ellipsis:
        axis += rank - spoken
        own += rank - spoken
      case .newAxis:
        let expanded = result.expanded(at: axis)
        guard expanded.rank == result.rank + 1 else { return expanded }
        result = expanded
        axis += 1
      case .at(let position):
        let size = result.shape[axis]
        let place = position < 0 ? position + size : position
        guard place >= 0, place < size else { return outside("\(position)", own, size) }
        result = result.sliced(along: axis, place..<(place + 1)).squeezed(at: axis)
        own += 1
      case .range(let start, let end, let step):
        let size = result.shape[axis]
        let low = start.map { $0 < 0 ? $0 + size : $0 } ?? 0
        let high = end.map { $0 < 0 ? $0 + size : $0 } ?? size
        guard step >= 1, low >= 0, high >= low, high <= size else {
          return outside("\(low)..<\(high) by \(step)", own, size)
        }
        result = result.sliced(along: axis, low..<high, by: step)
        axis += 1
        own += 1
      case .positions(let list):
        let size = result.shape[axis]
        if let position = list.first(where: { $0 < -size || $0 >= size }) {
          return outside("\(position)", own, size)
        }
        let places = list.map { Int32($0 < 0 ? $0 + size : $0) }
        result = result.gathered(Tensor(places), along: axis)
        axis += 1
        own += 1
      case .take(let positions):
        let gathered = result.gathered(positions, along: axis)
        guard gathered.rank == result.rank - 1 + positions.rank else { return gathered }
        result = gathered
        axis += positions.rank
        own += 1
      }
    }
    return result
  }

  private func outside(_ what: String, _ axis: Int, _ size: Int) -> Tensor {
    .failed(
      "index", [self], "\(what) is outside axis \(axis), which has \(size) elements", shape: shape,
      dtype: dtype)
  }
}
