// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropFormats

/// What was learned from the training part of series.
public enum SeriesLearned: Hashable, Sendable {
  /// How series with classes are read.
  case classes(SeriesPreprocessor)
  /// How series that are forecast are read.
  case forecast(ForecastPreprocessor)

  /// Of series with classes.
  public var classes: SeriesPreprocessor? {
    if case .classes(let learned) = self { learned } else { nil }
  }
  /// Of series that are forecast.
  public var forecast: ForecastPreprocessor? {
    if case .forecast(let learned) = self { learned } else { nil }
  }

  var json: JSONValue {
    switch self {
    case .classes(let learned): learned.json
    case .forecast(let learned): learned.json
    }
  }

  init(json: JSONValue, file: String, isForecast: Bool) throws(FormatError) {
    self =
      try isForecast
      ? .forecast(ForecastPreprocessor(json: json, file: file))
      : .classes(SeriesPreprocessor(json: json, file: file))
  }

  /// Whether data of a shape are what this makes.
  func fits(_ shape: DataShape) -> Bool {
    guard let series = shape.series, shape.example.count == 2 else { return false }
    switch self {
    case .classes(let learned):
      return series.horizon == nil && shape.example[1] == learned.channels.count
        && shape.outputs == learned.labels.count
    case .forecast(let learned):
      return series.horizon == learned.horizon && series.season == learned.season
        && shape.example == [learned.window, learned.featureCount]
        && shape.outputs == learned.horizon * learned.targets.count
    }
  }
}
