// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropModels
public import BackpropNN

/// The network of a recipe that reads series.
///
/// x: [B, T, C] -> [B, classes], or [B, horizon · K] for a forecast.
public enum SeriesNetwork: Module {
  /// Convolutions that tell classes apart.
  case convolutions(SeriesCNN)
  /// Recurrent layers that tell classes apart.
  case recurrent(RecurrentClassifier)
  /// A forecast.
  case forecaster(Forecaster)

  /// nil where the recipe's network or data are no matter of series.
  init?(_ recipe: ModelRecipe, for shape: DataShape) {
    guard let sizes = recipe.series, let series = shape.series, shape.example.count == 2 else {
      return nil
    }
    let channels = shape.example[1]
    let dropout = Float(recipe.dropout)
    if let horizon = series.horizon {
      self = .forecaster(SeriesNetwork.forecaster(recipe, sizes, shape, series, horizon))
      return
    }
    switch recipe.kind {
    case .series_cnn:
      self = .convolutions(
        SeriesCNN(
          inputs: channels, channels: recipe.channels,
          windows: recipe.channels.map { _ in recipe.window }, classes: shape.outputs,
          activation: recipe.activation.layer, norm: recipe.normalization.kind,
          isResidual: recipe.residual, dropout: dropout))
    case .lstm, .gru:
      self = .recurrent(
        RecurrentClassifier(
          recipe.kind == .lstm ? .lstm : .gru, inputs: channels, units: sizes.width,
          depth: sizes.layers, classes: shape.outputs, bidirectional: sizes.bidirectional,
          dropout: dropout))
    case .mlp, .table, .cnn, .resnet, .gpt, .rnn, .text_classifier, .bag_of_words, .transformer,
      .vit, .mixer,
      .tcn, .log_mel_cnn, .wave_cnn:
      return nil
    }
  }

  private static func forecaster(
    _ recipe: ModelRecipe, _ sizes: SeriesModelRecipe, _ shape: DataShape, _ series: SeriesShape,
    _ horizon: Int
  ) -> Forecaster {
    let (window, inputs) = (shape.example[0], shape.example[1])
    let dropout = Float(recipe.dropout)
    let anchor: Forecaster.Anchor =
      switch sizes.anchor {
      case .none: .none
      case .mean: .mean
      case .last: .last
      case .season: .season(series.season)
      }
    let (features, body): (Int, Forecaster.Body) =
      switch recipe.kind {
      case .lstm, .gru:
        (
          sizes.width,
          .recurrent(
            Recurrent(
              recipe.kind == .lstm ? .lstm : .gru, inputs: inputs, units: sizes.width,
              depth: sizes.layers, dropout: dropout))
        )
      case .tcn:
        (
          recipe.channels[recipe.channels.count - 1],
          .convolutions(
            CausalConvNet(
              inputs: inputs, channels: recipe.channels, window: recipe.window,
              activation: recipe.activation.layer, dropout: dropout))
        )
      case .mlp, .table, .cnn, .resnet, .gpt, .rnn, .text_classifier, .bag_of_words, .transformer,
        .vit, .mixer,
        .series_cnn, .log_mel_cnn, .wave_cnn:
        (
          recipe.hidden.last ?? window * inputs,
          .layers(Network.hidden(recipe, inputs: window * inputs))
        )
      }
    return Forecaster(
      window: window, inputs: inputs, horizon: horizon, targets: shape.outputs / horizon,
      features: features, anchor: anchor, normalizes: sizes.instanceNorm, body: body)
  }

  /// The outputs for a batch of series.
  ///
  /// - Parameter lengths: [B] int32, how many steps of each count; nil: all.
  public func callAsFunction(_ x: Tensor, lengths: Tensor? = nil) -> Tensor {
    switch self {
    case .convolutions(let model): model(x, lengths: lengths)
    case .recurrent(let model): model(x, lengths: lengths)
    case .forecaster(let model): model(x)
    }
  }
}
