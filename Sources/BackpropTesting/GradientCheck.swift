// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Compares gradients with finite differences, both computed in `Double` by the reference
/// interpreter, so that a wrong pullback shows and a rounding error does not.
///
/// The gradient is compared along random directions through all leaves at once; of small problems
/// every coordinate is compared too. A direction along which the function has a kink right here
/// decides nothing, and is counted as such.
public struct GradientCheck: Sendable {
  /// How many random directions to try.
  public var directions = 3
  /// Problems with at most so many coordinates are compared coordinate by coordinate.
  public var everyCoordinateUpTo = 48
  /// The largest difference, relative to the sum of the magnitudes of what is added up. Not less
  /// than 1e-7, for pullbacks carry their constants as float32.
  public var tolerance = 1e-6
  /// 1 compares gradients, 2 gradients of gradients too.
  public var order = 1
  /// Where the random directions start.
  public var seed: UInt64 = 1

  /// A check with the usual settings.
  public init() {}

  /// Checks the gradient of a function of tensors, which may have any shape: what is
  /// differentiated is the sum of its elements, each times a random weight.
  ///
  /// - Parameter leaves: where to differentiate. They should not lie at kinks.
  public func callAsFunction(at leaves: [Tensor], _ body: ([Tensor]) throws -> Tensor) throws
    -> GradientReport
  {
    try callAsFunction(of: try body(leaves), at: leaves)
  }

  /// Checks the gradient of a tensor at tensors it was made from, for example a model's loss at
  /// its parameters. Neither it nor what lies between may have been evaluated and cut off.
  public func callAsFunction(of result: Tensor, at leaves: [Tensor]) throws -> GradientReport {
    var generator = SeededGenerator(seed: seed)
    if let failure = result.failure { throw failure }
    let leaves = leaves.filter(\.dtype.isFloatingPoint)
    let values = try Reference.evaluate(leaves, rounding: false)
    var scalar = result
    if result.count != 1 { scalar = weighted([result], &generator) }
    if !scalar.dtype.isFloatingPoint { scalar = scalar.cast(to: .float32) }
    var report = GradientReport()
    for order in 1...max(order, 1) {
      let gradients = gradient(of: scalar, at: leaves)
      let probe = try Probe(scalar, gradients, leaves, values)
      compare(probe, order, &report, &generator)
      if order < self.order { scalar = weighted(gradients, &generator) }
    }
    return report
  }

  /// Σ w x over all elements of some tensors, w random: a scalar that all of them take part in.
  private func weighted(_ tensors: [Tensor], _ generator: inout SeededGenerator) -> Tensor {
    var sum = Tensor(0)
    for tensor in tensors {
      let weights = tensor.shape.indices.map { _ in Float(generator.number(-1...1)) }
      sum = sum + (tensor * Tensor(weights, shape: tensor.shape)).sum()
    }
    return sum
  }

  private func compare(
    _ probe: Probe, _ order: Int, _ report: inout GradientReport,
    _ generator: inout SeededGenerator
  ) {
    for _ in 0..<directions {
      let direction = probe.leaves.map { leaf in
        leaf.shape.indices.map { _ in generator.number(-1...1) }
      }
      let outcome = probe.compare(along: direction, tolerance)
      report.add(outcome, order, place: nil)
    }
    let count = probe.leaves.reduce(0) { $0 + $1.count }
    let everywhere = count <= everyCoordinateUpTo
    // Of a large problem, coordinates are looked at to say where the gradient is wrong.
    if !everywhere && report.passed { return }
    for (number, leaf) in probe.leaves.enumerated() {
      for index in leaf.shape.indices
      where everywhere || generator.happens(256 / Double(count)) {
        var direction = probe.leaves.map { [Double](repeating: 0, count: $0.count) }
        direction[number][index] = 1
        report.add(
          probe.compare(along: direction, tolerance), order,
          place: GradientReport.Place(leaf: number, position: leaf.shape.coordinates(of: index)))
      }
    }
  }
}

/// What a gradient check found.
public struct GradientReport: Sendable, CustomStringConvertible {
  /// An element of a leaf.
  public struct Place: Sendable, Hashable {
    /// The number of the leaf among those that have a floating-point type.
    public let leaf: Int
    /// The coordinates of the element.
    public let position: [Int]
  }

  /// A place or direction where the gradient and the finite difference disagree.
  public struct Disagreement: Error, Sendable, CustomStringConvertible {
    /// The element; nil for a random direction.
    public let place: Place?
    /// 1 for a gradient, 2 for the gradient of one.
    public let order: Int
    /// What `gradient(of:at:)` says.
    public let analytic: Double
    /// What finite differences say.
    public let numeric: Double
    /// The difference relative to the magnitudes that were added up.
    public let error: Double

    /// One sentence: where, and both values.
    public var description: String {
      let what = order == 1 ? "the gradient" : "the gradient of the gradient"
      let place =
        place.map { "of leaf \($0.leaf) at \($0.position)" } ?? "along a random direction"
      return "\(what) \(place) is \(analytic), finite differences say \(numeric) "
        + "(relative error \(error))"
    }
  }

