// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The sizes of a tensor's axes: at most eight, each at most 2³¹ − 1.
///
/// Kept inline (no array), so that making a node costs one allocation and comparing two shapes is
/// a comparison of two vectors.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  // Two vectors of four rather than one of eight, which would need an alignment that makes every
  // allocation of a node slow. Sizes beyond the rank are 1.
  package private(set) var low: SIMD4<Int32>
  package private(set) var high: SIMD4<Int32>
  private var storedRank: Int32

  /// The largest number of axes.
  public static let maximumRank = 8

  /// A shape of the given sizes.
  ///
  /// - Precondition: at most eight axes, sizes in 0 ..< 2³¹. Operations on tensors check their
  ///   arguments first and report a ``ShapeError`` instead.
  public init(_ sizes: some Collection<Int>) {
    precondition(
      sizes.count <= Shape.maximumRank, "a tensor has at most 8 axes, not \(sizes.count)")
    low = SIMD4(repeating: 1)
    high = SIMD4(repeating: 1)
    storedRank = Int32(sizes.count)
    for (axis, size) in sizes.enumerated() {
      precondition(size >= 0 && size <= Int32.max, "the size of axis \(axis) is \(size)")
      set(axis, size)
    }
  }

  /// A shape from a literal: `[32, 784]`.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The shape of a single value.
  public static let scalar = Shape([])

  @inline(__always)
  private func size(_ axis: Int) -> Int { Int(axis < 4 ? low[axis & 3] : high[axis & 3]) }

  private mutating func set(_ axis: Int, _ size: Int) {
    if axis < 4 { low[axis & 3] = Int32(size) } else { high[axis & 3] = Int32(size) }
  }

  /// The number of axes.
  @inline(__always) public var rank: Int { Int(storedRank) }

  /// The size of an axis; negative axes count from the last.
  public subscript(_ axis: Int) -> Int {
    let position = axis < 0 ? axis + rank : axis
    precondition(position >= 0 && position < rank, "axis \(axis) of a shape of rank \(rank)")
    return size(position)
  }

  /// The number of elements: the product of the sizes; 1 for a scalar.
  public var count: Int {
    var product = 1
    for axis in 0..<rank { product *= size(axis) }
    return product
  }

  /// The sizes as an array.
  public var dimensions: [Int] { (0..<rank).map(size) }

  /// The sizes in brackets: `[32, 784]`.
  public var description: String {
    "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
  }

  package func replacing(_ axis: Int, with size: Int) -> Shape {
    var result = self
    result.set(axis, size)
    return result
  }

  /// Row-major strides in elements.
  package var strides: [Int] {
    var result = [Int](repeating: 1, count: rank)
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      result[axis] = step
      step *= size(axis)
    }
    return result
  }

  /// The shape in which two operands meet by the NumPy rule, or nil.
  package static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    if a == b || b.rank == 0 { return a }
    if a.rank == 0 { return b }
    let rank = max(a.rank, b.rank)
    var result = [Int](repeating: 1, count: rank)
    for back in 1...max(rank, 1) where rank > 0 {
      let x = back <= a.rank ? a[-back] : 1
      let y = back <= b.rank ? b[-back] : 1
      guard x == y || x == 1 || y == 1 else { return nil }
      result[rank - back] = x == 1 ? y : x
    }
    return Shape(result)
  }

  /// Whether a tensor of this shape can be repeated to fill `target` by the NumPy rule.
  package func broadcasts(to target: Shape) -> Bool {
    if rank == 0 { return true }
    guard rank <= target.rank else { return false }
    let shift = target.rank - rank
    for axis in 0..<rank where self[axis] != target[axis + shift] && self[axis] != 1 {
      return false
    }
    return true
  }

  /// The axes without those in `axes`, or with them kept at size 1.
  package func reduced(over axes: AxisSet, keeping: Bool) -> Shape {
    var result: [Int] = []
    for axis in 0..<rank {
      if !axes.contains(axis) {
        result.append(self[axis])
      } else if keeping {
        result.append(1)
      }
    }
    return Shape(result)
  }
}

/// A set of axes, one bit each.
package struct AxisSet: Hashable, Sendable {
  package var bits: UInt8

  package init(bits: UInt8) { self.bits = bits }

  package init(_ axes: some Sequence<Int>) {
    bits = 0
    for axis in axes { bits |= 1 << UInt8(axis) }
  }

  package func contains(_ axis: Int) -> Bool { bits & (1 << UInt8(axis)) != 0 }
  package var isEmpty: Bool { bits == 0 }
  package var axes: [Int] { (0..<8).filter(contains) }
}
