// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Cuts the bytes of a table into fields. Doubled quotes are made single in place.
struct CSVParser {
  /// The longest field, in bytes: its length is kept in 24 bits.
  static let longestField = 1 << 24 - 1
  private(set) var delimiter: UInt8
  private(set) var spans: [UInt64] = []
  private(set) var lines: [Int] = []
  private(set) var width = 0
  private let file: String
  private let options: CSVOptions
  private var line = 1
  private var skipped = 0

  private let mostRows: Int

  init(file: String, options: CSVOptions, mostRows: Int) {
    self.mostRows = mostRows
    self.file = file
    self.options = options
    delimiter = options.delimiter ?? UInt8(ascii: ",")
  }

  mutating func parse(_ bytes: inout [UInt8]) throws(FormatError) {
    guard bytes.count < 1 << 40 else {
      throw FormatError(file: file, what: "the file is larger than 1 TiB", remedy: "split it")
    }
    if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
      throw FormatError(
        file: file, position: .byte(0), what: "the text is UTF-16",
        remedy: "save the table as UTF-8")
    }
    let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    try bytes.withUnsafeMutableBufferPointer { (buffer) throws(FormatError) in
      if options.delimiter == nil {
        delimiter = CSVDelimiter.detect(UnsafeBufferPointer(buffer), from: start, options)
      }
      try cut(buffer, from: start)
    }
  }

  /// What a byte is while a field without quotes is read.
  private enum Kind {
    static let ordinary: UInt8 = 0
    static let delimiter: UInt8 = 1
    static let lineFeed: UInt8 = 2
    static let carriageReturn: UInt8 = 3
    static let zero: UInt8 = 4
  }

  private mutating func cut(
    _ bytes: UnsafeMutableBufferPointer<UInt8>, from start: Int
  ) throws(FormatError) {
    var kinds = [UInt8](repeating: Kind.ordinary, count: 256)
    kinds[0] = Kind.zero
    kinds[Int(UInt8(ascii: "\n"))] = Kind.lineFeed
    kinds[Int(UInt8(ascii: "\r"))] = Kind.carriageReturn
    kinds[Int(delimiter)] = Kind.delimiter
    try kinds.withUnsafeBufferPointer { (kinds) throws(FormatError) in
      var index = start
      while index < bytes.count && lines.count < mostRows {
        if bytes[index] == options.comment {
          while index < bytes.count, bytes[index] != 0x0a, bytes[index] != 0x0d { index += 1 }
          if index < bytes.count { endLine(bytes, &index) }
        } else {
          try cutRecord(bytes, kinds, &index)
        }
      }
    }
  }

  private mutating func cutRecord(
    _ bytes: UnsafeMutableBufferPointer<UInt8>, _ kinds: UnsafeBufferPointer<UInt8>,
    _ index: inout Int
  ) throws(FormatError) {
    let count = bytes.count
    let firstSpan = spans.count
    let firstByte = index
    let firstLine = line
    var sawQuote = false
    record: while true {
      if options.trimsBlanks { while index < count && isBlank(bytes[index]) { index += 1 } }
      if index < count, let quote = options.quote, bytes[index] == quote {
        sawQuote = true
        try cutQuoted(bytes, quote, &index)
      } else {
        let from = index
        while index < count && kinds[Int(bytes[index])] == Kind.ordinary { index += 1 }
        var end = index
        if options.trimsBlanks { while end > from && isBlank(bytes[end - 1]) { end -= 1 } }
        try append(from, end)
      }
      guard index < count else { break record }
      switch kinds[Int(bytes[index])] {
      case Kind.delimiter:
        index += 1
      case Kind.zero:
        throw FormatError(
          file: file, position: .line(line), what: "a zero byte; this is no text",
          remedy: "save the table as UTF-8 text")
      default:
        endLine(bytes, &index)
        break record
      }
    }
    let fields = spans.count - firstSpan
    if fields == 1 && !sawQuote && spans[firstSpan] & 0xff_ffff == 0 {
      spans.removeLast()
      return
    }
    if skipped < options.skippedRows {
      skipped += 1
      spans.removeSubrange(firstSpan...)
      return
    }
    if lines.isEmpty {
      width = fields
      let rows = bytes.count / max(1, index - firstByte) + 1
      spans.reserveCapacity(min(rows * fields, bytes.count / 2))
      lines.reserveCapacity(min(rows, bytes.count / 2))
    }
    lines.append(firstLine)
    guard fields == width else {
      let mark = delimiter == UInt8(ascii: "\t") ? "tab" : String(UnicodeScalar(delimiter))
      throw FormatError(
        file: file, position: .line(firstLine),
        what: "\(fields) \(fields == 1 ? "field" : "fields") where line \(lines[0]) has \(width)",
        remedy: "check the delimiter (\(mark)) and quote fields that contain it")
    }
  }

  /// Reads a quoted field; `index` is at its opening quote and ends behind the blanks after it.
  private mutating func cutQuoted(
    _ bytes: UnsafeMutableBufferPointer<UInt8>, _ quote: UInt8, _ index: inout Int
  ) throws(FormatError) {
    let count = bytes.count
    let firstLine = line
    index += 1
    let from = index
    var end = index
    while true {
      guard index < count else {
        throw FormatError(
          file: file, position: .line(firstLine), what: "a quoted field is never closed",
          remedy: "close it, or read the file without quotes")
      }
      let byte = bytes[index]
      if byte == quote {
        guard index + 1 < count && bytes[index + 1] == quote else { break }
        index += 1
      } else if byte == UInt8(ascii: "\n") {
        line += 1
      } else if byte == UInt8(ascii: "\r") {
        if index + 1 >= count || bytes[index + 1] != UInt8(ascii: "\n") { line += 1 }
      }
      if end != index { bytes[end] = byte }
      end += 1
      index += 1
    }
    index += 1
    while index < count && isBlank(bytes[index]) { index += 1 }
    if index < count {
      let byte = bytes[index]
      guard byte == delimiter || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
        throw FormatError(
          file: file, position: .line(line), what: "text follows the closing quote of a field",
          remedy: "double the quotes inside a quoted field")
      }
    }
    try append(from, end)
  }

  private mutating func append(_ from: Int, _ end: Int) throws(FormatError) {
    guard end - from <= CSVParser.longestField else {
      throw FormatError(
        file: file, position: .line(line), what: "a field is longer than 16 MiB",
        remedy: "look for a quote that is never closed")
    }
    spans.append(UInt64(from) << 24 | UInt64(end - from))
  }

  private mutating func endLine(
    _ bytes: UnsafeMutableBufferPointer<UInt8>, _ index: inout Int
  ) {
    let isPair =
      bytes[index] == UInt8(ascii: "\r") && index + 1 < bytes.count
      && bytes[index + 1] == UInt8(ascii: "\n")
    index += isPair ? 2 : 1
    line += 1
  }

  private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || (byte == UInt8(ascii: "\t") && delimiter != byte)
  }
}

