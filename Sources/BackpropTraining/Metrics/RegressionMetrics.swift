// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// How far predicted numbers are from the true ones.
public struct RegressionMetrics: Hashable, Sendable {
  /// The mean of the squared errors.
  public let meanSquaredError: Double
  /// The mean of the errors' absolute values, in the unit of the target.
  public let meanAbsoluteError: Double
  /// R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)²; nil for fewer than two examples or targets that are all equal.
  public let rSquared: Double?

  /// The root of the mean squared error, in the unit of the target.
  public var rootMeanSquaredError: Double { meanSquaredError.squareRoot() }

  /// Measures predictions against targets, two lists of equal length.
  public init(predictions: [Double], targets: [Double]) {
    precondition(predictions.count == targets.count, "each target needs one prediction")
    let count = Double(max(targets.count, 1))
    let mean = targets.reduce(0, +) / count
    var squares = 0.0
    var absolutes = 0.0
    var spread = 0.0
    for (y, target) in zip(predictions, targets) {
      squares += (y - target) * (y - target)
      absolutes += (y - target).magnitude
      spread += (target - mean) * (target - mean)
    }
    meanSquaredError = squares / count
    meanAbsoluteError = absolutes / count
    rSquared = targets.count > 1 && spread > 0 ? 1 - squares / spread : nil
  }

  /// All of it under the names that reports use.
  public func summary() -> Metrics {
    var metrics = Metrics()
    metrics["rmse"] = rootMeanSquaredError
    metrics["mae"] = meanAbsoluteError
    metrics["r2"] = rSquared
    return metrics
  }
}
