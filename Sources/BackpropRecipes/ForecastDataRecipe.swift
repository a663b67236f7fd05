// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// What a recipe forecasts and from what.
public struct ForecastDataRecipe: Hashable, Sendable {
  /// The columns that are forecast.
  public var targets: [String]
  /// The column of dates, or those of year, month, day and hour; empty: the rows have none.
  public var date: [String]
  /// Steps that a forecast is made from.
  public var window: Int
  /// Steps that are forecast.
  public var horizon: Int
  /// Steps after which the series is like before; nil: what is usual for the dates' step.
  public var season: Int?
  /// Whether the date stands in the features.
  public var calendar: Bool

  /// nil where the source is no table whose rows follow one another in time.
  init?(_ keys: Section<DataKey>, source: DataRecipe.Source) throws(RecipeError) {
    guard source == .forecast else {
      let own: [DataKey] = [.date, .window, .horizon, .season, .calendar]
      if let key = own.first(where: keys.has) {
        throw keys.error(key, "is for forecasts, and the source is \(source.rawValue)", "remove it")
      }
      return nil
    }
    targets = try keys.alternatives(.target)
    guard !targets.isEmpty else {
      throw RecipeError(
        keys.place, what: "the key 'target' is missing under 'data'",
        remedy: "name the column to be forecast, or a list of columns")
    }
    date = try keys.alternatives(.date)
    guard date.count <= 4, date.count != 2 else {
      throw keys.error(
        .date, "names \(date.count) columns",
        "name one column of dates, or those of year, month, day and, if there is one, hour")
    }
    window = try keys.integer(.window, in: 1...65536, default: 24)
    horizon = try keys.integer(.horizon, in: 1...65536, default: 1)
    season = try keys.integer(.season, in: 1...(1 << 23))
    calendar = try keys.flag(.calendar, default: true)
  }

  func write(_ object: inout JSONObject) {
    func texts(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
    object["target"] = texts(targets)
    if !date.isEmpty { object["date"] = texts(date) }
    object["window"] = .integer(window)
    object["horizon"] = .integer(horizon)
    object["season"] = season.map { .integer($0) }
    object["calendar"] = .bool(calendar)
  }
}
