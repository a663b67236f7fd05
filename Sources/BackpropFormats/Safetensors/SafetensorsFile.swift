// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A safetensors file opened for reading: the head is read and checked at once, each tensor when
/// it is asked for.
public struct SafetensorsFile: Sendable {
  /// One tensor of the file.
  public struct Entry: Hashable, Sendable {
    /// The name.
    public let name: String
    /// The type of the elements.
    public let type: SafetensorsType
    /// The size of each axis, the outermost first; empty for a scalar.
    public let shape: [Int]
    /// Where the elements are in the file: row-major, least significant byte first.
    public let byteRange: Range<Int>
  }

  /// The path, for errors.
  public let path: String
  /// The tensors in the order of the head.
  public let entries: [Entry]
  /// The texts the writer added.
  public let metadata: [String: String]
  private let file: OpenFile
  private let index: [String: Int]

  /// Opens a file and checks its head.
  public init(_ path: String) throws(FormatError) {
    self.path = path
    file = try OpenFile(path)
    guard file.isRegular, file.size >= 8 else {
      throw FormatError(
        file: path, what: "\(file.size) bytes are too few for a safetensors file",
        remedy: "it was cut short; fetch or write it again")
    }
    let length = try file.bytes(0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(SafetensorsHeader.longest) else {
      throw FormatError(
        file: path, position: .byte(0),
        what: "the header claims \(length) bytes, more than the limit of "
          + "\(SafetensorsHeader.longest)", remedy: "this is no safetensors file")
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= file.size else {
      throw FormatError(
        file: path, position: .byte(file.size),
        what: "the file ends inside its header of \(length) bytes",
        remedy: "it was cut short; fetch or write it again")
    }
    let header = try SafetensorsHeader(
      json: try file.bytes(8..<dataStart), dataStart: dataStart, size: file.size, file: path)
    entries = header.entries
    metadata = header.metadata
    index = Dictionary(uniqueKeysWithValues: header.entries.enumerated().map { ($1.name, $0) })
  }

  /// The names of the tensors, in the order of the head.
  public var names: [String] { entries.map(\.name) }

  /// The tensor of that name, if there is one.
  public func entry(_ name: String) -> Entry? { index[name].map { entries[$0] } }

  /// Reads the elements of a tensor.
  public func bytes(_ name: String) throws(FormatError) -> [UInt8] {
    try file.bytes(try need(name).byteRange)
  }

  /// Reads the elements of a tensor into memory of just that size.
  public func read(
    _ name: String, into target: UnsafeMutableRawBufferPointer
  ) throws(FormatError) {
    let entry = try need(name)
    precondition(
      target.count == entry.byteRange.count,
      "'\(name)' has \(entry.byteRange.count) bytes, the target \(target.count)")
    try file.read(at: entry.byteRange.lowerBound, into: target)
  }

  private func need(_ name: String) throws(FormatError) -> Entry {
    if let entry = entry(name) { return entry }
    let near = nearestName(to: name, among: names)
    throw FormatError(
      file: path, position: .entry(name), what: "there is no such tensor",
      remedy: near.map { "did you mean '\($0)'?" } ?? "the file has \(entries.count) others")
  }
}
