// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// Says the next steps of a series from a window of it.
///
/// The window has W steps of C features, the first K of which are the columns that are forecast. A
/// simple forecast, the anchor, is taken from the window, and the network says how far off it is:
///
///     ŷ = anchor + s · Linear(body(x̃))
///
/// x̃ is the window; with `normalizes` the K columns in it have mean 0 and deviation 1, and s is
/// their deviation √(variance + 10⁻⁵) before (T. Kim et al., "Reversible instance normalization for
/// accurate time-series forecasting against distribution shift", 2022), else s is 1. The last layer
/// is zero at first, so that a network that was not trained forecasts its anchor.
///
/// `x: [B, W, C] -> [B, horizon · K]`, step by step. Paths: `body.…`, `output.weight`.
public struct Forecaster: Module, CustomStringConvertible {
  /// What reads the window.
  public enum Body: Module {
    /// Recurrent layers, of which the last step's output counts.
    case recurrent(Recurrent)
    /// Causal convolutions, of which the last step's output counts.
    case convolutions(CausalConvNet)
    /// Fully connected layers over all steps at once.
    case layers(Sequential)
  }

  /// The forecast that the network corrects.
  public enum Anchor: Hashable, Sendable {
    /// Zero.
    case none
    /// The mean of the window.
    case mean
    /// The last value.
    case last
    /// The value one season of so many steps before, repeated where the horizon is longer.
    case season(Int)
  }

  /// What reads the window.
  public let body: Body
  /// What makes the corrections.
  public let output: Linear
  /// The forecast that is corrected.
  public let anchor: Anchor
  /// Whether each window is normalized by itself.
  public let normalizes: Bool
  /// Steps that are forecast.
  public let horizon: Int
  /// Columns that are forecast, K.
  public let targets: Int
  /// Steps of a window, W.
  public let window: Int
  /// Features of a step, C.
  public let inputs: Int

  /// A network for windows of `window` steps of `inputs` features.
  ///
  /// - Parameters:
  ///   - features: what the body makes of a window: its last layer's width.
  ///   - body: what reads a window; for fully connected layers, window · inputs features.
  public init(
    window: Int, inputs: Int, horizon: Int, targets: Int = 1, features: Int, anchor: Anchor = .last,
    normalizes: Bool = true, body: Body
  ) {
    precondition(
      window > 0 && horizon > 0 && (1...max(1, inputs)).contains(targets),
      "a window of \(window) steps of \(inputs) features does not say \(targets) columns")
    if case .season(let steps) = anchor {
      precondition(
        (1...window).contains(steps), "a season of \(steps) steps is not in a window of \(window)")
    }
    self.body = body
    self.anchor = anchor
    self.normalizes = normalizes
    self.horizon = horizon
    self.targets = targets
    self.window = window
    self.inputs = inputs
    output = Linear(
      weight: Parameter([horizon * targets, features], initializer: .zeros),
      bias: Parameter([horizon * targets], initializer: .zeros))
  }

  /// `Forecaster of 24 steps by Recurrent lstm 8→64`.
  public var description: String {
    let reader =
      switch body {
      case .recurrent(let layers): layers.description
      case .convolutions(let layers): layers.description
      case .layers: "fully connected layers"
      }
    return "Forecaster of \(horizon) steps by \(reader)"
  }

  /// `x: [B, W, C] -> [B, horizon · K]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank == 3, x.shape[1] == window, x.shape[2] == inputs, x.dtype.isFloatingPoint else {
      return .failed(
        "Forecaster", [x], "windows must be [B, \(window), \(inputs)] of floating-point numbers",
        hint: "give \(window) steps, the columns that are forecast first",
        shape: [x.rank > 0 ? x.shape[0] : 1, horizon * targets], dtype: .float32)
    }
    let columns = x.sliced(along: 2, 0..<targets)
    var (read, scale) = (x, Tensor?.none)
    if normalizes {
      let mean = columns.mean(over: 1, keepingAxes: true)
      let apart = columns - mean
      let deviation = (apart.square().mean(over: 1, keepingAxes: true) + 1e-5).squareRoot()
      read = apart / deviation
      if targets < inputs {
        read = concatenate([read, x.sliced(along: 2, targets..<inputs)], along: 2)
      }
      scale = deviation
    }
    let corrections = output(features(read)).reshaped(to: [x.shape[0], horizon, targets])
    let forecast = scale.map { corrections * $0 } ?? corrections
    return (anchored(columns).map { forecast + $0 } ?? forecast)
      .reshaped(to: [x.shape[0], horizon * targets])
  }

  private func features(_ x: Tensor) -> Tensor {
    switch body {
    case .recurrent(let layers): layers(x).outputs[..., window - 1, 0...]
    case .convolutions(let layers): layers(x)[..., window - 1, 0...]
    case .layers(let layers): layers(x.flattened(1))
    }
  }

  /// The anchor, [B, horizon, K] or as far as it broadcasts.
  private func anchored(_ columns: Tensor) -> Tensor? {
    switch anchor {
    case .none: return nil
    case .mean: return columns.mean(over: 1, keepingAxes: true)
    case .last: return columns.sliced(along: 1, window - 1..<window)
    case .season(let steps):
      let last = window - steps
      let parts = stride(from: 0, to: horizon, by: steps).map { begin in
        columns.sliced(along: 1, last..<last + min(steps, horizon - begin))
      }
      return parts.count == 1 ? parts[0] : concatenate(parts, along: 1)
    }
  }
}
