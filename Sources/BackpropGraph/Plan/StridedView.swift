// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// How the elements of a value lie in the memory of another: an offset and a stride for each axis,
/// in elements. Broadcast axes have stride 0, reversed ones a negative stride.
package struct StridedView: Hashable, Sendable {
  package var dims: [Int]
  package var strides: [Int]
  package var offset: Int

  /// Row-major and dense.
  init(contiguous shape: Shape) {
    dims = shape.dimensions
    strides = shape.strides
    offset = 0
  }

  /// Whether the elements lie in row-major order without gaps.
  var isContiguous: Bool { offset == 0 && cuts.isEmpty && (count <= 1 || collapsed.last == 1) }

  var count: Int { dims.reduce(1, *) }

  /// Whether every element is the same memory.
  var isRepeated: Bool {
    zip(dims, strides).allSatisfy { $0 == 1 || $1 == 0 }
  }

  /// Strides with axes merged where they step through memory as one; dims of size 1 dropped.
  private func merged() -> [(dim: Int, stride: Int)] {
    var result: [(dim: Int, stride: Int)] = []
    for (dim, stride) in zip(dims, strides) where dim != 1 {
      if let last = result.last, last.stride == stride * dim {
        result[result.count - 1] = (last.dim * dim, stride)
      } else {
        result.append((dim, stride))
      }
    }
    return result
  }

  private var collapsed: [Int] { merged().map(\.stride) }

  /// The places, counted in elements from the end, where the walk through memory changes its step:
  /// cumulative sizes of the merged axes, without the whole. Empty for a dense view.
  var cuts: [Int] {
    var result: [Int] = []
    var product = 1
    for (dim, _) in merged().reversed().dropLast() {
      product *= dim
      result.append(product)
    }
    return result
  }

  /// The strides over other dims of the same count, each of whose boundaries covers every cut.
  func strides(over target: [Int]) -> [Int] {
    var result = [Int](repeating: 0, count: target.count)
    var parts = merged()
    for position in target.indices.reversed() {
      let size = target[position]
      if size <= 1 { continue }
      guard var last = parts.popLast() else { break }
      result[position] = last.stride
      last = (last.dim / size, last.stride * size)
      if last.dim > 1 { parts.append(last) }
    }
    return result
  }

  /// The view after a word that only moves elements; nil if that takes a copy.
  func applying(_ primitive: Primitive, shape: Shape) -> StridedView? {
    var result = self
    result.dims = shape.dimensions
    switch primitive {
    case .permute(let permutation):
      result.strides = permutation.axes(shape.rank).map { strides[$0] }
    case .broadcast:
      let shift = shape.rank - dims.count
      result.strides = (0..<shape.rank).map {
        $0 < shift || (dims[$0 - shift] == 1 && shape[$0] != 1) ? 0 : strides[$0 - shift]
      }
    case .slice(let window):
      let fields = window.fields
      for axis in dims.indices {
        result.offset += fields.starts[axis] * strides[axis]
        result.strides[axis] = fields.steps[axis] * strides[axis]
      }
    case .reverse(let axes):
      for axis in dims.indices where axes.contains(axis) {
        result.offset += Swift.max(0, dims[axis] - 1) * strides[axis]
        result.strides[axis] = -strides[axis]
      }
    case .reshape:
      // Possible if every boundary where memory jumps is a boundary of the new shape.
      guard Cuts.products(of: shape.dimensions).isSuperset(of: cuts) || count == 0 else {
        return nil
      }
      result.strides = count == 0 ? shape.strides : strides(over: shape.dimensions)
    case .barrier:
      break
    default:
      return nil
    }
    return result
  }
}

/// Sets of boundaries in an iteration space, as the number of elements behind each.
enum Cuts {
  /// The boundaries between the axes of a shape.
  static func products(of dims: [Int]) -> Set<Int> {
    var result: Set<Int> = []
    var product = 1
    for dim in dims.reversed() {
      product *= dim
      result.insert(product)
    }
    return result
  }

  /// The dims between boundaries, or nil if they don't divide one another.
  static func dims(_ cuts: Set<Int>, count: Int) -> [Int]? {
    guard count > 0 else { return [0] }
    var result: [Int] = []
    var below = 1
    for cut in cuts.sorted() where cut > 1 && cut < count {
      guard cut % below == 0 else { return nil }
      result.append(cut / below)
      below = cut
    }
    guard count % below == 0 else { return nil }
    result.append(count / below)
    return result.reversed()
  }
}
