// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

extension TablePreprocessor {
  /// Learns from the rows `rows` of a table, and from no others.
  public init(fitting csv: CSVTable, rows: [Int], options: TableOptions) throws {
    let table = try TableReader(csv, infinity: options.infinity)
    let targetPosition = try table.position(options.target)
    for name in options.columns.keys.sorted() { _ = try table.position(name) }
    var columns: [Column] = []
    var notes: [String] = []
    for (position, name) in csv.columnNames.enumerated() where position != targetPosition {
      let learned = try TablePreprocessor.learn(
        table, position, rows: rows, options: options, column: options.columns[name])
      if let column = learned.column { columns.append(column) }
      if let note = learned.note { notes.append(note) }
    }
    guard !columns.isEmpty else {
      let remedy = ["give a table with more columns."] + notes
      throw DataError(
        source: csv.file, what: "no column is left to predict '\(options.target)' from",
        remedy: String(remedy.joined(separator: " ").dropLast()))
    }
    self.init(
      columns: columns,
      target: try TablePreprocessor.target(table, targetPosition, rows: rows, options: options),
      tableColumns: csv.columnNames, hasHeader: csv.hasHeader,
      targetSuffix: options.targetSuffix, infinity: options.infinity, csv: options.csv,
      notes: notes)
  }

  static func learn(
    _ table: TableReader, _ position: Int, rows: [Int], options: TableOptions,
    column given: ColumnOptions?
  ) throws -> (column: Column?, note: String?) {
    let name = table.csv.columnNames[position]
    if given?.kind == .ignored { return (nil, nil) }
    let scan = table.scan(position, rows: rows)
    guard let firstPresent = scan.firstPresent else {
      return (nil, "The column '\(name)' has no value in the training part and is not used.")
    }
    if scan.isConstant && scan.missing == 0 {
      let value = table.shown(firstPresent, position)
      return (nil, "The column '\(name)' is always '\(value)' and is not used.")
    }
    // A few texts among numbers are mistakes, to be shown; many are a column of names.
    let kind = given?.kind ?? (scan.texts * 10 <= scan.numbers ? .numeric : .categorical)
    switch kind {
    case .ignored:
      return (nil, nil)
    case .numeric:
      let values = try table.numbers(position, scan)
      if values.allSatisfy(\.isNaN) {
        return (nil, "The column '\(name)' has no number in the training part and is not used.")
      }
      if given?.kind == nil && isRowNumber(values, rows) {
        return (nil, "The column '\(name)' only counts the rows and is not used.")
      }
      let column = NumericColumn(
        name: name, values: values, scaling: given?.scaling ?? options.scaling,
        fill: given?.fill ?? options.fill, marksMissing: options.marksMissing)
      return (.numeric(column), nil)
    case .categorical:
      let index = table.texts(position, rows: rows)
      let different = index.names.count
      let present = rows.count - scan.missing
      // Few rows have few repetitions: ten different texts are always taken for categories.
      let isFree = different > 10 && 2 * different > present
      if given?.kind == nil && (different > options.mostCategories || isFree) {
        return (
          nil,
          "The column '\(name)' has \(different) different texts in \(present) rows and is not "
            + "used; declare it categorical to use it."
        )
      }
      let categories = index.sorted({ index.counts[$0] >= options.leastCount }, byValue: nil)
      let column = CategoricalColumn(
        name: name, categories: categories, missingCount: scan.missing,
        encoding: given?.encoding ?? options.encoding)
      return (.categorical(column), nil)
    }
  }

  /// Whether each value is the number of its row, counted from anywhere.
  private static func isRowNumber(_ values: [Double], _ rows: [Int]) -> Bool {
    values.count > 10
      && zip(values, rows).allSatisfy { $0 - Double($1) == values[0] - Double(rows[0]) }
  }

  private static func target(
    _ table: TableReader, _ position: Int, rows: [Int], options: TableOptions
  ) throws -> TargetColumn {
    let name = table.csv.columnNames[position]
    let reader = TargetReader(table, position, suffix: options.targetSuffix)
    let survey = reader.survey(rows)
    let task = options.task ?? survey.task
    switch task {
    case .classification:
      let classes = survey.classes
      guard classes.count > 1 else {
        throw DataError(
          source: table.csv.file, column: name,
          what: "the target has only one class ('\(classes.first ?? "")') in the \(rows.count) "
            + "rows to train with",
          remedy: "give rows of at least two classes, or choose another target")
      }
      return .classes(name: name, classes: classes)
    case .regression:
      let values = try table.numbers(position, rows: rows)
      let column = NumericColumn(
        name: name, values: values, scaling: options.targetScaling, fill: .mean,
        marksMissing: false)
      guard column.minimum < column.maximum else {
        throw DataError(
          source: table.csv.file, column: name,
          what: "the target is always \(column.minimum) in the \(rows.count) rows to train with",
          remedy: "choose another target")
      }
      return .number(column)
    }
  }
}
