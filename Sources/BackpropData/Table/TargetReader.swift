// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// The target column of a table, read as classes or numbers.
struct TargetReader {
  /// The most different whole numbers that are taken for classes.
  static let mostWholeClasses = 20
  private let table: TableReader
  private let position: Int
  private let suffix: [UInt8]

  init(_ table: TableReader, _ position: Int, suffix: String) {
    self.table = table
    self.position = position
    self.suffix = Array(suffix.utf8)
  }

  /// What the values of the target are.
  struct Survey {
    let task: TableTask
    let classes: [String]
  }

  func survey(_ rows: [Int]) -> Survey {
    var index = CategoryIndex()
    for row in rows { withLabel(row) { if let label = $0 { _ = index.add(label) } } }
    let values = index.names.map { $0.withUnsafeBufferPointer { NumberParser.parse($0) } }
    let numbers = values.compactMap { $0 }
    let areNumbers = numbers.count == values.count
    let areWhole = numbers.allSatisfy { $0 == $0.rounded() }
    let isClass = !areNumbers || (areWhole && values.count <= TargetReader.mostWholeClasses)
    return Survey(
      task: isClass ? .classification : .regression,
      classes: index.sorted({ _ in true }, byValue: areNumbers ? numbers : nil))
  }

  /// The rows whose target is there.
  func presentRows() -> [Int] {
    (0..<table.csv.rowCount).filter { row in withLabel(row) { $0 != nil } }
  }

  /// The label of each row; a class that is not in the list is an error.
  func labels(_ rows: [Int], classes: [String]) throws(DataError) -> [Int32] {
    let index = CategoryIndex(classes)
    var labels: [Int32] = []
    labels.reserveCapacity(rows.count)
    for row in rows {
      guard let label = withLabel(row, { $0.flatMap { index.find($0) } }) else {
        throw table.wrong(
          row, position,
          "the class '\(table.shown(row, position))' does not occur in the rows to train with",
          "known are \(classes.prefix(20).map { "'\($0)'" }.joined(separator: ", "))")
      }
      labels.append(Int32(label))
    }
    return labels
  }

  private func withLabel<R>(_ row: Int, _ body: (UnsafeBufferPointer<UInt8>?) -> R) -> R {
    table.csv.withField(row: row, column: position) { field in
      if table.csv.missing.contains(field) { return body(nil) }
      let isCut =
        !suffix.isEmpty && field.count > suffix.count
        && field.suffix(suffix.count).elementsEqual(suffix)
      return body(
        isCut ? UnsafeBufferPointer(rebasing: field.dropLast(suffix.count)) : field)
    }
  }
}
