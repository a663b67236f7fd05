// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// Steps in the unit of the parameters: the gradient times the ratio of two moving averages.
///
///     s ← ρ s + (1 − ρ) g²       d = g √(u + ε) / √(s + ε)       u ← ρ u + (1 − ρ) d²
///     w ← w − rate · d
///
/// (M. Zeiler, 2012.) As in PyTorch.
public struct Adadelta: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// An optimizer for a model's parameters.
  public init(
    _ model: some Module, learningRate: LearningRate = 1, rho: Double = 0.9,
    epsilon: Double = 1e-6, l2: Double = 0, weightDecay: Double = 0,
    options: OptimizerOptions = OptimizerOptions()
  ) {
    state = OptimizerState(
      model, Rule(rho: rho, epsilon: epsilon), learningRate: learningRate, l2: l2,
      weightDecay: weightDecay, options: options)
  }

  private struct Rule: UpdateRule {
    let rho: Double
    let epsilon: Double
    let slotNames = ["square", "accumulated"]

    func numbers(step: Int, rate: Double, decay: Double) -> [Double] {
      [rate, rho, 1 - rho, epsilon]
    }

    func updated(_ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ numbers: [Tensor])
      -> (parameter: Tensor, slots: Slots)
    {
      let (rate, rho, share, epsilon) = (numbers[0], numbers[1], numbers[2], numbers[3])
      func average(_ old: Tensor?, _ new: Tensor) -> Tensor {
        let part = new * share
        return old.map { $0 * rho + part } ?? part
      }
      let square = average(slots.first, gradient * gradient)
      let earlier = (slots.second.map { $0 + epsilon } ?? epsilon).squareRoot()
      let direction = gradient * (earlier / (square + epsilon).squareRoot())
      let accumulated = average(slots.second, direction * direction)
      return (parameter - direction * rate, Slots(square, accumulated))
    }
  }
}
