// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// −t ln σ(x) − (1 − t) ln(1 − σ(x)) for each element, without overflow.
///
/// `logits` and `target`: one shape; targets in 0 ... 1. The mean is over the elements, as in
/// PyTorch.
///
/// - Parameters:
///   - weights: how much each element counts, of the target's shape.
///   - positiveWeight: what −t ln σ(x) is multiplied by: a scalar, or one for each position of the
///     last axis.
public func binaryCrossEntropy(
  _ logits: Tensor, _ target: Tensor, weights: Tensor? = nil, positiveWeight: Tensor? = nil
) -> Loss {
  let name = "binaryCrossEntropy"
  if let misfit = Loss.unequal(name, logits, target) { return misfit }
  if let weights, weights.shape != target.shape {
    return .failed(
      name, [logits, weights], "there must be one weight for each element",
      hint: "the weights must be \(target.shape)")
  }
  if let positiveWeight, positiveWeight.rank > 0,
    logits.rank == 0 || positiveWeight.shape != [logits.shape[-1]]
  {
    return .failed(
      name, [logits, positiveWeight],
      "the positive weight must be a scalar or one number for each position of the last axis",
      hint: "the positive weight must be [] or [\(logits.rank == 0 ? 1 : logits.shape[-1])]")
  }
  let x = logits.cast(to: .float32)
  let t = target.cast(to: .float32)
  var each = binaryElements(x, t)
  if let positiveWeight { each = each + t * (positiveWeight - 1) * (-x).softplus() }
  if let weights { each = each * weights }
  return Loss(summing: each)
}

/// α (1 − p)^γ times the binary cross-entropy, p the probability of the target (T.-Y. Lin et al.,
/// 2017, eq. 5).
///
/// - Parameter alpha: the weight of positive targets, 1 − alpha that of negative ones; nil: 1.
public func binaryFocalLoss(
  _ logits: Tensor, _ target: Tensor, gamma: Float = 2, alpha: Float? = 0.25
) -> Loss {
  .elementwise("binaryFocalLoss", logits, target) { x, t in
    let each = focused(binaryElements(x, t), gamma)
    return alpha.map { each * (t * (2 * $0 - 1) + (1 - $0)) } ?? each
  }
}

/// max(x, 0) − x t + ln(1 + e^(−|x|)), with the gradient σ(x) − t.
private func binaryElements(_ x: Tensor, _ t: Tensor) -> Tensor {
  composite("binaryCrossEntropy", [x, t]) { operands in
    let (x, t) = (operands[0], operands[1])
    return [x.relu() - x * t + (-(x.absolute())).exp().log1p()]
  } pullback: { operands, _, cotangents in
    let (x, t) = (operands[0], operands[1])
    guard let g = cotangents[0] else { return [nil, nil] }
    return [g * (x.sigmoid() - t), -(g * x)]
  }[0]
}
