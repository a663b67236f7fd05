// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropModels
import BackpropNN

/// The sizes of a network for series.
public struct SeriesModelRecipe: Hashable, Sendable {
  /// The forecast that a network corrects.
  public enum Anchor: String, Hashable, Sendable, CaseIterable {
    /// Zero, in scaled units: the mean of the training part.
    case none
    /// The mean of the window.
    case mean
    /// The last value.
    case last
    /// The value one season before.
    case season
  }

  /// Recurrent layers.
  public var layers: Int
  /// Their units in each direction.
  public var width: Int
  /// Whether they also run from the end to the start.
  public var bidirectional: Bool
  /// The forecast that is corrected; without meaning for classes.
  public var anchor: Anchor
  /// Whether each window is normalized by itself; without meaning for classes.
  public var instanceNorm: Bool
  private let isForecast: Bool

  private static let own: [ModelKey] = [.bidirectional, .anchor, .instance_norm]

  /// nil where the network reads no series.
  init?(
    _ keys: Section<ModelKey>, kind: ModelRecipe.Kind, source: DataRecipe.Source
  ) throws(RecipeError) {
    let readsSeries = source == .series || source == .forecast
    let unused: [ModelKey] =
      switch kind {
      case .lstm, .gru: source == .forecast ? [.bidirectional] : [.anchor, .instance_norm]
      case .tcn: [.bidirectional]
      case .series_cnn: SeriesModelRecipe.own
      case .mlp: source == .forecast ? [.bidirectional] : SeriesModelRecipe.own
      case .table, .cnn, .resnet, .gpt, .rnn, .text_classifier, .bag_of_words, .transformer, .vit,
        .mixer,
        .log_mel_cnn, .wave_cnn:
        SeriesModelRecipe.own
      }
    if let key = unused.first(where: keys.has) {
      throw keys.error(key, "means nothing to \(kind.rawValue) here", "leave it out")
    }
    guard readsSeries else { return nil }
    isForecast = source == .forecast
    let isRecurrent = kind == .lstm || kind == .gru
    layers = try isRecurrent ? keys.integer(.layers, in: 1...64, default: 1) : 1
    width = try isRecurrent ? keys.integer(.width, in: 1...65536, default: 64) : 1
    bidirectional = try keys.flag(.bidirectional, default: false)
    anchor = try keys.choice(.anchor, default: .last)
    instanceNorm = try keys.flag(.instance_norm, default: true)
  }

  /// A season that is forecast again must be in the window.
  func check(
    _ keys: Section<ModelKey>, _ forecast: ForecastDataRecipe?
  ) throws(RecipeError) {
    guard let forecast, let season = forecast.season, anchor == .season,
      season > forecast.window
    else { return }
    throw keys.error(
      .anchor,
      "is season, and a season of \(season) steps is not in a window of \(forecast.window)",
      "set data.window to at least \(season), or write model.anchor: last")
  }

  func write(_ pairs: inout [(String, JSONValue)], kind: ModelRecipe.Kind) {
    let isRecurrent = kind == .lstm || kind == .gru
    if isRecurrent { pairs += [("layers", .integer(layers)), ("width", .integer(width))] }
    if isForecast {
      pairs += [
        ("anchor", .string(anchor.rawValue)), ("instance_norm", .bool(instanceNorm)),
      ]
    } else if isRecurrent {
      pairs.append(("bidirectional", .bool(bidirectional)))
    }
  }
}
