// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
import BackpropRuntime

/// The value of a tensor as the reference interpreter holds it: `Double`s in row-major order,
/// whatever the type. Truth values are 0 and 1.
public struct ReferenceValue: Sendable, CustomStringConvertible {
  /// The sizes of the axes.
  public let shape: Shape
  /// The type whose values the elements are.
  public let dtype: DType
  /// The elements in row-major order.
  public var elements: [Double]

  /// A value of a shape and type.
  ///
  /// - Parameter elements: as many as the shape has, in row-major order.
  public init(_ shape: Shape, _ dtype: DType, _ elements: [Double]) {
    precondition(
      elements.isEmpty || elements.count == shape.count,
      "\(elements.count) elements for the shape \(shape)")
    self.shape = shape
    self.dtype = dtype
    self.elements = elements
  }

  /// Type, shape and up to eight elements.
  public var description: String {
    let shown = elements.prefix(8).map { "\($0)" }.joined(separator: ", ")
    return "\(dtype) \(shape) [\(shown)\(elements.count > 8 ? ", …" : "")]"
  }

  /// The value that a node holds in host memory.
  init(reading node: Node) throws {
    guard let buffer = node.value as? HostBuffer else {
      throw RuntimeError(
        what: "a \(node.dtype) tensor of shape \(node.shape) is not in host memory",
        remedy: "evaluate it on the CPU before comparing")
    }
    self.init(
      node.shape, node.dtype, ReferenceValue.decoded(buffer, node.dtype, count: node.shape.count))
  }

  private static func decoded(_ buffer: HostBuffer, _ dtype: DType, count: Int) -> [Double] {
    switch dtype {
    case .float32:
      buffer.withElements(count: count) { (all: UnsafeBufferPointer<Float>) in all.map(Double.init)
      }
    case .bfloat16:
      buffer.withElements(count: count) { (all: UnsafeBufferPointer<UInt16>) in
        all.map { Double(Float(bitPattern: UInt32($0) << 16)) }
      }
    case .float16:
      buffer.withElements(count: count) { (all: UnsafeBufferPointer<UInt16>) in
        all.map(half)
      }
    case .int32:
      buffer.withElements(count: count) { (all: UnsafeBufferPointer<Int32>) in all.map(Double.init)
      }
    case .uint8, .bool:
      buffer.withElements(count: count) { (all: UnsafeBufferPointer<UInt8>) in all.map(Double.init)
      }
    }
  }

  /// The number that a float16's bits stand for (IEEE 754 binary16).
  private static func half(_ bits: UInt16) -> Double {
    let sign: Double = bits >> 15 == 1 ? -1 : 1
    let exponent = Int(bits >> 10 & 31)
    let fraction = Double(bits & 1023) / 1024
    switch exponent {
    case 0: return sign * fraction * 0x1p-14
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default:
      let power = Double(sign: .plus, exponent: exponent - 15, significand: 1)
      return sign * (1 + fraction) * power
    }
  }
}

extension DType {
  /// `x` as this type holds it: floats rounded to nearest, ties to even; integers, which are
  /// whole already, wrapped around; truth values 0 or 1.
  package func rounded(_ x: Double) -> Double {
    switch self {
    case .float32: Double(Float(x))
    // Devices compute narrow types in float32 and round what they store.
    case .bfloat16: DType.rounded(Double(Float(x)), fraction: 7, least: -126, largest: 127)
    case .float16: DType.rounded(Double(Float(x)), fraction: 10, least: -14, largest: 15)
    case .int32: Double(Int32(truncatingIfNeeded: Int64(x)))
    case .uint8: Double(UInt8(truncatingIfNeeded: Int64(x)))
    case .bool: x == 0 ? 0 : 1
    }
  }

  /// To a binary float with so many fraction bits and exponents from `least` to `largest`.
  private static func rounded(_ x: Double, fraction: Int, least: Int, largest: Int) -> Double {
    if x == 0 || !x.isFinite { return x }
    let exponent = max(Int(x.exponent), least)
    let quantum = Double(sign: .plus, exponent: exponent - fraction, significand: 1)
    let result = (x / quantum).rounded(.toNearestOrEven) * quantum
    let limit = Double(sign: .plus, exponent: largest + 1, significand: 1)
    return result.magnitude >= limit ? Double(signOf: x, magnitudeOf: .infinity) : result
  }

  /// An element of this type as an element of another, before rounding: floats become integers by
  /// dropping the fraction, saturate, and NaN is 0; anything but 0 is true.
  func converted(_ x: Double, to target: DType) -> Double {
    switch target {
    case .float32, .bfloat16, .float16: return x
    case .int32:
      guard isFloatingPoint else { return x }
      return x.isNaN ? 0 : min(max(x.rounded(.towardZero), -0x1p31), 0x1p31 - 1)
    case .uint8:
      return DType.int32.rounded(converted(x, to: .int32))
    case .bool: return x == 0 ? 0 : 1
    }
  }
}

extension ReferenceValue {
  /// The elements; a single number as often as needed.
  func repeated(_ count: Int) -> [Double] {
    elements.count == 1 && count != 1
      ? [Double](repeating: elements[0], count: count) : elements
  }
}
