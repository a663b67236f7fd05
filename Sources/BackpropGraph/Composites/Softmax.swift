// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// eˣⁱ / Σⱼ eˣʲ along an axis, without overflow.
  ///
  /// One pass over each row: the planner keeps the row in cache. The gradient is written with the
  /// result, y (g − Σ g y), so that x need not be kept.
  public func softmax(along axis: Int = -1) -> Tensor {
    guard let position = self.axis(axis), dtype.isFloatingPoint else {
      return .failed(
        "softmax", [self], "axis \(axis) must exist and \(dtype) be floating-point", shape: shape,
        dtype: dtype)
    }
    return composite("softmax \(position)", [self]) { operands in
      let x = operands[0]
      let exponentials = (x - x.max(over: position, keepingAxes: true)).exp()
      return [exponentials / exponentials.sum(over: position, keepingAxes: true)]
    } pullback: { _, results, cotangents in
      guard let g = cotangents[0] else { return [nil] }
      let weighted = g * results[0]
      return [weighted - results[0] * weighted.sum(over: position, keepingAxes: true)]
    }[0]
  }

  /// xᵢ − ln Σⱼ eˣʲ along an axis, without overflow.
  public func logSoftmax(along axis: Int = -1) -> Tensor {
    guard let position = self.axis(axis), dtype.isFloatingPoint else {
      return .failed(
        "logSoftmax", [self], "axis \(axis) must exist and \(dtype) be floating-point",
        shape: shape, dtype: dtype)
    }
    return composite("logSoftmax \(position)", [self]) { operands in
      let x = operands[0]
      let shifted = x - x.max(over: position, keepingAxes: true)
      return [shifted - shifted.exp().sum(over: position, keepingAxes: true).log()]
    } pullback: { _, results, cotangents in
      guard let g = cotangents[0] else { return [nil] }
      return [g - results[0].exp() * g.sum(over: position, keepingAxes: true)]
    }[0]
  }
}
