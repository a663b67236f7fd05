// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// Momentum whose matrix is replaced by its orthogonal factor, by Newton and Schulz' iteration
/// (K. Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/). As in PyTorch, but
/// computed in float32.
///
///     b ← μ b + (1 − μ) g          u = (1 − μ) g + μ b if nesterov, else b
///     w ← (1 − rate · weightDecay) w − rate · factor · orthogonal(u)
///
/// Parameters with more than two axes count as matrices of [first axis, all others]. Vectors have
/// no orthogonal factor: they are trained with ``AdamW``, and so should embeddings and the last
/// layer be, by `adam`.
public struct Muon: Optimizer {
  /// Step count, slots, schedule and groups.
  public let state: OptimizerState

  /// How the rate depends on a matrix's shape.
  public enum Adjustment: Sendable {
    /// By √max(1, rows/columns), as the authors.
    case original
    /// By 0.2 √max(rows, columns): steps of the size of AdamW's, so its rates can be used.
    case matchingAdamW
  }

  /// An optimizer for a model's parameters.
  ///
  /// - Parameters:
  ///   - vectorRate: what the learning rate is multiplied by where AdamW is used.
  ///   - adam: a glob of parameters to train with AdamW though they are matrices.
  public init(
    _ model: some Module, learningRate: LearningRate = 1e-3, momentum: Double = 0.95,
    nesterov: Bool = true, weightDecay: Double = 0.1, epsilon: Double = 1e-7,
    iterations: Int = 5, adjustment: Adjustment = .original, vectorRate: Double = 1,
    adam: String? = nil, options: OptimizerOptions = OptimizerOptions()
  ) {
    let rule = Rule(
      momentum: momentum, isNesterov: nesterov, epsilon: epsilon, iterations: iterations,
      adjustment: adjustment)
    let other = AdamRule(
      beta1: 0.9, beta2: 0.999, epsilon: 1e-8, isAMSGrad: false, factor: vectorRate)
    let glob = adam.map(Glob.init)
    state = OptimizerState(
      model, rule, learningRate: learningRate, weightDecay: weightDecay, options: options
    ) { path, shape in
      shape.rank < 2 || glob?.matches(path) == true ? other : nil
    }
  }

  private struct Rule: UpdateRule {
    let momentum: Double
    let isNesterov: Bool
    let epsilon: Double
    let iterations: Int
    let adjustment: Adjustment
    let slotNames = ["momentum"]

    func numbers(step: Int, rate: Double, decay: Double) -> [Double] {
      [rate, momentum, 1 - momentum]
    }

    func updated(_ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ numbers: [Tensor])
      -> (parameter: Tensor, slots: Slots)
    {
      let part = gradient * numbers[2]
      let average = slots.first.map { $0 * numbers[1] + part } ?? part
      let direction = isNesterov ? part + average * numbers[1] : average
      let rows = parameter.shape[0]
      let matrix = direction.reshaped(to: [rows, -1])
      let columns = matrix.shape[1]
      let orthogonal = matrix.orthogonalized(
        // The authors' numbers.
        coefficients: [(3.4445, -4.7750, 2.0315, iterations)], epsilon: Float(epsilon))
      let factor: Float
      switch adjustment {
      case .original: factor = max(1, Float(rows) / Float(max(1, columns))).squareRoot()
      case .matchingAdamW: factor = 0.2 * Float(max(rows, columns)).squareRoot()
      }
      let step = orthogonal.reshaped(to: parameter.shape) * numbers[0]
      return (parameter - (factor == 1 ? step : step * factor), Slots(average))
    }
  }
}
