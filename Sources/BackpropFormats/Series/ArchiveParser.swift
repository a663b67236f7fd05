// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Reads the `.ts` form of ``SeriesFile``: what the headers say, then the cases, checked by it.
struct ArchiveParser {
  /// The classes that `@classLabel` lists; nil without that header, or where it says false.
  private(set) var classes: [String]?
  private let lines: SeriesLines
  private var dimensions: Int?
  private var length: Int?
  private var allowsMissing = true
  private var isEqual = false
  // Without the header the last field is a label, as in every file of the archive.
  private var hasLabels = true

  init(_ lines: SeriesLines) { self.lines = lines }

  mutating func cases() throws(FormatError) -> [SeriesFile.Case] {
    var cases: [SeriesFile.Case] = []
    var sawData = false
    for line in lines.all {
      if sawData {
        cases.append(try readCase(line, first: cases.first))
      } else {
        sawData = try readHeader(line)
      }
    }
    guard sawData else {
      throw FormatError(
        file: lines.file, what: "there is no line '@data'",
        remedy: "the file was cut short or is damaged; fetch it again")
    }
    guard !cases.isEmpty else {
      throw FormatError(
        file: lines.file, what: "no series follows '@data'",
        remedy: "the file was cut short; fetch it again")
    }
    return cases
  }

  /// Whether the line is the last of the headers.
  private mutating func readHeader(_ line: SeriesLines.Line) throws(FormatError) -> Bool {
    let words = lines.text(line.range).split { $0 == " " || $0 == "\t" }.map(String.init)
    guard let name = words.first, name.hasPrefix("@") else {
      throw lines.wrong(
        line.number, "neither a comment, nor a header, nor behind '@data'",
        "begin it with # or @, or write @data above the series")
    }
    let arguments = Array(words.dropFirst())
    switch name.lowercased() {
    case "@data": return true
    case "@timestamps":
      if try flag(name, arguments, line) {
        throw lines.wrong(
          line.number, "series with time stamps are not read", "give equally spaced values")
      }
    case "@missing": allowsMissing = try flag(name, arguments, line)
    case "@univariate":
      if try flag(name, arguments, line) { try setDimensions(1, line) }
    case "@dimension", "@dimensions": try setDimensions(try count(name, arguments, line), line)
    case "@equallength": isEqual = try flag(name, arguments, line)
    case "@serieslength": length = try count(name, arguments, line)
    case "@targetlabel":
      if try flag(name, arguments, line) {
        throw lines.wrong(
          line.number, "the series have numbers as targets", "give series with classes")
      }
    case "@classlabel":
      hasLabels = try flag(name, arguments, line)
      classes = hasLabels && arguments.count > 1 ? Array(arguments.dropFirst()) : nil
      if let classes, Set(classes).count != classes.count {
        throw lines.wrong(line.number, "a class is listed twice", "list each class once")
      }
    default: break
    }
    return false
  }

  private mutating func setDimensions(
    _ count: Int, _ line: SeriesLines.Line
  ) throws(FormatError) {
    if let dimensions, dimensions != count {
      throw lines.wrong(
        line.number, "\(count) channels, where a line above says \(dimensions)",
        "correct one of them")
    }
    dimensions = count
  }

  private func flag(
    _ name: String, _ arguments: [String], _ line: SeriesLines.Line
  ) throws(FormatError) -> Bool {
    switch arguments.first?.lowercased() {
    case "true": return true
    case "false": return false
    default:
      throw lines.wrong(line.number, "\(name) is neither true nor false", "write one of them")
    }
  }

  private func count(
    _ name: String, _ arguments: [String], _ line: SeriesLines.Line
  ) throws(FormatError) -> Int {
    guard let count = arguments.first.flatMap({ Int($0) }), count > 0 else {
      throw lines.wrong(
        line.number, "\(name) is \(arguments.first.map { "'\($0)'" } ?? "empty")",
        "write a number above 0")
    }
    return count
  }

  private func readCase(
    _ line: SeriesLines.Line, first: SeriesFile.Case?
  ) throws(FormatError) -> SeriesFile.Case {
    var parts = lines.pieces(line.range, at: UInt8(ascii: ":"))
    let label = hasLabels ? lines.text(parts.removeLast()) : nil
    guard !parts.isEmpty else {
      throw lines.wrong(
        line.number, "there is a label and no series", "separate series and label by ':'")
    }
    if let wanted = dimensions ?? first?.channels.count, wanted != parts.count {
      let source =
        dimensions == nil ? "line \(first?.line ?? 0) has \(wanted)" : "the header says \(wanted)"
      throw lines.wrong(
        line.number, "\(parts.count) channel\(parts.count == 1 ? "" : "s") where \(source)",
        "give as many, separated by ':', then the label")
    }
    if let label {
      guard !label.isEmpty else {
        throw lines.wrong(line.number, "the label is empty", "write the class behind the last ':'")
      }
      if let classes, !classes.contains(label) {
        let near = nearestName(to: label, among: classes).map { "did you mean '\($0)'?" }
        throw lines.wrong(
          line.number, "'\(label)' is none of the classes that @classLabel lists",
          near ?? "they are \(classes.joined(separator: ", "))")
      }
    }
    var channels: [[Float]] = []
    for (number, part) in parts.enumerated() {
      channels.append(try readChannel(part, number, line.number, channels.first?.count))
    }
    if let wanted = isEqual ? length ?? first?.channels[0].count : nil {
      guard channels[0].count == wanted else {
        throw lines.wrong(
          line.number, "\(channels[0].count) values, and all series shall have \(wanted)",
          "correct the line, or write @equalLength false")
      }
    }
    return SeriesFile.Case(channels: channels, label: label, line: line.number)
  }

  private func readChannel(
    _ range: Range<Int>, _ number: Int, _ line: Int, _ length: Int?
  ) throws(FormatError) -> [Float] {
    guard !range.isEmpty else {
      throw lines.wrong(line, "channel \(number + 1) has no values", "give at least one")
    }
    var values: [Float] = []
    for piece in lines.pieces(range, at: UInt8(ascii: ",")) {
      let value = try lines.value(piece, line: line, channel: number)
      guard allowsMissing || !value.isNaN else {
        throw lines.wrong(
          line, "a value of channel \(number + 1) is missing, and the header says that none is",
          "write @missing true, or the value")
      }
      values.append(value)
    }
    if let length, length != values.count {
      throw lines.wrong(
        line, "channel \(number + 1) has \(values.count) values, and channel 1 has \(length)",
        "give as many of each channel")
    }
    return values
  }
}
