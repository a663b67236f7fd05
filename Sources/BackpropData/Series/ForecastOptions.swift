// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What is forecast of a table whose rows follow one another in time, and from what.
public struct ForecastOptions: Hashable, Sendable {
  /// The columns that are forecast.
  public var targets: [String]
  /// The column of dates, or those of year, month, day and hour, in this order; empty: rows follow
  /// each other at equal steps.
  public var date: [String]
  /// Steps that a forecast is made from.
  public var window: Int
  /// Steps that are forecast.
  public var horizon: Int
  /// Steps after which the series is like before; nil: a year of months, a week of days, a day of
  /// shorter steps, else 1.
  public var season: Int?
  /// Whether the date stands in the features: time of day, weekday and time of year, as sine and
  /// cosine, as far as a step is shorter.
  public var calendar: Bool
  /// How the columns are read and scaled; its own target means nothing.
  public var table: TableOptions

  /// Makes options.
  public init(
    targets: [String], date: [String] = [], window: Int, horizon: Int, season: Int? = nil,
    calendar: Bool = true, table: TableOptions = TableOptions(target: "")
  ) {
    self.targets = targets
    self.date = date
    self.window = window
    self.horizon = horizon
    self.season = season
    self.calendar = calendar
    self.table = table
  }
}