/// Which byte stands between the fields.
enum CSVDelimiter {
  /// Looks at the first 50 lines: the delimiter is the first of tab, semicolon and comma that
  /// occurs equally often, and at least once, in all of them; else the one most frequent in the
  /// first line; else a comma. (A semicolon before a comma: a file with decimal commas.)
  static func detect(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ options: CSVOptions
  ) -> UInt8 {
    let candidates = [UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: ",")]
    let end = min(bytes.count, start + 1 << 16)
    var records: [[Int]] = []
    var counts = [0, 0, 0]
    var isQuoted = false
    var isEmpty = true
    var index = start
    while index < end && records.count < 50 {
      let byte = bytes[index]
      if isEmpty && byte == options.comment {
        while index < end, bytes[index] != 0x0a, bytes[index] != 0x0d { index += 1 }
        continue
      }
      if byte == options.quote { isQuoted.toggle() }
      let isBreak = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
      if isBreak && !isQuoted {
        if !isEmpty { records.append(counts) }
        (counts, isEmpty) = ([0, 0, 0], true)
      } else {
        isEmpty = false
        if !isQuoted, let which = candidates.firstIndex(of: byte) { counts[which] += 1 }
      }
      index += 1
    }
    if !isEmpty && (end == bytes.count || records.isEmpty) && records.count < 50 {
      records.append(counts)
    }
    guard let first = records.first else { return UInt8(ascii: ",") }
    for which in 0..<3 where first[which] > 0 {
      if records.allSatisfy({ $0[which] == first[which] }) { return candidates[which] }
    }
    let most = (0..<3).max { first[$0] < first[$1] } ?? 2
    return first[most] > 0 ? candidates[most] : UInt8(ascii: ",")
  }
}
