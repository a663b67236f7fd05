// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The cross-entropy of `head(x)`, whose logits never stand in memory whole where there are many:
/// that of a language model with a large vocabulary.
///
/// `x: [..., D]`, `target: [...]` integers. The same as `crossEntropy(head(x), target)`, up to
/// rounding. Logits by the million (at least 2²⁴, of 4,096 classes or more) are made block by block,
/// in the backward pass again; then the memory is that of a block, and a gradient of the gradient
/// is an error. Fewer are made at once, which is faster.
///
/// - Parameters:
///   - labelSmoothing: the part of the target that is spread over all classes.
///   - ignored: rows with this label count nothing.
public func linearCrossEntropy(
  _ x: Tensor, _ head: Linear, _ target: Tensor, labelSmoothing: Float = 0,
  ignoring ignored: Int? = nil
) -> Loss {
  linearCrossEntropy(
    x, head, target, labelSmoothing: labelSmoothing, ignoring: ignored,
    block: LogitBlocks.size(rows: x.count / max(1, head.inputs), classes: head.outputs))
}

/// The same in blocks of so many classes; nil: all at once.
package func linearCrossEntropy(
  _ x: Tensor, _ head: Linear, _ target: Tensor, labelSmoothing: Float, ignoring ignored: Int?,
  block: Int?
) -> Loss {
  let fits = x.rank > 0 && x.shape[-1] == head.inputs && x.dtype.isFloatingPoint
  let isLabeled =
    fits && !target.dtype.isFloatingPoint
    && Array(x.shape.dimensions.dropLast()) == target.shape.dimensions
  guard let block, isLabeled, x.dtype != .float16 else {
    return crossEntropy(
      head(x), target, labelSmoothing: labelSmoothing, ignoring: ignored)
  }
  let dtype = Context.current.precision ?? x.dtype
  let rows = x.cast(to: dtype).reshaped(to: [-1, head.inputs])
  let weight = head.weight.value.cast(to: dtype)
  let bias = head.bias?.value.cast(to: .float32)
  let labels = target.cast(to: .int32).reshaped(to: [-1])
  let known = SmoothedRows.labels(labels, classes: head.outputs, ignored)
  let (each, logSumExp) = linearCrossEntropyRows(rows, weight, bias, known, block: block)
  /// For each row Σ of what every class is surprised by, without its logits: C ln Σ eˡ − Σ l.
  func surprise() -> Tensor {
    let total = head.weight.value.sum(over: 0).expanded(at: 1)
    let logits = matmul(rows.cast(to: .float32), total).squeezed(at: 1)
    let sum = bias.map { logits + $0.sum() } ?? logits
    return logSumExp * Float(head.outputs) - sum
  }
  return SmoothedRows(each, labels, classes: head.outputs, labelSmoothing, ignored)
    .loss(own: nil, surprise: surprise)
}

/// When logits are made block by block.
private enum LogitBlocks {
  /// Bytes of the logits of a block: what a cache of the last level holds.
  private static let bytes = 16 << 20

  /// How many classes at a time; nil: all.
  static func size(rows: Int, classes: Int) -> Int? {
    guard classes >= 4096, rows * classes >= 1 << 24 else { return nil }
    return min(8192, max(512, bytes / (4 * rows)))
  }
}
