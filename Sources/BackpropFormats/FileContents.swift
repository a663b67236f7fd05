// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Whole files, read as they are or expanded.
public enum FileContents {
  /// The most bytes a file may have, expanded, unless the caller says otherwise: 16 GiB.
  public static let defaultLimit = 16 << 30

  /// Reads a whole file as it is. A pipe works too.
  public static func read(
    _ path: String, limit: Int = defaultLimit
  ) throws(FormatError) -> [UInt8] {
    let file = try OpenFile(path)
    guard file.size <= limit else { throw tooLarge(path, limit) }
    if file.isRegular && file.size > 0 { return try file.bytes(0..<file.size) }
    // A pipe, or a file of the kernel that claims to be empty: read until it ends.
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      var failure: FormatError?
      var count = 0
      chunk.withUnsafeMutableBytes { buffer in
        do throws(FormatError) { count = try file.next(into: buffer) } catch { failure = error }
      }
      if let failure { throw failure }
      guard count > 0 else { return bytes }
      guard bytes.count + count <= limit else { throw tooLarge(path, limit) }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// Reads a whole file and expands it if its first bytes, not its name, say that it is gzip.
  public static func expanded(
    _ path: String, limit: Int = defaultLimit
  ) throws(FormatError) -> [UInt8] {
    let bytes = try read(path, limit: limit)
    return Gzip.isGzip(bytes) ? try Gzip.expand(bytes, file: path, limit: limit) : bytes
  }

  /// Reads at most `count` bytes from the start of a file, expanded if it is gzip.
  package static func prefix(_ path: String, count: Int) throws(FormatError) -> [UInt8] {
    var magic = [UInt8](repeating: 0, count: 2)
    let plain = try OpenFile(path)
    let got = try magic.withUnsafeMutableBufferPointer { (buffer) throws(FormatError) in
      try plain.next(into: UnsafeMutableRawBufferPointer(buffer))
    }
    guard Gzip.isGzip(Array(magic[..<got])) else {
      return try plain.bytes(0..<min(count, plain.size))
    }
    let reader = try GzipReader(path)
    var bytes = [UInt8](repeating: 0, count: count)
    let filled = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(FormatError) in
      try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
    return Array(bytes[..<filled])
  }

  private static func tooLarge(_ path: String, _ limit: Int) -> FormatError {
    FormatError(
      file: path, what: "larger than the limit of \(limit) bytes", remedy: "raise the limit")
  }
}
