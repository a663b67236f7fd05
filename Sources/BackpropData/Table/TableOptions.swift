// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

/// What a column of a table is taken for.
public enum ColumnKind: String, Hashable, Sendable, CaseIterable {
  /// Numbers: filled where missing, then scaled.
  case numeric
  /// Names: each value its own category, with one for missing and one for unknown values.
  case categorical
  /// Not used.
  case ignored
}

/// How the numbers of a column are scaled. What is needed is learned from the training part.
public enum Scaling: String, Hashable, Sendable, CaseIterable {
  /// To mean 0 and standard deviation 1 (that of the population).
  case standard
  /// To the range 0 to 1.
  case range
  /// First log(1 + x - minimum), for columns with a long tail, then as `standard`. Values below
  /// the minimum of the training part count as the minimum.
  case log
  /// Not at all.
  case none
}

/// What stands in for a missing number.
public enum NumericFill: String, Hashable, Sendable, CaseIterable {
  /// The median of the training part.
  case median
  /// The mean of the training part.
  case mean
}

/// How categories become numbers.
public enum CategoryEncoding: String, Hashable, Sendable, CaseIterable {
  /// A feature of 0 or 1 for each category and, if the training part has missing values, one for
  /// them. An unknown category is all zeros.
  case oneHot
  /// One whole number for an embedding: 0 unknown, 1 missing, then the categories.
  case codes
}

/// What to do with an infinite number in a table.
public enum InfinityPolicy: String, Hashable, Sendable, CaseIterable {
  /// It is an error that names the line.
  case error
  /// It counts as a missing value.
  case missing
}

/// What to predict.
public enum TableTask: String, Hashable, Sendable, CaseIterable {
  /// One of several classes.
  case classification
  /// A number.
  case regression
}

/// What is known about one column; nil is to find out or take the table's default.
public struct ColumnOptions: Hashable, Sendable {
  /// What the column is taken for.
  public var kind: ColumnKind?
  /// How numbers are scaled.
  public var scaling: Scaling?
  /// What stands in for missing numbers.
  public var fill: NumericFill?
  /// How categories become numbers.
  public var encoding: CategoryEncoding?

  /// Makes options.
  public init(
    kind: ColumnKind? = nil, scaling: Scaling? = nil, fill: NumericFill? = nil,
    encoding: CategoryEncoding? = nil
  ) {
    self.kind = kind
    self.scaling = scaling
    self.fill = fill
    self.encoding = encoding
  }
}

/// How a table becomes features and targets.
public struct TableOptions: Hashable, Sendable {
  /// The column to predict.
  public var target: String
  /// What to predict; nil: classes where the target is text or at most 20 different whole
  /// numbers, else a number.
  public var task: TableTask?
  /// What is known about single columns, by name.
  public var columns: [String: ColumnOptions]
  /// How numbers are scaled.
  public var scaling: Scaling
  /// What stands in for missing numbers.
  public var fill: NumericFill
  /// Whether a column of numbers with missing values gets a second feature: 1 where missing.
  public var marksMissing: Bool
  /// How categories become numbers.
  public var encoding: CategoryEncoding
  /// Categories seen less often in the training part count as unknown.
  public var leastCount: Int
  /// A column of text with more different values is ignored, unless its kind is given; so is
  /// one with more than ten where most rows have a value of their own.
  public var mostCategories: Int
  /// How numbers to be predicted are scaled.
  public var targetScaling: Scaling
  /// What is cut off the end of the target's text where it is there, such as the dot in the
  /// test part of the adult data.
  public var targetSuffix: String
  /// What to do with infinite numbers.
  public var infinity: InfinityPolicy
  /// How the text is read.
  public var csv: CSVOptions

  /// Makes options; only the target has no default.
  public init(
    target: String, task: TableTask? = nil, columns: [String: ColumnOptions] = [:],
    scaling: Scaling = .standard, fill: NumericFill = .median, marksMissing: Bool = true,
    encoding: CategoryEncoding = .oneHot, leastCount: Int = 1, mostCategories: Int = 100,
    targetScaling: Scaling = .standard, targetSuffix: String = "",
    infinity: InfinityPolicy = .error, csv: CSVOptions = CSVOptions()
  ) {
    self.target = target
    self.task = task
    self.columns = columns
    self.scaling = scaling
    self.fill = fill
    self.marksMissing = marksMissing
    self.encoding = encoding
    self.leastCount = leastCount
    self.mostCategories = mostCategories
    self.targetScaling = targetScaling
    self.targetSuffix = targetSuffix
    self.infinity = infinity
    self.csv = csv
  }
}
