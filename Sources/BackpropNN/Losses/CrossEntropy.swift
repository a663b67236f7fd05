// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// −ln softmax(logits) at the label, for each row; or against a distribution over the classes.
///
///     −(1 − s) wᵧ ln pᵧ − s/C Σ w ln p        divided by Σ wᵧ
///
/// `logits: [..., C]`; `target: [...]` integers, or `[..., C]` floats that are the probabilities,
/// whose mean is divided by the number of rows. As in PyTorch. A label outside 0 ..< C that is not
/// ignored makes the loss and the gradient of its row NaN.
///
/// Cost: one pass over the logits in each direction; kept for the backward pass: the logits and
/// one number for each row.
///
/// - Parameters:
///   - weights: how much each class counts, `[C]`.
///   - labelSmoothing: the part s of the target that is spread over all classes.
///   - ignored: rows with this label count nothing.
public func crossEntropy(
  _ logits: Tensor, _ target: Tensor, weights: Tensor? = nil, labelSmoothing: Float = 0,
  ignoring ignored: Int? = nil
) -> Loss {
  if let misfit = misfit("crossEntropy", logits, target, weights) { return misfit }
  let x = logits.cast(to: .float32)
  if target.dtype.isFloatingPoint {
    return softCrossEntropy(x, target.cast(to: .float32), weights, labelSmoothing)
  }
  let labels = target.cast(to: .int32)
  let known = SmoothedRows.labels(labels, classes: x.shape[-1], ignored)
  let (each, logSumExp) = crossEntropyRows(x, known)
  let rows = SmoothedRows(each, labels, classes: x.shape[-1], labelSmoothing, ignored)
  return rows.loss(own: weights.map { weight($0, of: labels, in: x) }) {
    let surprise = logSumExp.expanded(at: -1) - x
    return (weights.map { surprise * $0 } ?? surprise).sum(over: -1)
  }
}

/// −(log-probability of the label) for each row: cross-entropy of what is log-softmax already.
///
/// `logProbabilities: [..., C]`, `target: [...]` integers. A label outside 0 ..< C makes the loss and
/// the gradient of its row NaN.
public func negativeLogLikelihood(_ logProbabilities: Tensor, _ target: Tensor) -> Loss {
  let name = "negativeLogLikelihood"
  if target.dtype.isFloatingPoint {
    return .failed(
      name, [logProbabilities, target], "the target must be integers, one class for each row",
      hint: "use crossEntropy for a distribution over the classes")
  }
  if let misfit = misfit(name, logProbabilities, target, nil) { return misfit }
  let labels = target.cast(to: .int32)
  let mark = classMark(of: labels, classes: logProbabilities.shape[-1])
  let marked = logProbabilities.cast(to: .float32) * mark.expanded(at: -1)
  return Loss(summing: -(marked.taken(labels) * mark))
}

/// 1 for each label that is a class, NaN for another. A row times its mark has a gradient that is NaN
/// too, even where nothing of the row is looked up.
func classMark(of labels: Tensor, classes: Int) -> Tensor {
  let isClass = (labels .>= 0) .& (labels .< Float(classes))
  return select(isClass, Tensor.constant(1, .float32), Tensor.constant(.nan, .float32))
}

/// (1 − p)^γ times the cross-entropy, p the label's probability: easy rows count less (T.-Y. Lin et
/// al., 2017, eq. 4).
///
/// `logits: [..., C]`, `target: [...]` integers. A label outside 0 ..< C makes the loss and the
/// gradient of its row NaN.
public func focalLoss(_ logits: Tensor, _ target: Tensor, gamma: Float = 2) -> Loss {
  if target.dtype.isFloatingPoint {
    return .failed(
      "focalLoss", [logits, target], "the target must be integers, one class for each row",
      hint: "use binaryFocalLoss for zeros and ones")
  }
  if let misfit = misfit("focalLoss", logits, target, nil) { return misfit }
  let each = crossEntropyRows(logits.cast(to: .float32), target.cast(to: .int32)).loss
  return Loss(summing: focused(each, gamma))
}

/// (1 − e⁻ˡ)^γ l.
func focused(_ each: Tensor, _ gamma: Float) -> Tensor {
  gamma == 0 ? each : power(-((-each).expm1()), gamma) * each
}

private func softCrossEntropy(
  _ x: Tensor, _ target: Tensor, _ weights: Tensor?, _ smoothing: Float
) -> Loss {
  let classes = Float(max(1, x.shape[-1]))
  var share = smoothing == 0 ? target : target * (1 - smoothing) + smoothing / classes
  if let weights { share = share * weights }
  let sum = -((share * x.logSoftmax()).reduced(.sum, AxisSet(0..<x.rank)))
  return Loss(sum: sum, count: x.count / max(1, x.shape[-1]))
}

/// The weight of each row's label, without looking it up: labels may be anything.
private func weight(_ weights: Tensor, of labels: Tensor, in x: Tensor) -> Tensor {
  let isLabel = Tensor.iota(x.shape, along: -1) .== labels.expanded(at: -1)
  let spread = weights.cast(to: .float32).broadcast(to: x.shape)
  return select(isLabel, spread, Tensor.literal(0, like: spread)).sum(over: -1)
}

private func misfit(_ name: String, _ logits: Tensor, _ target: Tensor, _ weights: Tensor?)
  -> Loss?
{
  guard logits.rank > 0, logits.dtype.isFloatingPoint else {
    return .failed(
      name, [logits, target], "logits must be floating-point with the classes on the last axis",
      hint: "give the model's output before softmax, [..., classes]")
  }
  let rows = logits.shape.reduced(over: AxisSet([logits.rank - 1]), keeping: false)
  if target.dtype.isFloatingPoint, target.shape != logits.shape {
    return .failed(
      name, [logits, target], "a floating-point target holds a probability for each class",
      hint: target.count == rows.count
        ? "for one class for each row give int32 labels \(rows)"
        : "the target must be \(logits.shape)")
  }
  if !target.dtype.isFloatingPoint, target.shape != rows {
    return .failed(
      name, [logits, target], "the labels must be \(rows), one class for each row",
      hint: target.count == rows.count
        ? "reshape them: labels.reshaped(to: \(rows))"
        : "logits of \(logits.shape) are \(rows.count) rows of \(logits.shape[-1]) classes")
  }
  if let weights, weights.shape != [logits.shape[-1]] {
    return .failed(
      name, [logits, weights], "there must be one weight for each class",
      hint: "the weights must be [\(logits.shape[-1])]")
  }
  return nil
}
