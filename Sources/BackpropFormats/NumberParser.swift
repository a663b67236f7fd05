// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Decimal numbers read from bytes: `-12`, `.5`, `3.`, `6.02e23`; also `inf` and `infinity` with a
/// sign or none, in any case. No hexadecimal, no separators of thousands, no decimal comma.
///
/// The result is the nearest `Double` always. A short number takes a path without allocation:
/// a whole number below 2^53 times or over a power of ten up to 10^22 is rounded once (W. D.
/// Clinger, "How to read floating point numbers accurately", 1990).
package enum NumberParser {
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// The number that all of `bytes` spell, or nil where they spell none.
  package static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    let count = bytes.count
    var index = 0
    var isNegative = false
    if index < count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
      isNegative = bytes[index] == UInt8(ascii: "-")
      index += 1
    }
    let start = index
    var mantissa: UInt64 = 0
    var digits = 0
    var fraction = 0
    var sawDot = false
    var isShort = true
    while index < count {
      let digit = bytes[index] &- UInt8(ascii: "0")
      if digit < 10 {
        digits += 1
        if mantissa < 1_000_000_000_000_000_000 {
          mantissa = mantissa &* 10 &+ UInt64(digit)
        } else {
          isShort = false
        }
        if sawDot { fraction += 1 }
      } else if bytes[index] == UInt8(ascii: ".") && !sawDot {
        sawDot = true
      } else {
        break
      }
      index += 1
    }
    if digits == 0 { return word(bytes, from: start, isNegative: isNegative) }
    var exponent = 0
    if index < count {
      guard bytes[index] | 0x20 == UInt8(ascii: "e") else { return nil }
      index += 1
      var isSmall = false
      if index < count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
        isSmall = bytes[index] == UInt8(ascii: "-")
        index += 1
      }
      guard index < count else { return nil }
      while index < count {
        let digit = bytes[index] &- UInt8(ascii: "0")
        guard digit < 10 else { return nil }
        // Beyond this every number is zero or infinite; keep it from overflowing.
        if exponent < 1_000_000 { exponent = exponent * 10 + Int(digit) }
        index += 1
      }
      if isSmall { exponent = -exponent }
    }
    let scale = exponent - fraction
    if isShort && mantissa <= 1 << 53 && scale >= -22 && scale <= 22 {
      let whole = Double(mantissa)
      let value = scale < 0 ? whole / powers[-scale] : whole * powers[scale]
      return isNegative ? -value : value
    }
    return Double(String(decoding: bytes, as: UTF8.self))
  }

  private static func word(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isNegative: Bool
  ) -> Double? {
    guard bytes.count - start == 3 || bytes.count - start == 8 else { return nil }
    let word = String(decoding: bytes[start...], as: UTF8.self).lowercased()
    guard word == "inf" || word == "infinity" else { return nil }
    return isNegative ? -.infinity : .infinity
  }
}
