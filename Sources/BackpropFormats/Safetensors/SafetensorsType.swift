// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The type of a tensor's elements, by its name in a safetensors file.
public enum SafetensorsType: String, Hashable, Sendable, CaseIterable {
  /// IEEE 754 double precision.
  case float64 = "F64"
  /// IEEE 754 single precision.
  case float32 = "F32"
  /// IEEE 754 half precision.
  case float16 = "F16"
  /// The upper half of a float32.
  case bfloat16 = "BF16"
  /// 8 bits: 5 of exponent, 2 of fraction.
  case float8E5M2 = "F8_E5M2"
  /// 8 bits: 4 of exponent, 3 of fraction.
  case float8E4M3 = "F8_E4M3"
  /// Signed, 64 bits.
  case int64 = "I64"
  /// Signed, 32 bits.
  case int32 = "I32"
  /// Signed, 16 bits.
  case int16 = "I16"
  /// Signed, 8 bits.
  case int8 = "I8"
  /// Unsigned, 64 bits.
  case uint64 = "U64"
  /// Unsigned, 32 bits.
  case uint32 = "U32"
  /// Unsigned, 16 bits.
  case uint16 = "U16"
  /// Unsigned, 8 bits.
  case uint8 = "U8"
  /// Truth values, one byte each.
  case bool = "BOOL"

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float8E5M2, .float8E4M3, .int8, .uint8, .bool: 1
    }
  }
}
