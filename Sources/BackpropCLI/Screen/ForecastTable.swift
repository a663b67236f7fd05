// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropRecipes
import BackpropTraining

/// The errors of forecasts beside those of simple rules, and the forecasts themselves.
struct ForecastTable {
  /// The columns that are forecast.
  let columns: [String]

  /// nil where nothing is forecast.
  init?(_ series: SeriesLearned?) {
    guard let forecast = series?.forecast else { return nil }
    columns = forecast.targets.map(\.name)
  }

  /// The network's errors above those of the rules, in the unit of the column.
  func lines(_ metrics: Metrics) -> [String] {
    var lines: [String] = []
    for column in columns {
      let ending = columns.count == 1 ? "" : "_\(column)"
      lines.append(
        "  " + Text.left(column, 24) + ["mae", "rmse", "mase"].map { Text.right($0, 12) }.joined())
      let rows = [
        ("", "network"), ("seasonal_naive_", "seasonal naive"), ("last_value_", "last value"),
      ]
      for (beginning, name) in rows {
        let figures = ["mae", "rmse", "mase"].map { figure in
          let value = metrics[beginning + figure + ending]
          return Text.right(value.map { Text.metric(figure, $0) } ?? "-", 12)
        }
        lines.append("    " + Text.left(name, 22) + figures.joined())
      }
    }
    return lines
  }

  /// A line for each step of a forecast: its number, its date, the columns' values.
  func lines(_ predictions: Predictions, _ dates: [String]) -> [String] {
    steps(predictions).enumerated().map { step, values in
      let date = dates.indices.contains(step) ? "  \(Text.left(dates[step], 20))" : ""
      return Text.right("\(step + 1)", 6) + date
        + values.map { "  " + Text.right(Text.short($0), 12) }.joined()
    }
  }

  /// The same as JSON.
  func json(_ predictions: Predictions, _ dates: [String]) throws -> [String] {
    try steps(predictions).enumerated().map { step, values in
      var object = JSONObject([("step", .integer(step + 1))])
      if dates.indices.contains(step) { object["date"] = .string(dates[step]) }
      let numbers = values.map { JSONValue(significant: $0) }
      object["prediction"] =
        columns.count == 1 ? numbers[0] : .object(JSONObject(Array(zip(columns, numbers))))
      return try JSONValue.object(object).text()
    }
  }

  private func steps(_ predictions: Predictions) -> [ArraySlice<Double>] {
    stride(from: 0, to: predictions.numbers.count, by: columns.count).map {
      predictions.numbers[$0..<$0 + columns.count]
    }
  }
}

/// Figures with their names, one on a line.
enum MetricsText {
  static func lines(_ metrics: Metrics) -> [String] {
    metrics.values.map { entry in
      let name = entry.name.replacing("_", with: " ")
      return "  \(Text.left(name, 16))\(Text.right(Text.metric(entry.name, entry.value), 12))"
    }
  }
}
