// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// The gradient divided by a moving root mean square of itself.
///
///     s ← α s + (1 − α) g²          m ← α m + (1 − α) g  (if centered)
///     d = g / (√(s − m²) + ε)       v ← μ v + d          (if there is momentum)
///     w ← w − rate · v
///
/// (T. Hinton, 2012; centered: A. Graves, 2013.) As in PyTorch.
public struct RMSprop: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// An optimizer for a model's parameters.
  ///
  /// - Parameter alpha: how slowly the averages move.
  public init(
    _ model: some Module, learningRate: LearningRate = 0.01, alpha: Double = 0.99,
    epsilon: Double = 1e-8, momentum: Double = 0, centered: Bool = false, l2: Double = 0,
    weightDecay: Double = 0, options: OptimizerOptions = OptimizerOptions()
  ) {
    state = OptimizerState(
      model, Rule(alpha: alpha, epsilon: epsilon, momentum: momentum, isCentered: centered),
      learningRate: learningRate, l2: l2, weightDecay: weightDecay, options: options)
  }

  private struct Rule: UpdateRule {
    let alpha: Double
    let epsilon: Double
    let momentum: Double
    let isCentered: Bool

    var slotNames: [String] { ["square", "mean", "momentum"] }

    func numbers(step: Int, rate: Double, decay: Double) -> [Double] {
      [rate, alpha, 1 - alpha, epsilon, momentum]
    }

    func updated(_ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ numbers: [Tensor])
      -> (parameter: Tensor, slots: Slots)
    {
      let (rate, alpha, share, epsilon) = (numbers[0], numbers[1], numbers[2], numbers[3])
      func average(_ old: Tensor?, _ new: Tensor) -> Tensor {
        let part = new * share
        return old.map { $0 * alpha + part } ?? part
      }
      var new = Slots(average(slots.first, gradient * gradient))
      var variance = new.first ?? gradient
      if isCentered {
        let mean = average(slots.second, gradient)
        new.second = mean
        variance = variance - mean * mean
      }
      let direction = gradient / (variance.squareRoot() + epsilon)
      if momentum == 0 { return (parameter - direction * rate, new) }
      let velocity = slots.third.map { $0 * numbers[4] + direction } ?? direction
      new.third = velocity
      return (parameter - velocity * rate, new)
    }
  }
}
