// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// Text files, read whole: UTF-8, gzipped or not.
public enum TextFile {
  /// The text of a file. A byte-order mark is dropped, and line ends become `\n`.
  ///
  /// - Throws: a ``DataError`` with the line of the first byte that is no UTF-8.
  public static func read(_ path: String) throws -> String {
    try decode(try FileContents.expanded(path), source: path)
  }

  /// The text of bytes; see ``read(_:)``.
  public static func decode(_ bytes: [UInt8], source: String) throws(DataError) -> String {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let content = bytes.starts(with: mark) ? bytes[3...] : bytes[...]
    guard let text = String(validating: content, as: UTF8.self) else {
      throw wrongByte(in: content, source)
    }
    guard content.contains(0x0D) else { return text }
    // By scalars: "\r\n" is one Character, which replacing "\r" would not find.
    var clean = String.UnicodeScalarView()
    var isAfterReturn = false
    for scalar in text.unicodeScalars {
      if scalar == "\r" {
        clean.append("\n")
      } else if scalar != "\n" || !isAfterReturn {
        clean.append(scalar)
      }
      isAfterReturn = scalar == "\r"
    }
    return String(clean)
  }

  private static func wrongByte(in bytes: ArraySlice<UInt8>, _ source: String) -> DataError {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var line = 1
    decoding: while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): if scalar == "\n" { line += 1 }
      case .emptyInput, .error: break decoding
      }
    }
    return DataError(
      source: source, line: line, what: "there are bytes that are no UTF-8",
      remedy: "convert the file, for example with 'iconv -f LATIN1 -t UTF-8'")
  }
}
