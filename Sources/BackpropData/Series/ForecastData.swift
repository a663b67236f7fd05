// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

/// Windows of a table whose rows follow one another in time, each with the steps that come next.
///
/// The table is divided by time: the last `testFraction` of its steps is the test part, those before
/// validation, the rest is for training. All that a training window has or says lies in the training
/// part. What a window of another part says lies in that part; what it sees may reach back beyond
/// its beginning, for in use the past is known. Windows that say a missing value are left out.
public struct ForecastData: Sendable {
  /// The parts. features: [N, W, C] float; targets: [N, H · K] float, scaled, step by step. The
  /// baselines of validation and test are `seasonal_naive`, the latest value of the same season
  /// that the window's end knows, and `last_value`.
  public let parts: DataParts
  /// What was learned from the training part.
  public let preprocessor: ForecastPreprocessor

  /// Reads a table.
  public init(
    _ path: String, options: ForecastOptions, validationFraction: Double, testFraction: Double
  ) throws {
    let csv = try CSVTable.read(path, options: options.table.csv)
    let table = try TableReader(csv, infinity: options.table.infinity)
    let timeline = try ForecastPreprocessor.timeline(table, options.date, step: nil)
    let count = timeline.rows.count
    let tests = Int((Double(count) * testFraction).rounded())
    let validations = Int((Double(count) * validationFraction).rounded())
    let ends = [count - tests - validations, count - tests, count]
    let least = [options.window + options.horizon, options.horizon, options.horizon]
    for (part, name) in ["train with", "validate with", "test with"].enumerated() {
      let begin = part == 0 ? 0 : ends[part - 1]
      let steps = ends[part] - begin
      // A part that was not asked for may be empty.
      if part > 0 && steps == 0 && [0, validationFraction, testFraction][part] == 0 { continue }
      guard steps >= least[part] else {
        throw DataError(
          source: path,
          what: "\(steps) of \(count) steps to \(name) are fewer than the \(least[part]) that "
            + (part == 0 ? "a window and its horizon take" : "a horizon takes"),
          remedy: part == 0
            ? "set data.window or data.horizon to less, hold back less, or give more rows"
            : "set data.horizon to less, hold back more, or give more rows")
      }
    }
    let preprocessor = try ForecastPreprocessor(
      fitting: table, timeline, count: ends[0], options: options)
    let series = try preprocessor.series(table, timeline)
    var dropped = 0
    var spans: [String] = []
    func part(_ name: String, _ range: Range<Int>, reachesBack: Bool) -> Examples? {
      guard !range.isEmpty else { return nil }
      let begin = reachesBack ? max(range.lowerBound, options.window) : options.window
      let made = preprocessor.windows(
        series, saying: begin..<range.upperBound, hasBaselines: reachesBack)
      dropped += made.dropped
      if let first = timeline.date(range.lowerBound),
        let last = timeline.date(range.upperBound - 1)
      {
        spans.append("\(name) from \(first) to \(last)")
      }
      return made.examples
    }
    guard let train = part("training", 0..<ends[0], reachesBack: false) else {
      throw DataError(
        source: path, column: options.targets.joined(separator: "', '"),
        what: "in every window to train with a value to forecast is missing",
        remedy: "set data.horizon to less, or give more values")
    }
    let validation = part("validation", ends[0]..<ends[1], reachesBack: true)
    let test = part("test", ends[1]..<ends[2], reachesBack: true)
    if test == nil && tests > 0 {
      throw DataError(
        source: path, column: options.targets.joined(separator: "', '"),
        what: "in every window to test with a value to forecast is missing",
        remedy: "hold back more, or give more values")
    }
    var notes = preprocessor.notes
    if !spans.isEmpty { notes.insert(spans.joined(separator: ", ") + ".", at: 0) }
    notes.append(
      "windows of \(options.window) steps, \(options.horizon) forecast, a season of "
        + "\(preprocessor.season).")
    if dropped > 0 {
      notes.append("\(dropped) windows are left out, for a value to forecast is missing.")
    }
    self.preprocessor = preprocessor
    parts = DataParts(name: path, train: train, validation: validation, test: test, notes: notes)
  }
}

