// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// −ln softmax(x)ᵧ of each row of logits, and ln Σ eˣ of each row.
///
/// `logits: [..., C]`, `labels: [...] int32 -> [...], [...]`. The label is found by comparing
/// positions, so a row is passed over once in each direction; the gradient is softmax(x) − onehot,
/// made again from x and ln Σ eˣ: nothing else is kept. A label outside 0 ..< C makes both results
/// and the whole gradient of its row NaN.
///
/// - Precondition: logits are floating-point, labels int32 of the logits' shape without the last
///   axis.
package func crossEntropyRows(_ logits: Tensor, _ labels: Tensor)
  -> (loss: Tensor, logSumExp: Tensor)
{
  let axis = logits.rank - 1
  let last = AxisSet([axis])
  let classes = logits.shape[axis]
  let shape = logits.shape
  let kept = shape.reduced(over: last, keeping: true)
  let results = composite("crossEntropy", [logits, labels]) { operands in
    let (x, labels) = (operands[0], operands[1])
    let isLabel = Tensor.iota(shape, along: axis) .== labels.reshaped(to: kept)
    let top = x.reduced(.maximum, last)
    let shifted = x - top.reshaped(to: kept)
    let logarithm = shifted.exp().reduced(.sum, last).log()
    let picked = select(isLabel, shifted, Tensor.literal(0, like: shifted)).reduced(.sum, last)
    let isClass = Tensor.constant(-1, .int32) .< labels
    let isKnown = labels .< Tensor.constant(Float(classes), .int32)
    let nothing = Tensor.constant(.nan, x.dtype)
    // What the gradient is made from is marked, so that it needs no look at the labels' range.
    let marked = select(isClass, select(isKnown, logarithm, nothing), nothing)
    return [marked - picked, marked + top]
  } pullback: { operands, results, cotangents in
    let (x, labels) = (operands[0], operands[1])
    let probability = (x - results[1].reshaped(to: kept)).exp()
    var total: Tensor?
    if let g = cotangents[0] {
      let isLabel = Tensor.iota(shape, along: axis) .== labels.reshaped(to: kept)
      let one = Tensor.literal(1, like: probability)
      let slope = select(isLabel, probability - one, probability)
      total = slope * g.reshaped(to: kept)
    }
    if let g = cotangents[1] {
      let part = probability * g.reshaped(to: kept)
      total = total.map { $0 + part } ?? part
    }
    return [total, nil]
  }
  return (results[0], results[1])
}
