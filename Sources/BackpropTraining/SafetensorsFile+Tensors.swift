// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropFormats
package import BackpropGraph

extension SafetensorsFile {
  /// Reads one tensor. float64 becomes float32; int64 and the other integers become int32.
  ///
  /// - Throws: a `FormatError` if it cannot be read, or has a type that is not supported.
  package func tensor(_ entry: Entry) throws -> Tensor {
    guard entry.shape.count <= Shape.maximumRank, entry.shape.allSatisfy({ $0 <= Int32.max })
    else {
      throw FormatError(
        file: path, position: .entry(entry.name),
        what: "the shape \(entry.shape) has more than 8 axes, or an axis above 2³¹ − 1",
        remedy: "split the tensor")
    }
    let shape = Shape(entry.shape)
    if let dtype = DType(entry.type) {
      let buffer = HostBuffer(byteCount: entry.byteRange.count)
      try read(
        entry.name,
        into: UnsafeMutableRawBufferPointer(start: buffer.pointer, count: entry.byteRange.count))
      return Tensor(buffer: buffer, shape: shape, dtype: dtype)
    }
    let bytes = try self.bytes(entry.name)
    switch entry.type {
    case .float64: return Tensor(bytes.elements(Double.self).map(Float.init), shape: shape)
    case .int64: return integers(bytes, Int64.self, shape)
    case .int16: return integers(bytes, Int16.self, shape)
    case .int8: return integers(bytes, Int8.self, shape)
    case .uint16: return integers(bytes, UInt16.self, shape)
    case .uint32: return integers(bytes, UInt32.self, shape)
    case .float32, .float16, .bfloat16, .int32, .uint8, .bool, .uint64, .float8E5M2, .float8E4M3:
      throw FormatError(
        file: path, position: .entry(entry.name),
        what: "elements of type \(entry.type.rawValue) are not supported",
        remedy: "convert the tensor to float32 or int32 first")
    }
  }

  private func integers<Element: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: [UInt8], _ type: Element.Type, _ shape: Shape
  ) -> Tensor {
    Tensor(bytes.elements(type).map { Int32(clamping: $0) }, shape: shape)
  }
}

extension [UInt8] {
  /// The bytes as numbers of another type, the least significant byte first.
  fileprivate func elements<Number: BitwiseCopyable>(_ type: Number.Type) -> [Number] {
    withUnsafeBytes { bytes in
      (0..<(count / MemoryLayout<Number>.size)).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: type)
      }
    }
  }
}

extension DType {
  fileprivate init?(_ type: SafetensorsType) {
    switch type {
    case .float32: self = .float32
    case .bfloat16: self = .bfloat16
    case .float16: self = .float16
    case .int32: self = .int32
    case .uint8: self = .uint8
    case .bool: self = .bool
    case .float64, .float8E5M2, .float8E4M3, .int64, .int16, .int8, .uint64, .uint32, .uint16:
      return nil
    }
  }
}
