// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// How one parameter moves, given its gradient: a pure function that writes a graph.
///
/// It is asked once for each structure of a step; what it wrote is used again in later steps with
/// other numbers. So whatever changes from step to step must be among ``numbers(step:rate:decay:)``.
public protocol UpdateRule: Sendable {
  /// The names of the slots in files, at most three.
  var slotNames: [String] { get }
  /// Whether weight decay is applied to the parameter before the update. If not, the numbers speak
  /// of it.
  var isDecayDecoupled: Bool { get }
  /// The numbers of a step: they enter the graph as scalars, so that a change plans nothing anew.
  ///
  /// - Parameters:
  ///   - step: counted from 1.
  ///   - rate: the learning rate of the step.
  ///   - decay: the weight decay of the parameter's group.
  func numbers(step: Int, rate: Double, decay: Double) -> [Double]
  /// The new parameter and its new slots.
  ///
  /// - Parameters:
  ///   - parameter: the current value in float32, with decoupled weight decay applied.
  ///   - gradient: in float32, clipped, with L1 and L2 terms added.
  ///   - slots: float32; nil in the first step.
  ///   - numbers: scalars, one for each of ``numbers(step:rate:decay:)``.
  func updated(_ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ numbers: [Tensor])
    -> (parameter: Tensor, slots: Slots)
}

extension UpdateRule {
  /// Weight decay comes before the update.
  public var isDecayDecoupled: Bool { true }
}
