// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The type of a tensor's elements.
public enum DType: UInt8, Sendable, CaseIterable, CustomStringConvertible {
  /// IEEE 754 single precision, the default.
  case float32
  /// The upper half of a float32: 8 exponent bits, 7 fraction bits.
  case bfloat16
  /// IEEE 754 half precision.
  case float16
  /// 32-bit signed integers: indices, labels, counts.
  case int32
  /// Bytes: images as they are stored.
  case uint8
  /// Truth values, one byte each.
  case bool

  /// Bytes that one element takes in memory.
  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .bfloat16, .float16: 2
    case .uint8, .bool: 1
    }
  }

  /// Whether gradients flow through tensors of this type.
  public var isFloatingPoint: Bool {
    switch self {
    case .float32, .bfloat16, .float16: true
    case .int32, .uint8, .bool: false
    }
  }

  /// The name used in text, e.g. `float32`.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .bfloat16: "bfloat16"
    case .float16: "float16"
    case .int32: "int32"
    case .uint8: "uint8"
    case .bool: "bool"
    }
  }

  /// The type in which two operands of a binary operation meet.
  ///
  /// bool < uint8 < int32 < float16, bfloat16 < float32; float16 and bfloat16 meet in float32.
  /// A Swift literal never widens a floating-point tensor: `x * 0.5` keeps the type of `x`.
  public static func promoted(_ a: DType, _ b: DType) -> DType {
    if a == b { return a }
    if a.rank == b.rank { return .float32 }
    return a.rank > b.rank ? a : b
  }

  private var rank: Int {
    switch self {
    case .bool: 0
    case .uint8: 1
    case .int32: 2
    case .float16, .bfloat16: 3
    case .float32: 4
    }
  }
}

extension Float {
  /// The nearest bfloat16, ties to even; NaN stays NaN.
  package var roundedToBFloat16: Float {
    if isNaN { return Float(bitPattern: (bitPattern & 0xFFFF_0000) | 0x0040_0000) }
    let bias = 0x7FFF + ((bitPattern >> 16) & 1)
    return Float(bitPattern: (bitPattern &+ bias) & 0xFFFF_0000)
  }
}
