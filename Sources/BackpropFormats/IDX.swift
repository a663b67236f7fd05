// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The file format of MNIST: a type, a shape, and the numbers, most significant byte first.
///
/// Layout: two zero bytes, a type byte, the number of axes; a 32-bit size for each axis; the
/// values in row-major order (Y. LeCun, C. Cortes, C. Burges, "The MNIST database").
public struct IDX: Hashable, Sendable {
  /// The type of the values, by its byte in the file.
  public enum ElementType: UInt8, Hashable, Sendable, CaseIterable {
    /// Unsigned, 8 bits.
    case uint8 = 0x08
    /// Signed, 8 bits.
    case int8 = 0x09
    /// Signed, 16 bits.
    case int16 = 0x0b
    /// Signed, 32 bits.
    case int32 = 0x0c
    /// IEEE 754 single precision.
    case float32 = 0x0d
    /// IEEE 754 double precision.
    case float64 = 0x0e

    /// Bytes of one value.
    public var size: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// The type of the values.
  public let type: ElementType
  /// The size of each axis, the outermost first.
  public let shape: [Int]
  /// The values as the file has them: row-major, most significant byte first.
  public let bytes: [UInt8]

  /// Makes the contents of a file; `bytes` must fit the type and the shape.
  public init(type: ElementType, shape: [Int], bytes: [UInt8]) {
    let fits = checkedElementCount(shape).map { $0 * type.size == bytes.count } ?? false
    precondition(fits, "an IDX array of shape \(shape) cannot have \(bytes.count) bytes")
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }

  /// Reads a file, gzipped or not.
  public static func read(
    _ path: String, limit: Int = FileContents.defaultLimit
  ) throws(FormatError) -> IDX {
    try IDX(parsing: try FileContents.expanded(path, limit: limit), file: path)
  }

  /// Type and shape of a file, gzipped or not, without reading its values.
  public static func header(
    ofFile path: String
  ) throws(FormatError) -> (type: ElementType, shape: [Int]) {
    // As long as a header can be.
    var reader = ByteReader(try FileContents.prefix(path, count: 4 + 4 * 255), file: path)
    return try header(&reader)
  }

  /// Reads the bytes of a file; `file` names it in errors. Positions are those of the expanded
  /// bytes.
  public init(parsing contents: consuming [UInt8], file: String) throws(FormatError) {
    var reader = ByteReader(contents, file: file)
    (type, shape) = try IDX.header(&reader)
    let start = reader.position
    let size = checkedElementCount(shape)?.multipliedReportingOverflow(by: type.size)
    guard let size, !size.overflow else {
      throw FormatError(
        file: file, position: .byte(4), what: "the shape \(shape) is larger than any file")
    }
    guard size.partialValue == reader.remaining else {
      throw FormatError(
        file: file, position: .byte(start),
        what: "the shape \(shape) needs \(size.partialValue) bytes, but "
          + "\(reader.remaining) follow",
        remedy: "the file was cut short or damaged; fetch it again")
    }
    contents = []
    var bytes = reader.bytes
    reader = ByteReader([], file: file)
    bytes.removeFirst(start)
    self.bytes = bytes
  }

  private static func header(
    _ reader: inout ByteReader
  ) throws(FormatError) -> (type: ElementType, shape: [Int]) {
    let magic = try reader.bigEndian(2, "the IDX header")
    guard magic == 0 else {
      throw FormatError(
        file: reader.file, position: .byte(0),
        what: "not an IDX file: the first two bytes should be zero",
        remedy: "give the file as it was published, gzipped or not")
    }
    let code = try reader.byte("the IDX header")
    guard let type = ElementType(rawValue: code) else {
      throw FormatError(
        file: reader.file, position: .byte(2), what: "\(code) is no IDX type",
        remedy: "known are 8, 9, 11, 12, 13 and 14")
    }
    let rank = Int(try reader.byte("the IDX header"))
    var shape: [Int] = []
    for _ in 0..<rank { shape.append(Int(try reader.bigEndian(4, "the IDX header"))) }
    return (type, shape)
  }

  /// The bytes of a file with these contents, not compressed.
  public func encoded() -> [UInt8] {
    var output: [UInt8] = [0, 0, type.rawValue, UInt8(shape.count)]
    for size in shape {
      for shift in [24, 16, 8, 0] { output.append(UInt8(truncatingIfNeeded: size >> shift)) }
    }
    return output + bytes
  }

  /// The values as `Double`, in row-major order.
  public func doubles() -> [Double] {
    let size = type.size
    return (0..<bytes.count / size).map { index in
      let bits = bytes[index * size..<(index + 1) * size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return switch type {
      case .uint8: Double(bits)
      case .int8: Double(Int8(truncatingIfNeeded: bits))
      case .int16: Double(Int16(truncatingIfNeeded: bits))
      case .int32: Double(Int32(truncatingIfNeeded: bits))
      case .float32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
      case .float64: Double(bitPattern: bits)
      }
    }
  }
}
