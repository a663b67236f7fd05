// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The binary file format of CIFAR-10: records of one label byte, then the 32x32 red, green and
/// blue planes (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009).
public struct CIFAR: Hashable, Sendable {
  /// Bytes of one record.
  public static let recordSize = 1 + 3 * 1024
  /// The class of each image, 0 to 9.
  public let labels: [UInt8]
  /// pixels: [N, 32, 32, 3] uint8, channels last.
  public let pixels: [UInt8]

  /// Reads a file, gzipped or not.
  public static func read(
    _ path: String, limit: Int = FileContents.defaultLimit
  ) throws(FormatError) -> CIFAR {
    try CIFAR(parsing: try FileContents.expanded(path, limit: limit), file: path)
  }

  /// Reads the bytes of a file; `file` names it in errors.
  public init(parsing contents: [UInt8], file: String) throws(FormatError) {
    let size = CIFAR.recordSize
    guard !contents.isEmpty && contents.count % size == 0 else {
      throw FormatError(
        file: file, position: .byte(contents.count / size * size),
        what: contents.isEmpty
          ? "the file is empty"
          : "\(contents.count) bytes are not whole CIFAR-10 records of \(size)",
        remedy: "fetch the binary version of CIFAR-10 again")
    }
    let count = contents.count / size
    for record in 0..<count where contents[record * size] > 9 {
      throw FormatError(
        file: file, position: .byte(record * size),
        what: "the label \(contents[record * size]) of image \(record) is not 0 to 9",
        remedy: "this is not a CIFAR-10 file in its binary version")
    }
    labels = (0..<count).map { contents[$0 * size] }
    pixels = [UInt8](unsafeUninitializedCapacity: count * 3072) { target, filled in
      contents.withUnsafeBufferPointer { source in
        for record in 0..<count {
          let planes = source.baseAddress! + record * size + 1
          let image = target.baseAddress! + record * 3072
          for pixel in 0..<1024 {
            image[3 * pixel] = planes[pixel]
            image[3 * pixel + 1] = planes[pixel + 1024]
            image[3 * pixel + 2] = planes[pixel + 2048]
          }
        }
      }
      filled = count * 3072
    }
  }
}
