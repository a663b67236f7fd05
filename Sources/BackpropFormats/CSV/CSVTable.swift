// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A table of text: rows of fields, all rows equally long, with the line each row came from.
///
/// RFC 4180 with what files really have: CR LF, LF or CR ends a line; a byte order mark is
/// skipped; empty lines are skipped; a quote inside an unquoted field is an ordinary letter.
/// The bytes of the file are kept and fields point into them (8 bytes a field).
public struct CSVTable: Sendable {
  /// The path, for errors.
  public let file: String
  /// The names of the columns, from the header or made up.
  public let columnNames: [String]
  /// Whether the file had a header.
  public let hasHeader: Bool
  /// The byte between fields.
  public let delimiter: UInt8
  /// The number of rows, the header not counted.
  public let rowCount: Int
  /// What stands for a missing value.
  public let missing: MissingMarkers
  private let bytes: [UInt8]
  // Row after row: 40 bits of offset, 24 bits of length.
  private let spans: [UInt64]
  private let lines: [Int]
  private let firstRow: Int

  /// The number of columns.
  public var columnCount: Int { columnNames.count }

  /// Reads a file, gzipped or not.
  public static func read(
    _ path: String, options: CSVOptions = CSVOptions(), limit: Int = FileContents.defaultLimit
  ) throws(FormatError) -> CSVTable {
    try CSVTable(
      parsing: try FileContents.expanded(path, limit: limit), file: path, options: options)
  }

  /// Reads the bytes of a file; `file` names it in errors.
  public init(
    parsing contents: consuming [UInt8], file: String, options: CSVOptions = CSVOptions()
  ) throws(FormatError) {
    try self.init(parsing: contents, file: file, options: options, mostRows: .max)
  }

  /// As above, but stops after `mostRows` rows, a header counted.
  package init(
    parsing contents: consuming [UInt8], file: String, options: CSVOptions, mostRows: Int
  ) throws(FormatError) {
    self.file = file
    missing = options.missing
    var parser = CSVParser(file: file, options: options, mostRows: mostRows)
    try parser.parse(&contents)
    bytes = contents
    delimiter = parser.delimiter
    let width = parser.width
    guard !parser.lines.isEmpty else {
      throw FormatError(
        file: file, what: "the table is empty", remedy: "give a file with at least one row")
    }
    var rows = CSVTable.Raw(
      bytes: bytes, spans: parser.spans, width: width, first: 0, count: parser.lines.count,
      missing: options.missing)
    let hasHeader =
      switch options.header {
      case .present: true
      case .absent: false
      case .detected: rows.startsWithHeader()
      }
    self.hasHeader = hasHeader
    var names: [String]
    if hasHeader {
      names = (0..<width).map { column in
        let name = rows.withField(0, column) { String(decoding: $0, as: UTF8.self) }
        return name.isEmpty ? "column\(column + 1)" : name
      }
      rows.first += 1
      rows.count -= 1
    } else {
      names = (0..<width).map { "column\($0 + 1)" }
    }
    if let given = options.columnNames {
      guard given.count == width else {
        throw FormatError(
          file: file, position: .line(parser.lines[0]),
          what: "\(given.count) column names are given, but the rows have \(width) fields",
          remedy: "give a name for each column")
      }
      names = given
    }
    columnNames = names
    spans = parser.spans
    lines = parser.lines
    firstRow = rows.first
    rowCount = rows.count
  }

  /// The field as text.
  public func text(row: Int, column: Int) -> String {
    withField(row: row, column: column) { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the field is one of the markers for a missing value.
  public func isMissing(row: Int, column: Int) -> Bool {
    withField(row: row, column: column) { missing.contains($0) }
  }

  /// The line of the file on which a row starts, counted from 1.
  public func line(ofRow row: Int) -> Int { lines[firstRow + row] }

  /// Calls `body` with the bytes of a field.
  package func withField<R>(
    row: Int, column: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R
  ) -> R {
    precondition(
      row >= 0 && row < rowCount && column >= 0 && column < columnCount, "no such field")
    return bytes.withUnsafeBufferPointer { all in
      body(CSVTable.slice(all, spans[(firstRow + row) * columnNames.count + column]))
    }
  }

  /// Calls `body` with the bytes of the fields of a column at `rows`, in that order.
  package func forEachField(
    column: Int, rows: [Int], _ body: (_ row: Int, UnsafeBufferPointer<UInt8>) -> Void
  ) {
    precondition(column >= 0 && column < columnCount, "no such column")
    let width = columnNames.count
    bytes.withUnsafeBufferPointer { all in
      spans.withUnsafeBufferPointer { spans in
        for row in rows {
          precondition(row >= 0 && row < rowCount, "no such row")
          body(row, CSVTable.slice(all, spans[(firstRow + row) * width + column]))
        }
      }
    }
  }

  static func slice(
    _ all: UnsafeBufferPointer<UInt8>, _ span: UInt64
  ) -> UnsafeBufferPointer<UInt8> {
    let start = Int(span >> 24)
    return UnsafeBufferPointer(rebasing: all[start..<start + Int(span & 0xff_ffff)])
  }
}
