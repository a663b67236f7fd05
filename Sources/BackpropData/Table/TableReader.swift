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

  /// The numbers of a column at `rows`; NaN where the value is missing.
  func numbers(_ position: Int, rows: [Int]) throws(DataError) -> [Double] {
    var values: [Double] = []
    values.reserveCapacity(rows.count)
    for row in rows {
      let value = csv.withField(row: row, column: position) { field -> Double? in
        csv.missing.contains(field) ? .nan : NumberParser.parse(field)
      }
      guard let value else {
        throw wrong(
          row, position, "'\(shown(row, position))' is no number",
          "correct the value, list it as a mark of missing values, or declare the column "
            + "categorical")
      }
      if value.isInfinite {
        guard infinity == .missing else {
          throw wrong(
            row, position, "'\(shown(row, position))' is infinite",
            "correct the value, or let infinite numbers count as missing")
        }
        values.append(.nan)
      } else {
        values.append(value)
      }
    }
    return values
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
