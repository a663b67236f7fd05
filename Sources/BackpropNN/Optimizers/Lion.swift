// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// The sign of a momentum: every element moves by the rate (X. Chen et al., 2023, algorithm 2).
///
///     w ← w − rate (sign(β₁ m + (1 − β₁) g) + weightDecay · w)
///     m ← β₂ m + (1 − β₂) g
///
/// Rates are three to ten times smaller than AdamW's, weight decay as much larger.
public struct Lion: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// An optimizer for a model's parameters.
  public init(
    _ model: some Module, learningRate: LearningRate = 1e-4, beta1: Double = 0.9,
    beta2: Double = 0.99, weightDecay: Double = 0, options: OptimizerOptions = OptimizerOptions()
  ) {
    state = OptimizerState(
      model, Rule(beta1: beta1, beta2: beta2), learningRate: learningRate,
      weightDecay: weightDecay, options: options)
  }

  private struct Rule: UpdateRule {
    let beta1: Double
    let beta2: Double
    let slotNames = ["momentum"]

    func numbers(step: Int, rate: Double, decay: Double) -> [Double] {
      [rate, beta1, 1 - beta1, beta2, 1 - beta2]
    }

    func updated(_ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ numbers: [Tensor])
      -> (parameter: Tensor, slots: Slots)
    {
      func mix(_ old: Int, _ new: Int) -> Tensor {
        let part = gradient * numbers[new]
        return slots.first.map { $0 * numbers[old] + part } ?? part
      }
      return (parameter - mix(1, 2).sign() * numbers[0], Slots(mix(3, 4)))
    }
  }
}
