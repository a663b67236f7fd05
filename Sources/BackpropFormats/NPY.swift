// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// An array in NumPy's file format (numpy.lib.format, versions 1.0 to 3.0).
///
/// What is read: `f4 f8 i1 i2 i4 i8 u1 b1`. Arrays stored column by column or with the most
/// significant byte first are turned into row-major order, least significant byte first.
public struct NPY: Hashable, Sendable {
  /// The type of the elements, by its name in the file.
  public enum ElementType: String, Hashable, Sendable, CaseIterable {
    /// IEEE 754 single precision.
    case float32 = "f4"
    /// IEEE 754 double precision.
    case float64 = "f8"
    /// Signed, 8 bits.
    case int8 = "i1"
    /// Signed, 16 bits.
    case int16 = "i2"
    /// Signed, 32 bits.
    case int32 = "i4"
    /// Signed, 64 bits.
    case int64 = "i8"
    /// Unsigned, 8 bits.
    case uint8 = "u1"
    /// Truth values, one byte each.
    case bool = "b1"

    /// Bytes of one element.
    public var size: Int {
      switch self {
      case .int8, .uint8, .bool: 1
      case .int16: 2
      case .float32, .int32: 4
      case .float64, .int64: 8
      }
    }
  }

  /// The type of the elements.
  public let type: ElementType
  /// The size of each axis; empty for a scalar.
  public let shape: [Int]
  /// The elements: row-major, least significant byte first.
  public let bytes: [UInt8]

  /// Makes an array; `bytes` must fit the type and the shape.
  public init(type: ElementType, shape: [Int], bytes: [UInt8]) {
    let fits = checkedElementCount(shape).map { $0 * type.size == bytes.count } ?? false
    precondition(fits, "an array of shape \(shape) cannot have \(bytes.count) bytes")
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }

  /// Reads a file, gzipped or not.
  public static func read(
    _ path: String, limit: Int = FileContents.defaultLimit
  ) throws(FormatError) -> NPY {
    try NPY(parsing: try FileContents.expanded(path, limit: limit), file: path)
  }

  /// Reads the bytes of a file; `file` names it in errors.
  public init(parsing contents: [UInt8], file: String) throws(FormatError) {
    var reader = ByteReader(contents, file: file)
    let magic = try reader.skip(6, "the NPY header")
    guard contents[magic].elementsEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]) else {
      throw FormatError(
        file: file, position: .byte(0), what: "not an NPY file: it does not start with \\x93NUMPY",
        remedy: "save the array with numpy.save")
    }
    let version = try reader.byte("the NPY header")
    _ = try reader.byte("the NPY header")
    guard (1...3).contains(version) else {
      throw FormatError(
        file: file, position: .byte(6), what: "NPY version \(version) is not known",
        remedy: "versions 1 to 3 are read")
    }
    let length = Int(try reader.littleEndian(version == 1 ? 2 : 4, "the NPY header"))
    let range = try reader.skip(length, "the NPY header")
    var header = NPYHeader(contents[range], file: file)
    let description = try header.parse()
    guard let type = description.type else {
      throw FormatError(
        file: file, position: .byte(range.lowerBound),
        what: "elements of type '\(description.typeName)' are not read",
        remedy: "save one of f4, f8, i1, i2, i4, i8, u1, b1")
    }
    let shape = description.shape
    let size = checkedElementCount(shape)?.multipliedReportingOverflow(by: type.size)
    guard let size, !size.overflow, size.partialValue == reader.remaining else {
      throw FormatError(
        file: file, position: .byte(range.upperBound),
        what: "the shape \(shape) of \(description.typeName) does not fit the "
          + "\(reader.remaining) bytes that follow",
        remedy: "the file was cut short or damaged; write it again")
    }
    var bytes = Array(contents[range.upperBound...])
    if description.isBigEndian && type.size > 1 {
      for start in stride(from: 0, to: bytes.count, by: type.size) {
        bytes[start..<start + type.size].reverse()
      }
    }
    if description.isFortran && shape.count > 1 {
      bytes = NPY.rowMajor(bytes, shape: shape, size: type.size)
    }
    if type == .bool, let wrong = bytes.firstIndex(where: { $0 > 1 }) {
      throw FormatError(
        file: file, position: .byte(range.upperBound + wrong),
        what: "\(bytes[wrong]) is no truth value")
    }
    self.type = type
    self.shape = shape
    self.bytes = bytes
  }

  /// The bytes of a file with this array, version 1.0 (2.0 where the header needs it).
  public func encoded() -> [UInt8] {
    let order = type.size == 1 ? "|" : "<"
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    let tuple = shape.count > 1 ? String(sizes.dropLast()) : sizes
    var header = "{'descr': '\(order)\(type.rawValue)', 'fortran_order': False, "
    header += "'shape': (\(tuple)), }"
    let isLong = header.utf8.count > 65_000
    let prefix = isLong ? 12 : 10
    header += String(repeating: " ", count: 63 - (prefix + header.utf8.count) % 64) + "\n"
    let count = header.utf8.count
    var output: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, isLong ? 2 : 1, 0]
    for shift in 0..<(isLong ? 4 : 2) {
      output.append(UInt8(truncatingIfNeeded: count >> (8 * shift)))
    }
    return output + Array(header.utf8) + bytes
  }

  /// The elements as `Double`, in row-major order.
  public func doubles() -> [Double] {
    bytes.withUnsafeBytes { raw in
      (0..<bytes.count / type.size).map { index in
        func load<T: BitwiseCopyable>(_ type: T.Type) -> T {
          raw.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: type)
        }
        return switch type {
        case .float32: Double(Float(bitPattern: UInt32(littleEndian: load(UInt32.self))))
        case .float64: Double(bitPattern: UInt64(littleEndian: load(UInt64.self)))
        case .int8: Double(load(Int8.self))
        case .int16: Double(Int16(littleEndian: load(Int16.self)))
        case .int32: Double(Int32(littleEndian: load(Int32.self)))
        case .int64: Double(Int64(littleEndian: load(Int64.self)))
        case .uint8, .bool: Double(load(UInt8.self))
        }
      }
    }
  }

  private static func rowMajor(_ bytes: [UInt8], shape: [Int], size: Int) -> [UInt8] {
    var output = bytes
    var index = [Int](repeating: 0, count: shape.count)
    for target in stride(from: 0, to: bytes.count, by: size) {
      var source = 0
      for axis in shape.indices.reversed() { source = source * shape[axis] + index[axis] }
      for byte in 0..<size { output[target + byte] = bytes[source * size + byte] }
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
        axis -= 1
      }
    }
    return output
  }
}
