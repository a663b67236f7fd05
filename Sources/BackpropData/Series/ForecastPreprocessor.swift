// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How the rows of a table become the steps of a series: all that was learned from the training
/// part, and nothing else. Stored with a run, so that raw rows can be forecast.
///
/// The features of a step are, in this order: the scaled columns that are forecast; column by column
/// the others, as in ``TablePreprocessor``; 1 or 0 for each forecast column that has missing values
/// in training; sine and cosine of the calendar. A missing number counts as the one before it, so
/// that nothing is known of a step before its time; one before all others as the training mean.
public struct ForecastPreprocessor: Hashable, Sendable {
  /// The columns that are forecast.
  public let targets: [NumericColumn]
  /// The other columns, in the order of the table.
  public let inputs: [TablePreprocessor.Column]
  /// The column of dates, or those of year, month, day and hour; empty where there are none.
  public let date: [String]
  /// The time between steps; nil where there are no dates.
  public let step: TimeStep?
  /// What of the date stands in the features.
  public let calendar: [CalendarFeature]
  /// Steps that a forecast is made from.
  public let window: Int
  /// Steps that are forecast.
  public let horizon: Int
  /// Steps after which the series is like before.
  public let season: Int
  /// The mean of |y(t) − y(t − season)| over the training part, for each column that is forecast;
  /// nil where there is no such pair, or all are equal. MASE counts in it (R. J. Hyndman, A. B. Koehler, "Another
  /// look at measures of forecast accuracy", 2006).
  public let seasonalError: [Double?]
  /// What people should know, in sentences.
  public let notes: [String]

  /// Features of a step.
  public var featureCount: Int {
    inputs.reduce(targets.count + marked.count + 2 * calendar.count) { count, column in
      switch column {
      case .numeric(let column): count + (column.marksMissing ? 2 : 1)
      case .categorical(let column): count + column.featureCount
      }
    }
  }

  /// The columns that are forecast and have a feature that says where they are missing.
  var marked: [Int] { targets.indices.filter { targets[$0].marksMissing } }

  /// The numbers that outputs, or scaled targets, of a column stand for.
  public func value(ofOutput output: Float, column: Int) -> Double {
    targets[column].value(ofFeature: output)
  }

  /// The rows of a table at equal steps.
  static func timeline(
    _ table: TableReader, _ date: [String], step: TimeStep?
  ) throws(DataError) -> Timeline {
    let csv = table.csv
    guard !date.isEmpty else { return Timeline(count: csv.rowCount) }
    var positions: [Int] = []
    for name in date { positions.append(try table.position(name)) }
    var dates: [CalendarDate] = []
    for row in 0..<csv.rowCount {
      let texts = positions.map { csv.text(row: row, column: $0) }
      let numbers = texts.compactMap { Int($0) } + [1, 1, 0, 0]
      let found =
        positions.count == 1
        ? CalendarDate(texts[0])
        : texts.contains { Int($0) == nil }
          ? nil
          : CalendarDate(
            year: numbers[0], month: numbers[1], day: positions.count > 2 ? numbers[2] : 1,
            hour: positions.count > 3 ? numbers[3] : 0)
      guard let found else {
        throw DataError(
          source: csv.file, line: csv.line(ofRow: row), column: date.joined(separator: "', '"),
          what: "'\(texts.joined(separator: " "))' is no date",
          remedy: date.count == 1
            ? "write 2010-01-31, 2010-01 or 2010-01-31 13:00" : "write year, month, day and hour")
      }
      dates.append(found)
    }
    return try Timeline(
      dates: dates, step: step, file: csv.file, column: date.joined(separator: "', '"),
      line: { csv.line(ofRow: $0) })
  }

  /// The steps of a table as numbers.
  func series(_ table: TableReader, _ timeline: Timeline) throws(DataError) -> ForecastSeries {
    let (count, width) = (timeline.rows.count, featureCount)
    var features = [Float](repeating: 0, count: count * width)
    var raw: [[Double]] = []
    for column in targets {
      raw.append(try ForecastPreprocessor.numbers(table, column.name, timeline))
    }
    for (place, column) in targets.enumerated() {
      write(ForecastPreprocessor.carried(raw[place], column), at: place, width, &features)
    }
    var place = targets.count
    for column in inputs {
      switch column {
      case .numeric(let column):
        let values = try ForecastPreprocessor.numbers(table, column.name, timeline)
        write(ForecastPreprocessor.carried(values, column), at: place, width, &features)
        if column.marksMissing { mark(values, at: place + 1, width, &features) }
        place += column.marksMissing ? 2 : 1
      case .categorical(let column):
        let present = timeline.rows.enumerated().filter { $0.element != nil }
        let codes = column.codes(
          table.csv, try table.position(column.name), present.compactMap(\.element))
        for (entry, code) in zip(present, codes) {
          if code > 1 { features[entry.offset * width + place + Int(code) - 2] = 1 }
          if code == 1 && column.missingCount > 0 {
            features[entry.offset * width + place + column.categories.count] = 1
          }
        }
        place += column.featureCount
      }
    }
    for column in marked {
      mark(raw[column], at: place, width, &features)
      place += 1
    }
    for feature in calendar {
      for step in 0..<count {
        guard let date = timeline.date(step) else { continue }
        let angle = 2 * Double.pi * feature.phase(date)
        features[step * width + place] = Float(sin(angle))
        features[step * width + place + 1] = Float(cos(angle))
      }
      place += 2
    }
    return ForecastSeries(features: features, width: width, targets: raw, timeline: timeline)
  }

  private func write(_ values: [Float], at place: Int, _ width: Int, _ features: inout [Float]) {
    for (step, value) in values.enumerated() { features[step * width + place] = value }
  }

  private func mark(_ values: [Double], at place: Int, _ width: Int, _ features: inout [Float]) {
    for (step, value) in values.enumerated() where value.isNaN {
      features[step * width + place] = 1
    }
  }

  /// The numbers of a column at each step; NaN where one is missing.
  static func numbers(
    _ table: TableReader, _ name: String, _ timeline: Timeline
  ) throws(DataError) -> [Double] {
    let values = try table.numbers(
      try table.position(name), rows: timeline.rows.compactMap(\.self))
    var next = 0
    return timeline.rows.map { row in
      guard row != nil else { return .nan }
      next += 1
      return values[next - 1]
    }
  }

  /// Scaled, each missing value as the one before it.
  private static func carried(_ values: [Double], _ column: NumericColumn) -> [Float] {
    var last = Double.nan
    return values.map { value in
      if !value.isNaN { last = value }
      return column.feature(last)
    }
  }
}

/// A series as numbers, step by step.
struct ForecastSeries {
  /// features: [L, C].
  let features: [Float]
  /// C.
  let width: Int
  /// The columns that are forecast, as the table has them; NaN where a value is missing.
  let targets: [[Double]]
  let timeline: Timeline

  /// L.
  var count: Int { timeline.rows.count }
}
