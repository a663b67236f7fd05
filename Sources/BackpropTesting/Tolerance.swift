// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

extension DType {
  /// The distance between neighbouring values of this type near `x`; 1 for integers and truth
  /// values.
  public func unitInTheLastPlace(at x: Double) -> Double {
    let (fraction, least, largest): (Int, Int, Int)
    switch self {
    case .float32: (fraction, least, largest) = (23, -126, 127)
    case .bfloat16: (fraction, least, largest) = (7, -126, 127)
    case .float16: (fraction, least, largest) = (10, -14, 15)
    case .int32, .uint8, .bool: return 1
    }
    let exponent = x == 0 || !x.isFinite ? least : min(max(Int(x.exponent), least), largest)
    return Double(sign: .plus, exponent: exponent - fraction, significand: 1)
  }

  /// How far `actual` lies from `expected`, in ulps of this type at `expected`: 0 for two NaNs or
  /// equal infinities, ∞ if only one of them is not finite.
  ///
  /// A value beyond the largest that this type holds counts as the infinity it would round to.
  public func ulps(from actual: Double, to expected: Double) -> Double {
    if actual.isNaN || expected.isNaN { return actual.isNaN && expected.isNaN ? 0 : .infinity }
    if actual == expected { return 0 }
    let held = rounded(expected)
    if actual.isInfinite || held.isInfinite {
      if actual == held { return 0 }
      // One side just reached infinity where the other just did not.
      let largest = greatestFinite
      let limited = abs(actual.isInfinite ? expected : actual)
      guard actual.sign == expected.sign, expected.isFinite || actual.isFinite else {
        return .infinity
      }
      return limited >= largest * (1 - 4 * relativeStep) ? 1 : .infinity
    }
    return abs(actual - expected) / unitInTheLastPlace(at: expected)
  }

  private var greatestFinite: Double {
    switch self {
    case .float32: Double(Float.greatestFiniteMagnitude)
    case .bfloat16: 0x1.FEp127
    case .float16: 65504
    case .int32: Double(Int32.max)
    case .uint8: 255
    case .bool: 1
    }
  }

  /// The relative distance between 1 and the next value.
  var relativeStep: Double { unitInTheLastPlace(at: 1) }
}

/// How far a value may lie from its reference, and why it may.
public struct Tolerance: Sendable, CustomStringConvertible {
  /// In units in the last place of the type at the expected value.
  public let ulps: Double
  /// In addition, whatever the size of the value: for results of cancellation.
  public let absolute: Double
  /// Why not less.
  public let reason: String

  /// A tolerance with its reason.
  public init(ulps: Double, absolute: Double = 0, reason: String) {
    self.ulps = ulps
    self.absolute = absolute
    self.reason = reason
  }

  /// For words that every device must compute without any difference.
  public static let exact = Tolerance(ulps: 0, reason: "the word is exact")

  /// The figures and the reason.
  public var description: String {
    "\(ulps) ulps\(absolute > 0 ? " and \(absolute)" : "") (\(reason))"
  }

  /// The element that lies furthest outside, or nil if all are within.
  ///
  /// A mismatch of type, shape or number of elements is reported as one of position nil.
  public func mismatch(of actual: ReferenceValue, from expected: ReferenceValue) -> Mismatch? {
    guard actual.shape == expected.shape, actual.dtype == expected.dtype,
      actual.elements.count == expected.elements.count
    else {
      return Mismatch(
        position: nil, actual: .nan, expected: .nan, ulps: .infinity,
        text: "\(actual.dtype) \(actual.shape) where \(expected.dtype) \(expected.shape) is right")
    }
    var worst: Mismatch?
    for (index, (a, e)) in zip(actual.elements, expected.elements).enumerated() {
      let distance = expected.dtype.ulps(from: a, to: e)
      if distance <= ulps || abs(a - e) <= absolute { continue }
      if let worst, worst.ulps >= distance { continue }
      let position = expected.shape.coordinates(of: index)
      worst = Mismatch(
        position: position, actual: a, expected: e, ulps: distance,
        text: "\(a) where \(e) is right, at \(position) of \(expected.dtype) \(expected.shape): "
          + "\(distance) ulps")
    }
    return worst
  }

  /// A value outside its tolerance.
  public struct Mismatch: Error, Hashable, Sendable, CustomStringConvertible {
    /// The coordinates of the element.
    public let position: [Int]?
    /// What was computed.
    public let actual: Double
    /// What the reference says.
    public let expected: Double
    /// The distance.
    public let ulps: Double
    let text: String
    /// One sentence.
    public var description: String { text }
  }
}

extension Shape {
  /// The coordinates of an element by its row-major position.
  func coordinates(of index: Int) -> [Int] {
    zip(strides, dimensions).map { index / max($0, 1) % max($1, 1) }
  }
}
