// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// Gradient descent, with momentum if wanted.
///
///     v ← μ v + (1 − τ) g        (v = g in the first step)
///     w ← w − rate (g + μ v  if nesterov, else v)
///
/// As in PyTorch (I. Sutskever et al., 2013, with the rate outside the velocity).
public struct SGD: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// Gradient descent for a model's parameters.
  public init(
    _ model: some Module, learningRate: LearningRate, momentum: Double = 0, dampening: Double = 0,
    nesterov: Bool = false, l2: Double = 0, weightDecay: Double = 0,
    options: OptimizerOptions = OptimizerOptions()
  ) {
    precondition(
      !nesterov || (momentum > 0 && dampening == 0),
      "Nesterov's step needs a momentum and no dampening")
    state = OptimizerState(
      model, MomentumRule(momentum: momentum, dampening: dampening, isNesterov: nesterov),
      learningRate: learningRate, l2: l2, weightDecay: weightDecay, options: options)
  }
}

private struct MomentumRule: UpdateRule {
  let momentum: Double
  let dampening: Double
  let isNesterov: Bool

  var slotNames: [String] { momentum == 0 ? [] : ["momentum"] }

  func numbers(step: Int, rate: Double, decay: Double) -> [Double] {
    momentum == 0 ? [rate] : [rate, momentum, 1 - dampening]
  }

  func updated(_ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ numbers: [Tensor])
    -> (parameter: Tensor, slots: Slots)
  {
    let rate = numbers[0]
    if momentum == 0 { return (parameter - gradient * rate, Slots()) }
    let fresh = dampening == 0 ? gradient : gradient * numbers[2]
    let velocity = slots.first.map { $0 * numbers[1] + fresh } ?? gradient
    let direction = isNesterov ? gradient + velocity * numbers[1] : velocity
    return (parameter - direction * rate, Slots(velocity))
  }
}
