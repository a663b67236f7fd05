// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// (p − t)² for each element.
public func squaredError(_ predicted: Tensor, _ target: Tensor) -> Loss {
  .elementwise("squaredError", predicted, target) { p, t in (p - t).square() }
}

/// |p − t| for each element. The slope at 0 is 0.
public func absoluteError(_ predicted: Tensor, _ target: Tensor) -> Loss {
  .elementwise("absoluteError", predicted, target) { p, t in (p - t).absolute() }
}

/// ½ d² where |d| ≤ δ, else δ (|d| − δ/2), d = p − t (P. Huber, 1964).
public func huberLoss(_ predicted: Tensor, _ target: Tensor, delta: Float = 1) -> Loss {
  .elementwise("huberLoss", predicted, target) { p, t in
    let distance = (p - t).absolute()
    let near = minimum(distance, delta)
    return near * (distance - near * 0.5)
  }
}

/// ``huberLoss(_:_:delta:)`` divided by δ = β: ½ d²/β near 0, |d| − β/2 beyond.
public func smoothAbsoluteError(_ predicted: Tensor, _ target: Tensor, beta: Float = 1) -> Loss {
  .elementwise("smoothAbsoluteError", predicted, target) { p, t in
    let distance = (p - t).absolute()
    let near = minimum(distance, beta)
    return near * (distance - near * 0.5) * (1 / beta)
  }
}

/// ln cosh(p − t) for each element, without overflow: |d| + ln(1 + e^(−2|d|)) − ln 2.
public func logCoshLoss(_ predicted: Tensor, _ target: Tensor) -> Loss {
  .elementwise("logCoshLoss", predicted, target) { p, t in
    let distance = (p - t).absolute()
    // ln 2 to 17 digits.
    return distance + ((distance * -2).exp().log1p() - 0.69314718055994531)
  }
}

/// max(q d, (q − 1) d), d = t − p: its minimum is the q-quantile (R. Koenker, G. Bassett, 1978).
public func quantileLoss(_ predicted: Tensor, _ target: Tensor, quantile: Float) -> Loss {
  precondition(quantile > 0 && quantile < 1, "a quantile of \(quantile) is outside 0 ..< 1")
  return .elementwise("quantileLoss", predicted, target) { p, t in
    let distance = t - p
    return select(
      distance .> Tensor.literal(0, like: distance), distance * quantile,
      distance * (quantile - 1))
  }
}

/// The negative log-likelihood of counts under a Poisson distribution, without constants.
///
/// p is the logarithm of the rate: e^p − t p; or the rate itself: p − t ln(p + 10⁻⁸).
///
/// - Parameters:
///   - isLogarithm: whether the prediction is the logarithm of the rate.
///   - isFull: whether Stirling's t ln t − t + ½ ln(2π t) is added where t > 1.
public func poissonLoss(
  _ predicted: Tensor, _ target: Tensor, isLogarithm: Bool = true, isFull: Bool = false
) -> Loss {
  .elementwise("poissonLoss", predicted, target) { p, t in
    let each = isLogarithm ? p.exp() - t * p : p - t * (p + 1e-8).log()
    guard isFull else { return each }
    let one = Tensor.literal(1, like: t)
    let isLarge = t .> one
    let safe = select(isLarge, t, one)
    // ½ ln(2π) to 17 digits.
    let stirling = safe * safe.log() - safe + safe.log() * 0.5 + 0.91893853320467274
    return each + select(isLarge, stirling, Tensor.literal(0, like: t))
  }
}
