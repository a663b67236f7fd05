// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// A table of text, with its columns found by name and read as numbers or categories.
struct TableReader {
  let csv: CSVTable
  let infinity: InfinityPolicy
  private let positions: [String: Int]

  init(_ csv: CSVTable, infinity: InfinityPolicy) throws(DataError) {
    guard csv.rowCount > 0 else {
      throw DataError(
        source: csv.file, what: "the table is empty: a header and no rows",
        remedy: "give a file with at least one row")
    }
    var positions: [String: Int] = [:]
    for (position, name) in csv.columnNames.enumerated() {
      if let first = positions[name] {
        throw DataError(
          source: csv.file, column: name,
          what: "two columns have this name (\(first + 1) and \(position + 1))",
          remedy: "rename one of them")
      }
      positions[name] = position
    }
    self.csv = csv
    self.infinity = infinity
    self.positions = positions
  }

  func find(_ name: String) -> Int? { positions[name] }

  /// The position of a column that has to be there.
  func position(_ name: String) throws(DataError) -> Int {
    if let position = positions[name] { return position }
    throw DataError(
      source: csv.file, column: name, what: "there is no such column",
      remedy: nearestName(to: name, among: csv.columnNames).map { "did you mean '\($0)'?" }
        ?? "there are \(csv.columnNames.prefix(20).joined(separator: ", "))"
        + (csv.columnNames.count > 20 ? ", …" : ""))
  }

  /// The values of a column at some rows, looked through once.
  struct Scan {
    /// The numbers; NaN where the value is missing or no number.
    var values: [Double] = []
    /// The missing values.
    var missing = 0
    /// The values that are no numbers.
    var texts = 0
    /// The first row with such a value.
    var firstText: Int?
    /// The first row with an infinite number.
    var firstInfinite: Int?
    /// The first row with a value.
    var firstPresent: Int?
    /// Whether all values that are there are spelled alike.
    var isConstant = true
    /// The numbers there are.
    var numbers: Int { values.count - missing - texts }
  }

  func scan(_ position: Int, rows: [Int]) -> Scan {
    var scan = Scan()
    scan.values.reserveCapacity(rows.count)
    var first: [UInt8] = []
    csv.forEachField(column: position, rows: rows) { row, field in
      if csv.missing.contains(field) {
        scan.missing += 1
        scan.values.append(.nan)
        return
      }
      if scan.firstPresent == nil {
        scan.firstPresent = row
        first = Array(field)
      } else if scan.isConstant {
        scan.isConstant = field.elementsEqual(first)
      }
      let number = NumberParser.parse(field)
      if number == nil {
        scan.texts += 1
        if scan.firstText == nil { scan.firstText = row }
      } else if let number, number.isInfinite, scan.firstInfinite == nil {
        scan.firstInfinite = row
      }
      scan.values.append(number ?? .nan)
    }
    return scan
  }

  /// The numbers of a column at `rows`; NaN where the value is missing.
  func numbers(_ position: Int, rows: [Int]) throws(DataError) -> [Double] {
    try numbers(position, scan(position, rows: rows))
  }

  func numbers(_ position: Int, _ scan: Scan) throws(DataError) -> [Double] {
    if let row = scan.firstText {
      throw wrong(
        row, position, "'\(shown(row, position))' is no number",
        "correct the value, list it as a mark of missing values, or declare the column "
          + "categorical")
    }
    guard let row = scan.firstInfinite else { return scan.values }
    guard infinity == .missing else {
      throw wrong(
        row, position, "'\(shown(row, position))' is infinite",
        "correct the value, or let infinite numbers count as missing")
    }
    return scan.values.map { $0.isInfinite ? .nan : $0 }
  }

  /// The different texts of a column at `rows`, missing values left out.
  func texts(_ position: Int, rows: [Int]) -> CategoryIndex {
    var index = CategoryIndex()
    csv.forEachField(column: position, rows: rows) { _, field in
      if !csv.missing.contains(field) { _ = index.add(field) }
    }
    return index
  }

  func wrong(_ row: Int, _ position: Int, _ what: String, _ remedy: String) -> DataError {
    DataError(
      source: csv.file, line: csv.line(ofRow: row), column: csv.columnNames[position], what: what,
      remedy: remedy)
  }

  func shown(_ row: Int, _ position: Int) -> String {
    let text = csv.text(row: row, column: position)
    return text.count > 40 ? text.prefix(40) + "…" : text
  }
}