  /// How many comparisons were made.
  public private(set) var comparisons = 0
  /// How many of them decided nothing: there is a kink, or the function is not finite.
  public private(set) var undecided = 0
  /// How many disagreed.
  public private(set) var failures = 0
  /// The largest relative difference that passed.
  public private(set) var largestError = 0.0
  /// The worst disagreement; one at a single element if there is any.
  public private(set) var worst: Disagreement?

  /// Whether nothing disagreed.
  public var passed: Bool { worst == nil }

  /// One sentence.
  public var description: String {
    if let worst { return "\(failures) of \(comparisons) comparisons failed: \(worst)" }
    return "\(comparisons) comparisons passed, \(undecided) undecided; "
      + "largest relative error \(largestError)"
  }

  /// Throws the worst disagreement, if any.
  public func requireAgreement() throws(Disagreement) {
    if let worst { throw worst }
  }

  fileprivate mutating func add(_ outcome: Probe.Outcome, _ order: Int, place: Place?) {
    comparisons += 1
    switch outcome {
    case .undecided: undecided += 1
    case .agrees(let error): largestError = max(largestError, error)
    case .differs(let analytic, let numeric, let error):
      failures += 1
      let found = Disagreement(
        place: place, order: order, analytic: analytic, numeric: numeric, error: error)
      guard let worst else {
        self.worst = found
        return
      }
      if worst.order == order,
        (worst.place == nil) == (place == nil) ? error > worst.error : place != nil
      {
        self.worst = found
      }
    }
  }
}

/// A scalar function at a point, with its gradient there.
private struct Probe {
  enum Outcome {
    case agrees(Double)
    case undecided
    case differs(analytic: Double, numeric: Double, error: Double)
  }

  let scalar: Tensor
  let leaves: [Tensor]
  let values: [ReferenceValue]
  let value: Double
  let gradients: [ReferenceValue]

  init(
    _ scalar: Tensor, _ gradients: [Tensor], _ leaves: [Tensor], _ values: [ReferenceValue]
  ) throws {
    self.scalar = scalar
    self.leaves = leaves
    self.values = values
    let known = try Reference.evaluate(
      [scalar] + gradients, rounding: false, substituting: Array(zip(leaves, values)))
    value = known[0].elements[0]
    self.gradients = Array(known[1...])
  }

  /// The function at a distance from the point along a direction; NaN if it has no value there.
  private func value(at distance: Double, along direction: [[Double]]) -> Double {
    var moved: [Reference.Substitution] = []
    for (number, leaf) in leaves.enumerated() {
      var there = values[number]
      for (index, slope) in direction[number].enumerated() where slope != 0 {
        there.elements[index] += distance * slope
      }
      moved.append((leaf, there))
    }
    let result = try? Reference.evaluate(scalar, rounding: false, substituting: moved)
    return result?.elements[0] ?? .nan
  }

  func compare(along direction: [[Double]], _ tolerance: Double) -> Outcome {
    var (analytic, magnitude) = (0.0, 0.0)
    for (gradient, slopes) in zip(gradients, direction) {
      for (g, slope) in zip(gradient.elements, slopes) where slope != 0 {
        analytic += g * slope
        magnitude += abs(g * slope)
      }
    }
    guard value.isFinite else { return .undecided }
    var (kinks, closest) = (0, Outcome.undecided)
    var smallest = Double.infinity
    var slopes: [Double] = []
    // Four steps: long ones for functions that cancel, short ones near kinks and poles.
    for step in [1e-4, 1e-3, 1e-5, 1e-6] {
      let (a, b) = (value(at: -step, along: direction), value(at: step, along: direction))
      let (c, d) = (value(at: -2 * step, along: direction), value(at: 2 * step, along: direction))
      // Differences of the fourth order: the error is step⁴ f⁽⁵⁾ / 30.
      let numeric = (8 * (b - a) - (d - c)) / (12 * step)
      guard numeric.isFinite else { continue }
      let noise = 1e-14 * abs(value) / step
      let size = max(magnitude.isFinite ? magnitude : 0, abs(numeric), noise / tolerance, 1e-9)
      let error = analytic.isFinite ? abs(analytic - numeric) / size : .infinity
      if error <= tolerance { return .agrees(error) }
      // At a kink the slopes on both sides differ as much near by as further away; by curvature
      // they differ half as much. Where a function jumps they differ more near by.
      let near = abs((b - value) - (value - a)) / step
      let far = abs((d - value) - (value - c)) / (2 * step)
      if near > 1e-3 * size && near > 0.75 * far { kinks += 1 }
      slopes.append(numeric)
      if error <= smallest {
        smallest = error
        closest = .differs(analytic: analytic, numeric: numeric, error: error)
      }
    }
    // Differences that don't agree with each other say nothing about the gradient.
    let isConfirmed = slopes.indices.contains { i in
      slopes[..<i].contains { abs($0 - slopes[i]) <= 1e-3 * max(abs($0), abs(slopes[i]), 1e-9) }
    }
    return kinks > 1 || !isConfirmed ? .undecided : closest
  }
}
