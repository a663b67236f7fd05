// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import Testing

@Suite("Models for series, beside PyTorch")
struct SeriesFixtureTests {
  @Test(arguments: Fixture.cases("series"))
  func agreesWithPyTorch(_ fixture: Fixture) throws {
    let (model, run) = try make(fixture)
    try expectModel(model, fixture, run)
  }

  /// The model of a case and its forward pass.
  private func make(_ fixture: Fixture) throws -> (any Module, () throws -> Tensor) {
    let o = fixture.options
    func number(_ key: String) throws -> Int { try #require(o.integer(key), "\(key)") }
    let x = try fixture("series")
    switch fixture.name.split(separator: ".")[0] {
    case "cnn":
      let model = SeriesCNN(
        inputs: try number("inputs"), channels: o.integers("channels"),
        windows: o.integers("windows"), classes: try number("classes"),
        norm: try #require(o.text("norm").flatMap(Normalization.Kind.init)),
        isResidual: o.truth("residual"))
      return (model, { model(x, lengths: try fixture("lengths")) })
    case "recurrent":
      let model = RecurrentClassifier(
        try #require(o.text("kind").flatMap(RecurrentKind.init)), inputs: try number("inputs"),
        units: try number("units"), depth: try number("depth"), classes: try number("classes"),
        bidirectional: o.truth("bidirectional"))
      return (model, { model(x, lengths: try fixture("lengths")) })
    case "causal":
      let model = CausalConvNet(
        inputs: try number("inputs"), channels: o.integers("channels"),
        window: try number("window"))
      return (model, { model(x) })
    default:
      let model = try forecaster(o)
      return (model, { model(x) })
    }
  }

  private func forecaster(_ o: Options) throws -> Forecaster {
    func number(_ key: String) throws -> Int { try #require(o.integer(key), "\(key)") }
    let (inputs, window, width) = (try number("inputs"), try number("window"), try number("width"))
    let anchor: Forecaster.Anchor =
      switch o.text("anchor") {
      case "mean": .mean
      case "last": .last
      case "season": .season(try number("season"))
      default: .none
      }
    let body: Forecaster.Body =
      switch o.text("body") {
      case "gru": .recurrent(Recurrent(.gru, inputs: inputs, units: width))
      case "causal":
        .convolutions(CausalConvNet(inputs: inputs, channels: [width], window: 2))
      default: .layers(Sequential(Linear(window * inputs, width), Activation.tanh))
      }
    return Forecaster(
      window: window, inputs: inputs, horizon: try number("horizon"),
      targets: try number("targets"), features: width, anchor: anchor,
      normalizes: o.truth("normalizes"), body: body)
  }
}
