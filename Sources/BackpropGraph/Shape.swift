// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The sizes of a tensor's axes: at most eight, each at most 2³¹ − 1.
///
/// Kept inline (no array), so that making a node costs one allocation and comparing two shapes is
/// a comparison of two vectors.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  package var sizes: SIMD8<Int32>
  package var storedRank: Int32

  /// The largest number of axes.
  public static let maximumRank = 8

  /// A shape of the given sizes.
  ///
  /// - Precondition: at most eight axes, sizes in 0 ..< 2³¹. Operations on tensors check their
  ///   arguments first and report a ``ShapeError`` instead.
  public init(_ sizes: some Collection<Int>) {
    precondition(
      sizes.count <= Shape.maximumRank, "a tensor has at most 8 axes, not \(sizes.count)")
    self.sizes = SIMD8(repeating: 1)
    storedRank = Int32(sizes.count)
    for (axis, size) in sizes.enumerated() {
      precondition(size >= 0 && size <= Int32.max, "the size of axis \(axis) is \(size)")
      self.sizes[axis] = Int32(size)
    }
  }

  /// A shape from a literal: `[32, 784]`.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The shape of a single value.
  public static let scalar = Shape([])

  /// The number of axes.
  @inline(__always) public var rank: Int { Int(storedRank) }

  /// The size of an axis; negative axes count from the last.
  public subscript(_ axis: Int) -> Int {
    let position = axis < 0 ? axis + rank : axis
    precondition(position >= 0 && position < rank, "axis \(axis) of a shape of rank \(rank)")
    return Int(sizes[position])
  }

  /// The number of elements: the product of the sizes; 1 for a scalar.
  public var count: Int {
    var product = 1
    for axis in 0..<rank { product *= Int(sizes[axis]) }
    return product
  }

  /// The sizes as an array.
  public var dimensions: [Int] { (0..<rank).map { Int(sizes[$0]) } }

  /// The sizes in brackets: `[32, 784]`.
  public var description: String {
    "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
  }

  package func replacing(_ axis: Int, with size: Int) -> Shape {
    var result = self
    result.sizes[axis] = Int32(size)
    return result
  }

  /// Row-major strides in elements.
  package var strides: [Int] {
    var result = [Int](repeating: 1, count: rank)
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      result[axis] = step
      step *= Int(sizes[axis])
    }
    return result
  }

  /// The shape in which two operands meet by the NumPy rule, or nil.
  package static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    if a == b { return a }
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
