// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

extension ForecastPreprocessor {
  /// Learns from the first `count` steps of a series, and from no others.
  init(
    fitting table: TableReader, _ timeline: Timeline, count: Int, options: ForecastOptions
  ) throws {
    let csv = table.csv
    let rows = timeline.rows[..<count].compactMap(\.self)
    for name in options.table.columns.keys.sorted() { _ = try table.position(name) }
    var targets: [NumericColumn] = []
    for name in options.targets {
      guard !targets.contains(where: { $0.name == name }) else {
        throw DataError(
          source: csv.file, column: name, what: "the column is to be forecast twice",
          remedy: "name it once")
      }
      guard !options.date.contains(name) else {
        throw DataError(
          source: csv.file, column: name, what: "the column is the date", remedy: "name another")
      }
      let position = try table.position(name)
      let values = try table.numbers(position, rows: rows)
      guard values.contains(where: { !$0.isNaN }) else {
        throw DataError(
          source: csv.file, column: name,
          what: "no value in the \(rows.count) rows to train with", remedy: "give more rows")
      }
      let column = NumericColumn(
        name: name, values: values,
        scaling: options.table.columns[name]?.scaling ?? options.table.scaling, fill: .mean,
        marksMissing: options.table.marksMissing)
      guard column.minimum < column.maximum else {
        throw DataError(
          source: csv.file, column: name,
          what: "always \(column.minimum) in the \(rows.count) rows to train with",
          remedy: "choose another target")
      }
      targets.append(column)
    }
    var reading = options.table
    (reading.fill, reading.encoding) = (.mean, .oneHot)
    var inputs: [TablePreprocessor.Column] = []
    var notes: [String] = []
    for (position, name) in csv.columnNames.enumerated()
    where !options.targets.contains(name) && !options.date.contains(name) {
      let learned = try TablePreprocessor.learn(
        table, position, rows: rows, options: reading, column: reading.columns[name])
      if let column = learned.column { inputs.append(column) }
      if let note = learned.note { notes.append(note) }
    }
    let season = options.season ?? timeline.step?.usualSeason ?? 1
    guard season < count else {
      throw DataError(
        source: csv.file,
        what: "a season of \(season) steps is not in the \(count) steps to train with",
        remedy: "set data.season to less, or give more rows")
    }
    if timeline.lacking > 0, let step = timeline.step {
      notes.append(
        "\(timeline.lacking) rows of \(step) lack between the first and the last and count as "
          + "missing values.")
    }
    self.init(
      targets: targets, inputs: inputs, date: options.date, step: timeline.step,
      calendar: options.calendar ? timeline.step?.calendar ?? [] : [], window: options.window,
      horizon: options.horizon, season: season,
      seasonalError: try targets.map { column in
        try ForecastPreprocessor.seasonalError(table, column, timeline, count, season)
      }, notes: notes)
  }

  private static func seasonalError(
    _ table: TableReader, _ column: NumericColumn, _ timeline: Timeline, _ count: Int,
    _ season: Int
  ) throws -> Double? {
    let values = try ForecastPreprocessor.numbers(table, column.name, timeline)
    var (sum, pairs) = (0.0, 0)
    for step in season..<count where !values[step].isNaN && !values[step - season].isNaN {
      sum += (values[step] - values[step - season]).magnitude
      pairs += 1
    }
    return sum > 0 ? sum / Double(pairs) : nil
  }
}
