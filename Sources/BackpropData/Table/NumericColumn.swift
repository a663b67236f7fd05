// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How the numbers of one column are filled and scaled, as learned from the training part.
///
/// feature = (g(x) - offset) * factor, with g(x) = x or, for `Scaling.log`,
/// g(x) = log(1 + max(x - minimum, 0)).
public struct NumericColumn: Hashable, Sendable {
  /// The name of the column.
  public let name: String
  /// How it is scaled.
  public let scaling: Scaling
  /// What stands in for a missing value, before scaling.
  public let fill: Double
  /// The least value of the training part.
  public let minimum: Double
  /// The greatest value of the training part.
  public let maximum: Double
  /// What is subtracted.
  public let offset: Double
  /// What is multiplied with.
  public let factor: Double
  /// The missing values in the training part.
  public let missingCount: Int
  /// Whether a second feature says that the value was missing.
  public let marksMissing: Bool

  package init(
    name: String, scaling: Scaling, fill: Double, minimum: Double, maximum: Double,
    offset: Double, factor: Double, missingCount: Int, marksMissing: Bool
  ) {
    self.name = name
    self.scaling = scaling
    self.fill = fill
    self.minimum = minimum
    self.maximum = maximum
    self.offset = offset
    self.factor = factor
    self.missingCount = missingCount
    self.marksMissing = marksMissing
  }

  /// Learns from values of which at least one is there; NaN is a missing one.
  init(name: String, values: [Double], scaling: Scaling, fill: NumericFill, marksMissing: Bool) {
    let present = values.filter { !$0.isNaN }
    precondition(!present.isEmpty, "a numeric column has at least one number")
    let ordered = present.sorted()
    let (minimum, maximum) = (ordered[0], ordered[ordered.count - 1])
    let filled: Double
    switch fill {
    case .median:
      let middle = ordered.count / 2
      filled =
        ordered.count % 2 == 1
        ? ordered[middle] : ordered[middle - 1] / 2 + ordered[middle] / 2
    case .mean:
      filled = NumericColumn.moments(present).mean
    }
    var (offset, factor) = (0.0, 1.0)
    switch scaling {
    case .standard, .log:
      let scaled =
        scaling == .log ? present.map { NumericColumn.compressed($0, minimum) } : present
      let moments = NumericColumn.moments(scaled)
      offset = moments.mean
      factor = 1 / moments.deviation
    case .range:
      offset = minimum
      factor = 1 / (maximum - minimum)
    case .none:
      break
    }
    // A column without spread, or with one beyond the range of numbers, becomes zero.
    if !factor.isFinite || !offset.isFinite { (offset, factor) = (0, 0) }
    self.init(
      name: name, scaling: scaling, fill: filled, minimum: minimum, maximum: maximum,
      offset: offset, factor: factor, missingCount: values.count - present.count,
      marksMissing: marksMissing && present.count < values.count)
  }

  /// The feature of a value; NaN is a missing one.
  public func feature(_ value: Double) -> Float {
    let filled = value.isNaN ? fill : value
    let spread = scaling == .log ? NumericColumn.compressed(filled, minimum) : filled
    // The greatest finite number stands for what a Float can't hold.
    let feature = (spread - offset) * factor
    let limit = Double(Float.greatestFiniteMagnitude)
    return Float(min(max(feature, -limit), limit))
  }

  /// The value of which this is the feature: the inverse of scaling, for predictions.
  public func value(ofFeature feature: Float) -> Double {
    guard factor != 0 else { return fill }
    let spread = Double(feature) / factor + offset
    return scaling == .log ? expm1(spread) + minimum : spread
  }

  private static func compressed(_ value: Double, _ minimum: Double) -> Double {
    log1p(max(value - minimum, 0))
  }

  /// Mean and standard deviation of the population, in two passes.
  private static func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / count).squareRoot())
  }
}
