// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// (x − mean) / √(variance + ε) over axes, with the mean and 1/√(variance + ε), kept at size 1.
  ///
  /// The variance is the mean squared distance from the mean (S. Ioffe, C. Szegedy, 2015; J. L. Ba
  /// et al., 2016). Kept for the backward pass: the result and 1/√(variance + ε).
  ///
  /// - Parameter axes: different and among the tensor's; floating-point tensors only.
  package func normalizedWithStatistics(over axes: AxisSet, epsilon: Float)
    -> (result: Tensor, mean: Tensor, scale: Tensor)
  {
    let kept = shape.reduced(over: axes, keeping: true)
    let share = 1 / Float(Swift.max(1, count / Swift.max(1, kept.count)))
    @Sendable func mean(_ x: Tensor) -> Tensor {
      (x.reduced(.sum, axes) * share).reshaped(to: kept)
    }
    // The share follows from the shapes, which are part of the body's structure.
    let results = composite("normalize", [self, Tensor.constant(epsilon, dtype)]) { operands in
      let x = operands[0]
      let center = mean(x)
      let distance = x - center
      let scale = (mean(distance * distance) + operands[1]).reciprocalSquareRoot()
      return [distance * scale, center, scale]
    } pullback: { _, results, cotangents in
      let (y, scale) = (results[0], results[2])
      var total: Tensor?
      if let g = cotangents[0] { total = scale * (g - mean(g) - y * mean(g * y)) }
      // d mean / dx = 1/n and d scale / dx = −scale² y / n.
      if let g = cotangents[1] {
        let part = (g * share).broadcast(to: y.shape)
        total = total.map { $0 + part } ?? part
      }
      if let g = cotangents[2] {
        let part = -(y * (g * scale * scale * share))
        total = total.map { $0 + part } ?? part
      }
      return [total, nil]
    }
    return (results[0], results[1], results[2])
  }

  /// (x − mean) / √(variance + ε) over axes.
  public func normalized(over axes: [Int], epsilon: Float = 1e-5) -> Tensor {
    let positions = axes.compactMap(axis)
    guard positions.count == axes.count, Set(positions).count == axes.count, !axes.isEmpty,
      dtype.isFloatingPoint
    else {
      return .failed(
        "normalize", [self],
        "axes \(axes) must be different, among the \(rank) axes, and \(dtype) floating-point",
        shape: shape, dtype: dtype)
    }
    return normalizedWithStatistics(over: AxisSet(positions), epsilon: epsilon).result
  }

  /// x / √(mean x² + ε) over the last axis (B. Zhang, R. Sennrich, 2019).
  public func rmsNormalized(epsilon: Float = 1e-6) -> Tensor {
    guard rank > 0, dtype.isFloatingPoint else {
      return .failed(
        "rmsNormalize", [self], "the tensor must have an axis and be floating-point",
        shape: shape, dtype: dtype)
    }
    let axes = AxisSet([rank - 1])
    let kept = shape.reduced(over: axes, keeping: true)
    let share = 1 / Float(Swift.max(1, shape[-1]))
    return composite("rmsNormalize", [self, Tensor.constant(epsilon, dtype)]) { operands in
      let x = operands[0]
      let mean = ((x * x).reduced(.sum, axes) * share).reshaped(to: kept)
      let scale = (mean + operands[1]).reciprocalSquareRoot()
      return [x * scale, scale]
    } pullback: { _, results, cotangents in
      let (y, scale) = (results[0], results[1])
      guard let g = cotangents[0] else { return [nil, nil] }
      let mean = ((g * y).reduced(.sum, axes) * share).reshaped(to: kept)
      return [scale * (g - y * mean), nil]
    }[0]
  }
}
