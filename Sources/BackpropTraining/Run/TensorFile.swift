// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropFormats
package import BackpropGraph
import BackpropRuntime

/// Tensors to and from safetensors files, bit for bit.
package enum TensorFile {
  /// Writes evaluated tensors under their names; the file is whole or not there.
  package static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:],
    to path: String
  ) throws {
    try evaluate(tensors.map(\.tensor))
    let entries = try tensors.map { name, tensor in
      let buffer = try tensor.hostBuffer()
      let byteCount = tensor.count * tensor.dtype.byteCount
      return SafetensorsTensor(
        name: name, type: SafetensorsType(tensor.dtype), shape: tensor.shape.dimensions
      ) { (sink) throws(FormatError) in
        try sink.write(UnsafeRawBufferPointer(start: buffer.pointer, count: byteCount))
      }
    }
    try SafetensorsWriter.write(entries, metadata: metadata, to: path)
  }

  /// Reads a tensor that must have a shape and a type.
  package static func read(
    _ name: String, shape: Shape, dtype: DType, from file: SafetensorsFile
  ) throws -> Tensor {
    guard let entry = file.entry(name) else {
      throw FormatError(
        file: file.path, position: .entry(name), what: "there is no such tensor",
        remedy: "the file belongs to another model; train again")
    }
    guard entry.shape == shape.dimensions, entry.type == SafetensorsType(dtype) else {
      throw FormatError(
        file: file.path, position: .entry(name),
        what: "the shape is \(entry.shape) \(entry.type.rawValue), and the model needs \(shape) "
          + "\(dtype)", remedy: "the file belongs to another model; train again")
    }
    let buffer = HostBuffer(byteCount: entry.byteRange.count)
    try file.read(
      name,
      into: UnsafeMutableRawBufferPointer(start: buffer.pointer, count: entry.byteRange.count))
    return Tensor(buffer: buffer, shape: shape, dtype: dtype)
  }
}

extension SafetensorsType {
  fileprivate init(_ dtype: DType) {
    switch dtype {
    case .float32: self = .float32
    case .bfloat16: self = .bfloat16
    case .float16: self = .float16
    case .int32: self = .int32
    case .uint8: self = .uint8
    case .bool: self = .bool
    }
  }
}
