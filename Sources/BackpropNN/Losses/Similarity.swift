// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// 1 − cos(a, b) for each row.
///
/// `first`, `second: [..., C]`. Norms below 10⁻⁸ count as 10⁻⁸.
public func cosineDistance(_ first: Tensor, _ second: Tensor) -> Loss {
  if let misfit = misfit("cosineDistance", first, second) { return misfit }
  return Loss(summing: 1 - cosine(first, second))
}

/// 1 − cos(a, b) for each row with target 1, max(0, cos(a, b) − margin) with target −1.
///
/// `first`, `second: [..., C]`, `target: [...]`.
public func cosineEmbeddingLoss(
  _ first: Tensor, _ second: Tensor, _ target: Tensor, margin: Float = 0
) -> Loss {
  let name = "cosineEmbeddingLoss"
  if let misfit = misfit(name, first, second) { return misfit }
  let similarity = cosine(first, second)
  return .elementwise(name, similarity, target) { similarity, t in
    select(
      t .> Tensor.literal(0, like: t), 1 - similarity, (similarity - margin).relu())
  }
}

/// Σ q (ln q − ln p) for each row: how far the prediction p is from the target q.
///
/// `logProbabilities: [..., C]`, `target: [..., C]`. The mean is over the rows. Where q is 0 the
/// term is 0.
///
/// - Parameter isLogarithm: whether the target holds ln q.
public func klDivergence(
  _ logProbabilities: Tensor, _ target: Tensor, isLogarithm: Bool = false
) -> Loss {
  if let misfit = misfit("klDivergence", logProbabilities, target) { return misfit }
  let p = logProbabilities.cast(to: .float32)
  let t = target.cast(to: .float32)
  let each: Tensor
  if isLogarithm {
    each = t.exp() * (t - p)
  } else {
    let zero = Tensor.literal(0, like: t)
    let isPositive = t .> zero
    let logarithm = select(isPositive, t, Tensor.literal(1, like: t)).log()
    each = select(isPositive, t * (logarithm - p), zero)
  }
  return Loss(summing: each.sum(over: -1))
}

private func misfit(_ name: String, _ first: Tensor, _ second: Tensor) -> Loss? {
  if let misfit = Loss.unequal(name, first, second) { return misfit }
  if first.rank > 0 { return nil }
  return .failed(
    name, [first, second], "there must be an axis to measure along",
    hint: "give rows of features, [..., C]")
}

private func cosine(_ first: Tensor, _ second: Tensor) -> Tensor {
  let a = first.cast(to: .float32)
  let b = second.cast(to: .float32)
  // Maximum of the squares, so that the slope at a zero vector is finite.
  func norm(_ x: Tensor) -> Tensor { maximum(x.square().sum(over: -1), 1e-16).squareRoot() }
  return (a * b).sum(over: -1) / (norm(a) * norm(b))
}
