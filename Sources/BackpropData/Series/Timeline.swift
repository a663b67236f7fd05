// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The time from one row of a series to the next.
public enum TimeStep: Hashable, Sendable, CustomStringConvertible {
  /// So many months.
  case months(Int)
  /// So many seconds.
  case seconds(Int)

  /// `1 hour`, `3 months`.
  public var description: String {
    func text(_ count: Int, _ unit: String) -> String { "\(count) \(unit)\(count == 1 ? "" : "s")" }
    switch self {
    case .months(let count): return text(count, "month")
    case .seconds(let count):
      for (size, unit) in [(86_400, "day"), (3600, "hour"), (60, "minute")] where count % size == 0
      {
        return text(count / size, unit)
      }
      return text(count, "second")
    }
  }

  /// The steps of a year, a week or a day, whichever is usual: 12 for months, 7 for days, 24 for
  /// hours; 1 where there is none.
  var usualSeason: Int {
    switch self {
    case .months(let count): 12 % count == 0 ? 12 / count : 1
    case .seconds(let count):
      count == 86_400 ? 7 : count < 86_400 && 86_400 % count == 0 ? 86_400 / count : 1
    }
  }

  /// What stands for the date in features: `time of day`, `weekday`, `time of year`, where a step is
  /// shorter.
  var calendar: [CalendarFeature] {
    switch self {
    case .months(let count): count < 12 ? [.year] : []
    case .seconds(let count):
      CalendarFeature.allCases.filter { count < $0.seconds }
    }
  }

  func date(_ start: CalendarDate, after steps: Int) -> CalendarDate {
    switch self {
    case .months(let count):
      let months = start.months + steps * count
      return CalendarDate(year: months / 12 + 1, month: months % 12 + 1, day: start.day)
        ?? CalendarDate(days: start.days + steps * count * 30, second: start.second)
    case .seconds(let count):
      let seconds = start.seconds + steps * count
      return CalendarDate(days: seconds / 86_400, second: seconds % 86_400)
    }
  }
}

/// What a date says of the time, as the sine and cosine of an angle.
public enum CalendarFeature: String, Hashable, Sendable, CaseIterable {
  /// The time of the day.
  case day = "time of day"
  /// The day of the week.
  case week = "weekday"
  /// The time of the year.
  case year = "time of year"

  var seconds: Int {
    switch self {
    case .day: 86_400
    case .week: 7 * 86_400
    case .year: 365 * 86_400
    }
  }

  /// The share of the day, week or year that has passed, from 0 and below 1.
  func phase(_ date: CalendarDate) -> Double {
    switch self {
    case .day: Double(date.second) / 86_400
    case .week: (Double(date.weekday) + Double(date.second) / 86_400) / 7
    case .year: date.ofYear
    }
  }
}

/// The rows of a table at equal steps in time, with nothing where a row lacks.
struct Timeline {
  /// The time from one step to the next; nil where rows have no dates and follow each other.
  let step: TimeStep?
  /// The date of the first step.
  let start: CalendarDate?
  /// The row of each step; nil where there is none.
  let rows: [Int?]

  /// Rows without dates.
  init(count: Int) {
    (step, start) = (nil, nil)
    rows = (0..<count).map { $0 }
  }

  /// Rows with dates, which must ascend.
  ///
  /// - Parameters:
  ///   - step: the time between rows; nil: the least that there is. Where all dates are of the same
  ///     day of the month, and none less than 28 days apart, it is counted in months.
  ///   - line: the line of a row, for errors.
  init(
    dates: [CalendarDate], step given: TimeStep?, file: String, column: String,
    line: (Int) -> Int
  ) throws(DataError) {
    func wrong(_ row: Int, _ what: String, _ remedy: String) -> DataError {
      DataError(source: file, line: line(row), column: column, what: what, remedy: remedy)
    }
    for row in dates.indices.dropFirst() where dates[row] <= dates[row - 1] {
      throw wrong(
        row,
        "\(dates[row]) is not after \(dates[row - 1]), which stands on line \(line(row - 1))",
        "order the rows by time, one for each")
    }
    guard let first = dates.first, dates.count > 1 || given != nil else {
      throw DataError(
        source: file, column: column, what: "one date tells no step", remedy: "give more rows")
    }
    let step = given ?? Timeline.step(dates)
    var rows: [Int?] = []
    for (row, date) in dates.enumerated() {
      let (place, isWhole) = Timeline.place(date, first, step)
      guard isWhole else {
        throw wrong(
          row, "\(date) is no whole number of steps of \(step) after \(first)",
          "give rows at equal steps; rows may lack")
      }
      // A lonely wrong date must not ask for memory.
      guard place - rows.count <= 4 * dates.count + 1000 else {
        throw wrong(
          row, "\(place - rows.count) rows of \(step) lack before \(date)",
          "correct the date, or give the rows")
      }
      while rows.count < place { rows.append(nil) }
      rows.append(row)
    }
    self.rows = rows
    self.step = step
    start = first
  }

  /// The steps for which there is no row.
  var lacking: Int { rows.count { $0 == nil } }

  /// The date of a step.
  func date(_ place: Int) -> CalendarDate? {
    guard let step, let start else { return nil }
    return step.date(start, after: place)
  }

  private static func step(_ dates: [CalendarDate]) -> TimeStep {
    let pairs = zip(dates, dates.dropFirst())
    let least = pairs.map { $1.seconds - $0.seconds }.min() ?? 1
    let isMonthly = dates.allSatisfy { $0.day == dates[0].day && $0.second == dates[0].second }
    if isMonthly && least >= 28 * 86_400 {
      return .months(pairs.map { $1.months - $0.months }.min() ?? 1)
    }
    return .seconds(least)
  }

  private static func place(
    _ date: CalendarDate, _ first: CalendarDate, _ step: TimeStep
  ) -> (Int, isWhole: Bool) {
    switch step {
    case .months(let count):
      let months = date.months - first.months
      return (
        months / count,
        months % count == 0 && date.day == first.day && date.second == first.second
      )
    case .seconds(let count):
      let seconds = date.seconds - first.seconds
      return (seconds / count, seconds % count == 0)
    }
  }
}
