// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Bytes read one after the other, each read checked against what is left.
struct ByteReader {
  let bytes: [UInt8]
  let file: String
  private(set) var position = 0

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  var remaining: Int { bytes.count - position }

  mutating func byte(_ what: String) throws(FormatError) -> UInt8 {
    try need(1, what)
    defer { position += 1 }
    return bytes[position]
  }

  /// An unsigned number of `size` bytes, at most 8, the most significant byte first.
  mutating func bigEndian(_ size: Int, _ what: String) throws(FormatError) -> UInt64 {
    try need(size, what)
    defer { position += size }
    return bytes[position..<position + size].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// An unsigned number of `size` bytes, at most 8, the least significant byte first.
  mutating func littleEndian(_ size: Int, _ what: String) throws(FormatError) -> UInt64 {
    try need(size, what)
    defer { position += size }
    return bytes[position..<position + size].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Skips `count` bytes and returns their range.
  mutating func skip(_ count: Int, _ what: String) throws(FormatError) -> Range<Int> {
    try need(count, what)
    defer { position += count }
    return position..<position + count
  }

  private func need(_ count: Int, _ what: String) throws(FormatError) {
    guard count >= 0 && count <= remaining else {
      throw FormatError(
        file: file, position: .byte(bytes.count), what: "the file ends inside \(what)",
        remedy: "it was cut short; fetch or write it again")
    }
  }
}

/// The number of elements of a shape, or nil where a size is negative or the product overflows.
package func checkedElementCount(_ shape: [Int]) -> Int? {
  // A zero anywhere makes the product zero, even beside sizes that overflow.
  if shape.contains(where: { $0 < 0 }) { return nil }
  if shape.contains(0) { return 0 }
  var count = 1
  for size in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: size)
    if overflow { return nil }
    count = product
  }
  return count
}
