// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropNN

/// Where ``BackpropNN/LBFGS/minimize(iterations:_:)`` ended.
public struct Minimum: Hashable, Sendable, CustomStringConvertible {
  /// Why it ended there.
  public enum Reason: Hashable, Sendable {
    /// No element of the gradient is above the tolerance.
    case gradient
    /// Neither loss nor parameters change any more.
    case change
    /// The most iterations that were allowed.
    case iterations
  }
  /// The loss there.
  public let loss: Double
  /// The largest magnitude of an element of the gradient there.
  public let gradient: Double
  /// Directions that it took.
  public let iterations: Int
  /// Evaluations of the loss that it took.
  public let evaluations: Int
  /// Why it ended there.
  public let reason: Reason

  /// One sentence.
  public var description: String {
    let why =
      switch reason {
      case .gradient: "the gradient vanishes"
      case .change: "nothing changes any more"
      case .iterations: "more iterations were not allowed"
      }
    return "loss \(loss) after \(iterations) iterations and \(evaluations) evaluations: \(why)"
  }
}

extension LBFGS {
  /// Takes up to ``iterations`` directions, and moves the parameters along each.
  ///
  /// - Parameter body: the loss, the same function each time; it is called several times. Draws of
  ///   layers, such as dropout's, are the same in each call.
  /// - Returns: the loss before the step.
  /// - Throws: what `body` throws, or what went wrong while computing. The parameters then are where
  ///   the last complete direction ended.
  @discardableResult
  public func step<Value: Objective>(_ body: () throws -> Value) throws -> Value {
    var descent = try Descent(self, body)
    let before = descent.first
    _ = try descent.run(iterations: iterations, evaluations: evaluations, body)
    return before
  }

  /// Goes down to a minimum.
  ///
  /// - Parameters:
  ///   - iterations: the most directions to take.
  ///   - body: the loss; see ``step(_:)``.
  /// - Throws: as ``step(_:)``.
  @discardableResult
  public func minimize<Value: Objective>(
    iterations: Int = 1000, _ body: () throws -> Value
  ) throws -> Minimum {
    var descent = try Descent(self, body)
    let reason = try descent.run(iterations: iterations, evaluations: Int.max, body)
    return Minimum(
      loss: descent.point.value, gradient: descent.point.largest,
      iterations: descent.iterations, evaluations: descent.evaluations, reason: reason)
  }
}
