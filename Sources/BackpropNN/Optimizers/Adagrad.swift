// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// A rate of its own for each element: divided by the root of the sum of its squared gradients.
///
///     a ← a + g²
///     w ← w − rate / (1 + (step − 1) · learningRateDecay) · g / (√a + ε)
///
/// (J. Duchi et al., 2011.) As in PyTorch.
public struct Adagrad: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// An optimizer for a model's parameters.
  ///
  /// - Parameter initial: the first value of the sums.
  public init(
    _ model: some Module, learningRate: LearningRate = 0.01, learningRateDecay: Double = 0,
    initial: Double = 0, epsilon: Double = 1e-10, l2: Double = 0, weightDecay: Double = 0,
    options: OptimizerOptions = OptimizerOptions()
  ) {
    state = OptimizerState(
      model, Rule(decay: learningRateDecay, initial: initial, epsilon: epsilon),
      learningRate: learningRate, l2: l2, weightDecay: weightDecay, options: options)
  }

  private struct Rule: UpdateRule {
    let decay: Double
    let initial: Double
    let epsilon: Double
    let slotNames = ["sum"]

    func numbers(step: Int, rate: Double, decay: Double) -> [Double] {
      [rate / (1 + Double(step - 1) * self.decay), epsilon, initial]
    }

    func updated(_ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ numbers: [Tensor])
      -> (parameter: Tensor, slots: Slots)
    {
      let square = gradient * gradient
      let sum = slots.first.map { $0 + square } ?? square + numbers[2]
      let step = gradient * numbers[0] / (sum.squareRoot() + numbers[1])
      return (parameter - step, Slots(sum))
    }
  }
}
