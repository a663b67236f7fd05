// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

/// How the rows of a table become features: all that was learned from the training part, and
/// nothing else. Stored with a run, so that raw rows can be predicted.
///
/// Features are, column by column in the order of the table: the scaled number, then 1 or 0 for
/// missing; or one number for each category. Columns that go through an embedding make codes.
public struct TablePreprocessor: Hashable, Sendable {
  /// One column that is used.
  public enum Column: Hashable, Sendable {
    /// Numbers, filled and scaled.
    case numeric(NumericColumn)
    /// Categories, one-hot or as codes.
    case categorical(CategoricalColumn)

    /// The name of the column.
    public var name: String {
      switch self {
      case .numeric(let column): column.name
      case .categorical(let column): column.name
      }
    }
  }

  /// The columns that are used, in the order of the table.
  public let columns: [Column]
  /// What is predicted.
  public let target: TargetColumn
  /// All columns of the table it was learned from, the target and those not used included.
  public let tableColumns: [String]
  /// Whether the table had a header; where it had none, columns are found by their place.
  public let hasHeader: Bool
  /// What is cut off the end of the target's text.
  public let targetSuffix: String
  /// What to do with infinite numbers.
  public let infinity: InfinityPolicy
  /// How the text is read: delimiter, quote, marks of missing values.
  public let csv: CSVOptions
  /// What people should know: columns that are not used and why, in sentences.
  public let notes: [String]

  package init(
    columns: [Column], target: TargetColumn, tableColumns: [String], hasHeader: Bool,
    targetSuffix: String, infinity: InfinityPolicy, csv: CSVOptions, notes: [String]
  ) {
    self.columns = columns
    self.target = target
    self.tableColumns = tableColumns
    self.hasHeader = hasHeader
    self.targetSuffix = targetSuffix
    self.infinity = infinity
    // What holds for one file only is not kept.
    var reading = csv
    reading.header = .detected
    reading.columnNames = nil
    reading.skippedRows = 0
    self.csv = reading
    self.notes = notes
  }

  /// The number of features.
  public var featureCount: Int {
    columns.reduce(0) { count, column in
      switch column {
      case .numeric(let column): count + (column.marksMissing ? 2 : 1)
      case .categorical(let column): count + column.featureCount
      }
    }
  }

  /// The names of the features, such as `age`, `age missing`, `sex = male`.
  public var featureNames: [String] {
    columns.flatMap { column -> [String] in
      switch column {
      case .numeric(let column):
        return [column.name] + (column.marksMissing ? ["\(column.name) missing"] : [])
      case .categorical(let column):
        guard column.encoding == .oneHot else { return [] }
        return column.categories.map { "\(column.name) = \($0)" }
          + (column.missingCount > 0 ? ["\(column.name) missing"] : [])
      }
    }
  }

  /// The columns that go through an embedding, in the order of the codes.
  public var embeddedColumns: [CategoricalColumn] {
    columns.compactMap { column in
      if case .categorical(let column) = column, column.encoding == .codes { column } else { nil }
    }
  }
}
