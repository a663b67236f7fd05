// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// A table read, divided and turned into features.
public struct TableData: Sendable {
  /// The parts, ready to train with.
  public let parts: DataParts
  /// What was learned from the training part.
  public let preprocessor: TablePreprocessor

  /// Reads the table at `path`.
  ///
  /// Rows without a target are left out and counted. The parts are chosen by the seed, each class
  /// in the same share; with a table for the test of its own (`testPath`) only validation is
  /// taken from `path`, and `testFraction` does not count.
  public init(
    _ path: String, testPath: String? = nil, options: TableOptions,
    validationFraction: Double = 0.1, testFraction: Double = 0.2, seed: UInt64 = 0
  ) throws {
    let csv = try CSVTable.read(path, options: options.csv)
    let table = try TableReader(csv, infinity: options.infinity)
    let position = try table.position(options.target)
    let target = TargetReader(table, position, suffix: options.targetSuffix)
    let rows = target.presentRows()
    guard !rows.isEmpty else {
      throw DataError(
        source: path, column: options.target, what: "the target is missing in every row",
        remedy: "choose another target")
    }
    let survey = target.survey(rows)
    let isClasses = (options.task ?? survey.task) == .classification
    let labels = isClasses ? try target.labels(rows, classes: survey.classes) : nil
    let split = try Split(
      count: rows.count, validation: validationFraction, test: testPath == nil ? testFraction : 0,
      seed: seed, labels: labels)
    var notes: [String] = []
    func noteDropped(_ count: Int, _ file: String) {
      if count > 0 {
        notes.append(
          "\(count) \(count == 1 ? "row" : "rows") of \(file) without a value of "
            + "'\(options.target)' \(count == 1 ? "was" : "were") left out.")
      }
    }
    noteDropped(csv.rowCount - rows.count, path)
    let trainRows = split.train.map { rows[$0] }
    let learned = try TablePreprocessor(fitting: csv, rows: trainRows, options: options)
    func part(_ indices: [Int]) throws -> Examples? {
      indices.isEmpty
        ? nil : try learned.examples(csv, rows: indices.map { rows[$0] }, needsTarget: true)
    }
    var test = try part(split.test)
    if let testPath {
      let csv = try learned.read(testPath, skippedRows: options.csv.skippedRows)
      let present = try learned.rowsWithTarget(csv)
      noteDropped(present.dropped, testPath)
      test = try learned.examples(csv, rows: present.rows, needsTarget: true)
    }
    preprocessor = learned
    parts = DataParts(
      name: path, train: try learned.examples(csv, rows: trainRows, needsTarget: true),
      validation: try part(split.validation), test: test, classNames: learned.target.classes,
      notes: notes + learned.notes)
  }
}
