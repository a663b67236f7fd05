// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// max(0, margin − t p) for each element; targets are −1 or 1.
///
/// - Parameter isSquared: whether each element is squared.
public func hingeLoss(
  _ predicted: Tensor, _ target: Tensor, margin: Float = 1, isSquared: Bool = false
) -> Loss {
  .elementwise("hingeLoss", predicted, target) { p, t in
    let each = (margin - p * t).relu()
    return isSquared ? each.square() : each
  }
}

/// Σ max(0, margin − xᵧ + xⱼ)ᵖ over the other classes j, divided by the number of classes.
///
/// `scores: [..., C]`, `target: [...]` integers (J. Weston, C. Watkins, 1999). A label outside
/// 0 ..< C makes the loss and the gradient of its row NaN.
///
/// - Parameter isSquared: whether p is 2, not 1.
public func classHingeLoss(
  _ scores: Tensor, _ target: Tensor, margin: Float = 1, isSquared: Bool = false
) -> Loss {
  guard scores.rank > 0, !target.dtype.isFloatingPoint,
    target.shape == scores.shape.reduced(over: AxisSet([scores.rank - 1]), keeping: false)
  else {
    return .failed(
      "classHingeLoss", [scores, target], "the target must be integers, one class for each row",
      hint: "the classes lie on the last axis of the scores")
  }
  let labels = target.cast(to: .int32)
  let mark = classMark(of: labels, classes: scores.shape[-1])
  let x = scores.cast(to: .float32) * mark.expanded(at: -1)
  let own = x.taken(labels).expanded(at: -1)
  let isOwn = Tensor.iota(x.shape, along: -1) .== labels.expanded(at: -1)
  let excess = (x - own + margin).relu()
  let each = select(isOwn, Tensor.literal(0, like: x), isSquared ? excess.square() : excess)
  return Loss(summing: each.sum(over: -1) * mark * (1 / Float(max(1, x.shape[-1]))))
}

/// max(0, margin − t (a − b)): t = 1 where the first should be larger, −1 where the second.
public func rankingLoss(_ first: Tensor, _ second: Tensor, _ target: Tensor, margin: Float = 0)
  -> Loss
{
  if let misfit = Loss.unequal("rankingLoss", first, second) { return misfit }
  return .elementwise("rankingLoss", first.cast(to: .float32) - second.cast(to: .float32), target) {
    difference, t in (margin - t * difference).relu()
  }
}

/// max(0, |a − p| − |a − n| + margin) for each row, with |·| the p-norm (F. Schroff et al., 2015).
///
/// `anchor`, `positive`, `negative: [..., C]`. As in PyTorch, 10⁻⁶ is added to the differences.
public func tripletLoss(
  _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, margin: Float = 1, power: Float = 2
) -> Loss {
  if let misfit = Loss.unequal("tripletLoss", anchor, positive) { return misfit }
  if let misfit = Loss.unequal("tripletLoss", anchor, negative) { return misfit }
  guard anchor.rank > 0 else {
    return .failed(
      "tripletLoss", [anchor, positive, negative], "there must be an axis to measure along",
      hint: "give rows of features, [..., C]")
  }
  let a = anchor.cast(to: .float32)
  func distance(to other: Tensor) -> Tensor {
    (a - other.cast(to: .float32) + 1e-6).norm(power, over: -1)
  }
  return Loss(
    summing: (distance(to: positive) - distance(to: negative) + margin).relu())
}
