// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Labeled time series of the UCR/UEA archive (H. A. Dau et al., "The UCR time series archive", 2019;
/// A. Bagnall et al., "The UEA multivariate time series classification archive", 2018), in either of
/// its two forms.
///
/// - `.ts`: comments `#`, headers `@…`, then after `@data` a case on each line: channels separated
///   by `:`, values by `,`, the label last. Headers that are read are `@timeStamps` (false only),
///   `@missing`, `@univariate`, `@dimensions`, `@equalLength`, `@seriesLength` and `@classLabel`;
///   what they say of the cases is checked. Others are passed over.
/// - text: a case of one channel on each line: the label, then as many values on each line,
///   separated by blanks, tabs or commas. Values that are missing up to the end of a line stand for
///   a shorter series.
///
/// A missing value is `?` or `NaN`. Lines end in LF or CR LF.
public struct SeriesFile: Hashable, Sendable {
  /// One series.
  public struct Case: Hashable, Sendable {
    /// The values of each channel, equally many; NaN where one is missing.
    public let channels: [[Float]]
    /// Its class; nil where the file says that it has none.
    public let label: String?
    /// The line of the file, counted from 1.
    public let line: Int

    /// Steps in time.
    public var length: Int { channels[0].count }
  }

  /// The path, for errors.
  public let file: String
  /// The classes that the file declares, in its order; nil where it declares none.
  public let declaredClasses: [String]?
  /// The series, at least one, all with equally many channels.
  public let cases: [Case]

  /// The number of channels of each series.
  public var channelCount: Int { cases[0].channels.count }
  /// The most steps that a series has.
  public var longest: Int { cases.reduce(0) { max($0, $1.length) } }

  /// Reads a file, gzipped or not.
  public static func read(
    _ path: String, limit: Int = FileContents.defaultLimit
  ) throws(FormatError) -> SeriesFile {
    try SeriesFile(parsing: try FileContents.expanded(path, limit: limit), file: path)
  }

  /// Reads the bytes of a file; `file` names it in errors. It is `.ts` if the first line that is
  /// neither empty nor a comment begins with `@`.
  public init(parsing contents: [UInt8], file: String) throws(FormatError) {
    self.file = file
    let lines = SeriesLines(contents, file: file)
    guard let first = lines.all.first else {
      throw FormatError(
        file: file, what: "there are no series", remedy: "give a file with a series on each line")
    }
    if lines.bytes[first.range.lowerBound] == UInt8(ascii: "@") {
      var parser = ArchiveParser(lines)
      cases = try parser.cases()
      declaredClasses = parser.classes
    } else {
      cases = try lines.textCases()
      declaredClasses = nil
    }
  }
}

/// The lines of a file of series that are neither empty nor comments, blanks around them cut off.
struct SeriesLines {
  struct Line {
    let number: Int
    let range: Range<Int>
  }

  let bytes: [UInt8]
  let file: String
  private(set) var all: [Line] = []

  init(_ bytes: [UInt8], file: String) {
    self.file = file
    self.bytes = bytes
    var start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    var number = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      number += 1
      let range = trimmed(start..<end)
      if !range.isEmpty && bytes[range.lowerBound] != UInt8(ascii: "#") {
        all.append(Line(number: number, range: range))
      }
      start = end + 1
    }
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// A range without the blanks at its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high, SeriesLines.isBlank(bytes[low]) { low += 1 }
    while low < high, SeriesLines.isBlank(bytes[high - 1]) { high -= 1 }
    return low..<high
  }

  /// The pieces of a range between bytes of a kind, empty ones too.
  func pieces(_ range: Range<Int>, at separator: UInt8) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    for place in range where bytes[place] == separator {
      pieces.append(trimmed(start..<place))
      start = place + 1
    }
    return pieces + [trimmed(start..<range.upperBound)]
  }

  /// A value: NaN for one that is missing.
  func value(_ range: Range<Int>, line: Int, channel: Int?) throws(FormatError) -> Float {
    if range.count == 1 && bytes[range.lowerBound] == UInt8(ascii: "?") { return .nan }
    let number = bytes.withUnsafeBufferPointer { all in
      NumberParser.parse(UnsafeBufferPointer(rebasing: all[range]))
    }
    if let number, Float(number).isFinite { return Float(number) }
    let text = text(range)
    if text.lowercased() == "nan" { return .nan }
    let place = channel.map { " of channel \($0 + 1)" } ?? ""
    throw wrong(
      line,
      range.isEmpty
        ? "a value\(place) is empty"
        : "the value '\(text)'\(place) is no \(number == nil ? "" : "finite ")number",
      "write a number, or ? for a missing one")
  }

  func wrong(_ line: Int, _ what: String, _ remedy: String = "") -> FormatError {
    FormatError(file: file, position: .line(line), what: what, remedy: remedy)
  }

  /// The cases of the text form.
  func textCases() throws(FormatError) -> [SeriesFile.Case] {
    var cases: [SeriesFile.Case] = []
    var width: Int?
    for line in all {
      let fields = fields(line.range)
      guard fields.count > 1 else {
        throw wrong(
          line.number, "there is a label and no value",
          "write the label, then the values of the series")
      }
      if let width, width != fields.count, let first = all.first {
        throw wrong(
          line.number,
          "\(fields.count - 1) values where line \(first.number) has \(width - 1)",
          "write as many on each line, NaN behind the end of a shorter series")
      }
      width = fields.count
      var values: [Float] = []
      for field in fields[1...] {
        values.append(try value(field, line: line.number, channel: nil))
      }
      while let last = values.last, last.isNaN { values.removeLast() }
      guard !values.isEmpty else {
        throw wrong(line.number, "all values are missing", "leave the series out")
      }
      cases.append(
        SeriesFile.Case(channels: [values], label: label(fields[0]), line: line.number))
    }
    return cases
  }

  /// `1` for `1.0000000e+00`: the text form writes labels as it writes values.
  private func label(_ range: Range<Int>) -> String {
    let number = bytes.withUnsafeBufferPointer { all in
      NumberParser.parse(UnsafeBufferPointer(rebasing: all[range]))
    }
    guard let number, let whole = Int(exactly: number) else { return text(range) }
    return String(whole)
  }

  /// What stands between blanks, tabs and commas.
  private func fields(_ range: Range<Int>) -> [Range<Int>] {
    var fields: [Range<Int>] = []
    var start: Int?
    for place in range {
      let separates = SeriesLines.isBlank(bytes[place]) || bytes[place] == UInt8(ascii: ",")
      if separates {
        if let begin = start { fields.append(begin..<place) }
        start = nil
      } else if start == nil {
        start = place
      }
    }
    if let start { fields.append(start..<range.upperBound) }
    return fields
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
  }
}
