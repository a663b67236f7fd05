// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// Momentum divided by a moving root mean square, both corrected for starting at zero.
///
///     m ← β₁ m + (1 − β₁) g         v ← β₂ v + (1 − β₂) g²
///     w ← w − rate · m̂ / (√v̂ + ε),   m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
///
/// (D. Kingma, J. Ba, 2014.) As in PyTorch. With `amsgrad` v̂ uses the largest v so far (S. Reddi et
/// al., 2018).
public struct Adam: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// An optimizer for a model's parameters; `l2` is PyTorch's `weight_decay` of Adam.
  public init(
    _ model: some Module, learningRate: LearningRate = 1e-3, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8, amsgrad: Bool = false, l2: Double = 0,
    options: OptimizerOptions = OptimizerOptions()
  ) {
    state = OptimizerState(
      model, AdamRule(beta1: beta1, beta2: beta2, epsilon: epsilon, isAMSGrad: amsgrad),
      learningRate: learningRate, l2: l2, options: options)
  }
}

/// ``Adam`` with the largest v so far, which converges where Adam may not (S. Reddi et al., 2018).
public struct AMSGrad: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// An optimizer for a model's parameters.
  public init(
    _ model: some Module, learningRate: LearningRate = 1e-3, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8, l2: Double = 0, weightDecay: Double = 0,
    options: OptimizerOptions = OptimizerOptions()
  ) {
    state = OptimizerState(
      model, AdamRule(beta1: beta1, beta2: beta2, epsilon: epsilon, isAMSGrad: true),
      learningRate: learningRate, l2: l2, weightDecay: weightDecay, options: options)
  }
}

/// ``Adam`` with decoupled weight decay: w ← (1 − rate · weightDecay) w first (I. Loshchilov,
/// F. Hutter, 2017). As in PyTorch.
public struct AdamW: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// An optimizer for a model's parameters.
  public init(
    _ model: some Module, learningRate: LearningRate = 1e-3, beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01,
    amsgrad: Bool = false, options: OptimizerOptions = OptimizerOptions()
  ) {
    state = OptimizerState(
      model, AdamRule(beta1: beta1, beta2: beta2, epsilon: epsilon, isAMSGrad: amsgrad),
      learningRate: learningRate, weightDecay: weightDecay, options: options)
  }
}

struct AdamRule: UpdateRule {
  let beta1: Double
  let beta2: Double
  let epsilon: Double
  let isAMSGrad: Bool
  /// What the learning rate is multiplied by.
  var factor = 1.0

  var slotNames: [String] { isAMSGrad ? ["mean", "square", "largest"] : ["mean", "square"] }

  /// The corrections are folded into two numbers: rate · √c₂ / c₁ and ε √c₂, cᵢ = 1 − βᵢᵗ.
  func numbers(step: Int, rate: Double, decay: Double) -> [Double] {
    let first = 1 - HostMath.power(beta1, step)
    let second = (1 - HostMath.power(beta2, step)).squareRoot()
    return [factor * rate * second / first, epsilon * second, 1 - beta1, beta2, 1 - beta2]
  }

  func updated(_ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ numbers: [Tensor])
    -> (parameter: Tensor, slots: Slots)
  {
    let mean = slots.first.map { $0 + (gradient - $0) * numbers[2] } ?? gradient * numbers[2]
    let part = gradient * gradient * numbers[4]
    let square = slots.second.map { $0 * numbers[3] + part } ?? part
    let largest = isAMSGrad ? slots.third.map { maximum($0, square) } ?? square : nil
    let root = (largest ?? square).squareRoot() + numbers[1]
    return (parameter - mean * numbers[0] / root, Slots(mean, square, largest))
  }
}