extension ForecastPreprocessor {
  /// All windows of a table whose next steps are in it, for a network that was trained before.
  public func examples(_ path: String, csv options: CSVOptions) throws -> Examples {
    let table = try TableReader(try CSVTable.read(path, options: options), infinity: .error)
    let timeline = try ForecastPreprocessor.timeline(table, date, step: step)
    let series = try series(table, timeline)
    // The seasonal baseline needs a season before what is forecast.
    let begin = max(window, season)
    guard series.count >= begin + horizon else {
      throw DataError(
        source: path,
        what: "\(series.count) steps are fewer than the \(begin + horizon) that a window of "
          + "\(window), a season of \(season) and a horizon of \(horizon) take",
        remedy: "give more rows")
    }
    guard
      let examples = windows(series, saying: begin..<series.count, hasBaselines: true).examples
    else {
      throw DataError(
        source: path, what: "in every window a value to forecast is missing",
        remedy: "give more values")
    }
    return examples
  }

  /// The last window of a table, and the dates of the steps behind it, as `2010-01` where steps are
  /// months; empty where it has none.
  public func lastWindow(
    _ path: String, csv options: CSVOptions
  ) throws -> (examples: Examples, dates: [String]) {
    let table = try TableReader(try CSVTable.read(path, options: options), infinity: .error)
    let timeline = try ForecastPreprocessor.timeline(table, date, step: step)
    let series = try series(table, timeline)
    guard series.count >= window else {
      throw DataError(
        source: path,
        what: "\(series.count) steps are fewer than the \(window) that a forecast is made from",
        remedy: "give more rows")
    }
    let examples = Examples(
      features: DataArray(
        windowsOf: series.features, channels: series.width, at: [series.count - window],
        length: window))
    let dates = (0..<horizon).compactMap { timeline.date(series.count + $0) }.map { date in
      if case .months = step, date.day == 1, date.second == 0 {
        return String("\(date)".dropLast(3))
      }
      return "\(date)"
    }
    return (examples, dates)
  }

  /// The windows that say steps of a range, all of them inside it.
  func windows(
    _ series: ForecastSeries, saying range: Range<Int>, hasBaselines: Bool
  ) -> (examples: Examples?, dropped: Int) {
    var starts: [Int] = []
    var dropped = 0
    for begin in stride(from: range.lowerBound, through: range.upperBound - horizon, by: 1) {
      let isWhole = series.targets.allSatisfy { column in
        !column[begin..<begin + horizon].contains(where: \.isNaN)
      }
      if isWhole { starts.append(begin) } else { dropped += 1 }
    }
    guard !starts.isEmpty else { return (nil, dropped) }
    let width = series.width
    // What stands in the features is scaled, and filled where a value is missing.
    func values(_ place: (_ begin: Int, _ ahead: Int) -> Int) -> DataArray {
      var values: [Float] = []
      values.reserveCapacity(starts.count * horizon * targets.count)
      for begin in starts {
        for ahead in 0..<horizon {
          let step = place(begin, ahead)
          values += series.features[step * width..<step * width + targets.count]
        }
      }
      return DataArray(
        shape: [starts.count, horizon * targets.count], storage: .float(values))
    }
    let examples = Examples(
      features: DataArray(
        windowsOf: series.features, channels: width, at: starts.map { $0 - window },
        length: window),
      targets: values { $0 + $1 },
      baselines: hasBaselines
        ? [
          Baseline(
            name: "seasonal_naive",
            values: values { begin, ahead in begin + ahead - season * (ahead / season + 1) }),
          Baseline(name: "last_value", values: values { begin, _ in begin - 1 }),
        ] : [])
    return (examples, dropped)
  }
}
