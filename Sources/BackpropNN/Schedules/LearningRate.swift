// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The learning rate of each training step: a pure function of the step's number, so that a
/// resumed run has the rates of the run that was never stopped.
///
/// A changing rate never plans anew. Only ``plateau(from:_:)`` has a memory, which is saved with
/// the optimizer.
public struct LearningRate: Sendable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  /// What the schedule is, for text.
  public let description: String
  private let rate: @Sendable (Int) -> Double
  /// The memory of a schedule that watches a metric.
  public let plateau: Plateau?

  /// A schedule of one's own.
  ///
  /// - Parameter rate: the rate of step 0, 1, 2, …; a pure function.
  public init(_ description: String, rate: @escaping @Sendable (Int) -> Double) {
    self.init(description, plateau: nil, rate: rate)
  }

  init(_ description: String, plateau: Plateau?, rate: @escaping @Sendable (Int) -> Double) {
    self.description = description
    self.rate = rate
    self.plateau = plateau
  }

  /// The rate of a step, counted from 0.
  public func callAsFunction(_ step: Int) -> Double { rate(step) }

  /// A constant rate.
  public init(floatLiteral value: Double) { self = .constant(value) }
  /// A constant rate.
  public init(integerLiteral value: Int) { self = .constant(Double(value)) }

  /// The same rate in every step.
  public static func constant(_ rate: Double) -> LearningRate {
    LearningRate("constant \(rate)") { _ in rate }
  }

  /// This schedule times a number.
  public func scaled(by factor: Double) -> LearningRate {
    let rate = self.rate
    return LearningRate("\(description) × \(factor)", plateau: plateau) { factor * rate($0) }
  }
}
