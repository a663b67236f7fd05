// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// How to read a table from text. Every default is to find out from the file.
public struct CSVOptions: Hashable, Sendable {
  /// Whether the first row names the columns.
  public enum Header: String, Hashable, Sendable, CaseIterable {
    /// Find out: a header has no number and no missing value in it, and stands over at least one
    /// column of numbers; where no column has numbers, its words do not occur again below.
    case detected
    /// The first row is the header.
    case present
    /// The first row is data; columns are named `column1`, `column2`, …
    case absent
  }

  /// The byte between fields, `nil` to find out which of tab, semicolon and comma it is.
  public var delimiter: UInt8?
  /// The byte around fields that contain delimiters or line breaks, `nil` for none.
  public var quote: UInt8?
  /// Whether the first row names the columns.
  public var header: Header
  /// Names of the columns where the file has none; must be as many as there are columns.
  public var columnNames: [String]?
  /// Rows to skip before the header.
  public var skippedRows: Int
  /// The byte that makes a line a comment where it is the first in it, `nil` for none.
  public var comment: UInt8?
  /// Whether blanks around a field (not those inside quotes) are dropped.
  public var trimsBlanks: Bool
  /// What stands for a value that is not there.
  public var missing: MissingMarkers

  /// Makes options; what is not given is found out from the file.
  public init(
    delimiter: UInt8? = nil, quote: UInt8? = UInt8(ascii: "\""), header: Header = .detected,
    columnNames: [String]? = nil, skippedRows: Int = 0, comment: UInt8? = nil,
    trimsBlanks: Bool = true,
    missing: MissingMarkers = .standard
  ) {
    self.delimiter = delimiter
    self.quote = quote
    self.header = header
    self.columnNames = columnNames
    self.skippedRows = skippedRows
    self.comment = comment
    self.trimsBlanks = trimsBlanks
    self.missing = missing
  }
}

/// The texts that stand for a missing value. They are compared with the whole field, upper and
/// lower case counting, quoted or not.
public struct MissingMarkers: Hashable, Sendable {
  /// The empty field, `?`, `NA`, `N/A`, `n/a`, `NaN`, `nan`, `NAN`, `null`, `NULL`, `Null`.
  public static let standard = MissingMarkers([
    "", "?", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "Null",
  ])

  /// The texts.
  public let texts: [String]
  private let encoded: [[UInt8]]
  private let longest: Int
  // Whether a text starts with this byte: most fields are decided by one look.
  private let firsts: [Bool]

  /// Makes a list of markers; the empty field is one only if it is listed.
  public init(_ texts: [String]) {
    self.texts = texts
    encoded = texts.map { Array($0.utf8) }
    longest = encoded.map(\.count).max() ?? -1
    var firsts = [Bool](repeating: false, count: 256)
    for text in encoded { if let first = text.first { firsts[Int(first)] = true } }
    self.firsts = firsts
  }

  /// Whether these bytes, all of them, are a marker.
  package func contains(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count <= longest else { return false }
    if bytes.count > 0 && !firsts[Int(bytes[0])] { return false }
    return encoded.contains { $0.count == bytes.count && $0.elementsEqual(bytes) }
  }
}
