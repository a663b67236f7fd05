// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats

/// What a network must know of series beside the shape of an example, [T, C].
public struct SeriesShape: Hashable, Sendable {
  /// Whether series are of different lengths.
  public let hasLengths: Bool
  /// Steps that are forecast; nil where classes are told apart.
  public let horizon: Int?
  /// Steps after which the series is like before; 1 for classes.
  public let season: Int

  /// Puts the facts together.
  public init(hasLengths: Bool, horizon: Int? = nil, season: Int = 1) {
    self.hasLengths = hasLengths
    self.horizon = horizon
    self.season = season
  }

  var json: JSONValue {
    var object = JSONObject([("has_lengths", .bool(hasLengths)), ("season", .integer(season))])
    object["horizon"] = horizon.map { .integer($0) }
    return .object(object)
  }

  init?(json: JSONValue) {
    guard case .bool(let hasLengths)? = json["has_lengths"], let season = json["season"]?.integer,
      season > 0, season < 1 << 24
    else { return nil }
    let horizon = json["horizon"]?.integer
    if let horizon, horizon < 1 || horizon >= 1 << 24 { return nil }
    self.init(hasLengths: hasLengths, horizon: horizon, season: season)
  }
}

extension DataShape {
  /// The shape of series.
  init(_ parts: DataParts, series learned: SeriesLearned) {
    let forecast = learned.forecast
    self.init(
      example: parts.train.features.exampleShape, codeCounts: [],
      outputs: parts.classNames?.count ?? parts.train.targets?.exampleSize ?? 1,
      classNames: parts.classNames, pixelMaximum: 1,
      series: SeriesShape(
        hasLengths: [parts.train, parts.validation, parts.test].contains { $0?.lengths != nil },
        horizon: forecast?.horizon, season: forecast?.season ?? 1))
  }
}
