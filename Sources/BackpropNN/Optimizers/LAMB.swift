// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// Adam's direction with weight decay, scaled for each parameter to the parameter's own norm: for
/// very large batches (Y. You et al., 2020, algorithm 2).
///
///     d = m̂ / (√v̂ + ε) + weightDecay · w
///     w ← w − rate · (|w| / |d|) · d
///
/// The ratio is 1 where either norm is 0.
public struct LAMB: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// An optimizer for a model's parameters.
  public init(
    _ model: some Module, learningRate: LearningRate = 1e-3, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-6, weightDecay: Double = 0,
    options: OptimizerOptions = OptimizerOptions()
  ) {
    state = OptimizerState(
      model, Rule(beta1: beta1, beta2: beta2, epsilon: epsilon), learningRate: learningRate,
      weightDecay: weightDecay, options: options)
  }

  private struct Rule: UpdateRule {
    let beta1: Double
    let beta2: Double
    let epsilon: Double
    let slotNames = ["mean", "square"]
    let isDecayDecoupled = false

    func numbers(step: Int, rate: Double, decay: Double) -> [Double] {
      let first = 1 / (1 - HostMath.power(beta1, step))
      let second = 1 / (1 - HostMath.power(beta2, step))
      return [rate, first, second, epsilon, 1 - beta1, beta2, 1 - beta2, decay]
    }

    func updated(_ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ numbers: [Tensor])
      -> (parameter: Tensor, slots: Slots)
    {
      let mean = slots.first.map { $0 + (gradient - $0) * numbers[4] } ?? gradient * numbers[4]
      let part = gradient * gradient * numbers[6]
      let square = slots.second.map { $0 * numbers[5] + part } ?? part
      let direction =
        mean * numbers[1] / ((square * numbers[2]).squareRoot() + numbers[3])
        + parameter * numbers[7]
      let size = parameter.sumOfSquares().squareRoot()
      let length = direction.sumOfSquares().squareRoot()
      let zero = Tensor.literal(0, like: size)
      let one = Tensor.literal(1, like: size)
      let ratio = select(size .> zero, select(length .> zero, size / length, one), one)
      return (parameter - direction * (ratio * numbers[0]), Slots(mean, square))
    }
  }
}
