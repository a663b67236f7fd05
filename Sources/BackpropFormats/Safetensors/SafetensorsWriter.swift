// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A tensor to be written: what the head says of it, and its bytes when they are needed.
public struct SafetensorsTensor {
  /// The name.
  public let name: String
  /// The type of the elements.
  public let type: SafetensorsType
  /// The size of each axis.
  public let shape: [Int]
  let writeBytes: (inout AtomicFile.Sink) throws(FormatError) -> Void

  /// A tensor whose bytes are at hand.
  public init(name: String, type: SafetensorsType, shape: [Int], bytes: [UInt8]) {
    self.init(name: name, type: type, shape: shape) { (sink) throws(FormatError) in
      try sink.write(bytes)
    }
  }

  /// A tensor whose bytes are written by `body`, so that not all have to be in memory at once.
  public init(
    name: String, type: SafetensorsType, shape: [Int],
    writing body: @escaping (inout AtomicFile.Sink) throws(FormatError) -> Void
  ) {
    self.name = name
    self.type = type
    self.shape = shape
    writeBytes = body
  }
}

/// Writes safetensors files: whole or not at all, the same bytes for the same tensors.
public enum SafetensorsWriter {
  /// Writes the tensors to `path`.
  ///
  /// Tensors with wider elements come first, so that each one is aligned; otherwise they stay in
  /// the given order. Metadata are sorted by key. The data start at a multiple of 8 bytes.
  public static func write(
    _ tensors: [SafetensorsTensor], metadata: [String: String] = [:], to path: String
  ) throws(FormatError) {
    try write(tensors, metadata: metadata, to: path, system: AtomicFile.System())
  }

  package static func write(
    _ tensors: [SafetensorsTensor], metadata: [String: String], to path: String,
    system: AtomicFile.System
  ) throws(FormatError) {
    let order = tensors.enumerated().sorted {
      ($1.element.type.size, $0.offset) < ($0.element.type.size, $1.offset)
    }.map(\.element)
    var header = JSONObject()
    if !metadata.isEmpty {
      header["__metadata__"] = .object(
        JSONObject(metadata.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    var sizes: [Int] = []
    var offset = 0
    for tensor in order {
      let size = checkedElementCount(tensor.shape).map { $0 * tensor.type.size }
      guard let size, tensor.name != "__metadata__", header[tensor.name] == nil else {
        throw FormatError(
          file: path, position: .entry(tensor.name),
          what: "the name is taken or the shape \(tensor.shape) is impossible",
          remedy: "give each tensor a name of its own")
      }
      header[tensor.name] = [
        "dtype": .string(tensor.type.rawValue),
        "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": [.integer(offset), .integer(offset + size)],
      ]
      sizes.append(size)
      offset += size
    }
    var json = [UInt8](try JSONValue.object(header).text().utf8)
    json += [UInt8](repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
    try AtomicFile.write(to: path, system: system) { (sink) throws(FormatError) in
      try sink.write(length + json)
      for (tensor, size) in zip(order, sizes) {
        let before = sink.count
        try tensor.writeBytes(&sink)
        guard sink.count - before == size else {
          throw FormatError(
            file: path, position: .entry(tensor.name),
            what: "\(sink.count - before) bytes were written for a shape that needs \(size)",
            remedy: "give as many bytes as the shape \(tensor.shape) has")
        }
      }
    }
  }
}
