// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// A table of texts: for each row its text, and its label where it has one.
public struct TextTable: Sendable {
  /// The texts.
  public let texts: [String]
  /// The labels; empty where none were asked for.
  public let labels: [String]
  /// The line of the file that each text stands on.
  public let lines: [Int]
  private let source: String
  private let column: String

  /// Reads the columns that the options name.
  ///
  /// - Parameter needsLabels: whether a row without a label is an error.
  public init(_ path: String, _ options: LabeledText.Options, needsLabels: Bool) throws {
    // Whole and checked first: a byte that is no UTF-8 has a line.
    let text = try TextFile.read(path)
    var csv = options.csv
    let first = text.split(separator: "\n", maxSplits: 1).first ?? ""
    if csv.delimiter == nil, first.contains("\t") { csv.delimiter = UInt8(ascii: "\t") }
    if csv.delimiter == UInt8(ascii: "\t") { csv.quote = nil }
    csv.missing = MissingMarkers([])
    let table = try CSVTable(parsing: Array(text.utf8), file: path, options: csv)
    func position(_ name: String) throws -> Int {
      if let found = table.columnNames.firstIndex(of: name) { return found }
      throw DataError(
        source: path, column: name, what: "there is no such column",
        remedy: nearestName(to: name, among: table.columnNames).map { "did you mean '\($0)'?" }
          ?? "there are \(table.columnNames.joined(separator: ", "))")
    }
    let positions = try options.textColumns.map(position)
    texts = (0..<table.rowCount).map { row in
      positions.map { table.text(row: row, column: $0) }.joined(separator: " ")
    }
    lines = (0..<table.rowCount).map(table.line(ofRow:))
    source = path
    column = options.labelColumn
    guard !texts.isEmpty else {
      throw DataError(source: path, what: "there are no texts", remedy: "give at least one")
    }
    guard needsLabels else {
      labels = []
      return
    }
    let label = try position(options.labelColumn)
    labels = (0..<table.rowCount).map { table.text(row: $0, column: label) }
    if let row = labels.firstIndex(of: "") {
      throw DataError(
        source: path, line: lines[row], column: options.labelColumn, what: "the label is missing",
        remedy: "write one, or take the row out")
    }
  }

  /// Each label as its place in a list.
  func numbers(_ names: [String]) throws(DataError) -> [Int32] {
    var result: [Int32] = []
    for (row, label) in labels.enumerated() {
      guard let number = names.firstIndex(of: label) else {
        throw DataError(
          source: source, line: lines[row], column: column,
          what: "the class '\(label)' does not occur in training",
          remedy: "there are \(names.joined(separator: ", "))")
      }
      result.append(Int32(number))
    }
    return result
  }
}
