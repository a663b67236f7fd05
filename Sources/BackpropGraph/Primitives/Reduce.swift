// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A value from all elements along some axes; the axes are removed.
///
/// Empty axes: the sum is 0, the maximum −∞ (or the least integer). Sums of int32 wrap around;
/// sums of narrow floats are accumulated in float32.
package enum Reduction: UInt8, CaseIterable, Hashable, Sendable {
  case sum, maximum, minimum

  /// Ties of a maximum share the cotangent evenly.
  func pullback(_ axes: AxisSet, _ x: Tensor, _ y: Tensor, _ g: Tensor) -> Tensor? {
    let kept = x.shape.reduced(over: axes, keeping: true)
    let spread = g.reshaped(to: kept).broadcast(to: x.shape)
    switch self {
    case .sum: return spread
    case .maximum, .minimum:
      let isExtreme = x .== y.reshaped(to: kept).broadcast(to: x.shape)
      let ties = isExtreme.cast(to: x.dtype).reduced(.sum, axes).reshaped(to: kept)
      return select(isExtreme, spread / ties.broadcast(to: x.shape), Tensor.literal(0, like: x))
    }
  }
}

/// Which position `argMax` and `argMin` look for: the first on ties; NaN wins.
package enum Extremum: UInt8, CaseIterable, Hashable, Sendable {
  case largest, smallest
}

extension Tensor {
  package func reduced(_ reduction: Reduction, _ axes: AxisSet) -> Tensor {
    if axes.isEmpty { return self }
    if dtype == .bfloat16 || dtype == .float16 {
      return cast(to: .float32).reduced(reduction, axes).cast(to: dtype)
    }
    return Tensor(
      Node(.reduce(reduction, axes), shape.reduced(over: axes, keeping: false), dtype, node))
  }

  /// A reduction over checked axes; no axes means all of them.
  private func reduce(
    _ name: String, _ axes: [Int], _ keeping: Bool, _ body: (Tensor, AxisSet) -> Tensor
  ) -> Tensor {
    let positions = axes.isEmpty ? Array(0..<rank) : axes.compactMap(axis)
    guard positions.count == (axes.isEmpty ? rank : axes.count),
      Set(positions).count == positions.count
    else {
      return .failed(
        name, [self], "axes \(axes) must be different and among the \(rank) axes", shape: shape,
        dtype: dtype)
    }
    let set = AxisSet(positions)
    let result = body(self, set)
    return keeping ? result.reshaped(to: shape.reduced(over: set, keeping: true)) : result
  }

  private var counted: Tensor { dtype == .bool || dtype == .uint8 ? cast(to: .int32) : self }
  private func size(_ axes: AxisSet) -> Int { axes.axes.reduce(1) { $0 * shape[$1] } }

  /// The sum over axes (all by default); bool and uint8 are counted in int32.
  public func sum(over axes: Int..., keepingAxes keeping: Bool = false) -> Tensor {
    sum(over: axes, keepingAxes: keeping)
  }
  /// The sum over axes (all if the array is empty).
  public func sum(over axes: [Int], keepingAxes keeping: Bool = false) -> Tensor {
    counted.reduce("sum", axes, keeping) { $0.reduced(.sum, $1) }
  }
  /// The largest element over axes (all by default); NaN wins.
  public func max(over axes: Int..., keepingAxes keeping: Bool = false) -> Tensor {
    max(over: axes, keepingAxes: keeping)
  }
  /// The largest element over axes (all if the array is empty); NaN wins.
  public func max(over axes: [Int], keepingAxes keeping: Bool = false) -> Tensor {
    counted.reduce("max", axes, keeping) { $0.reduced(.maximum, $1) }
  }
  /// The smallest element over axes (all by default); NaN wins.
  public func min(over axes: Int..., keepingAxes keeping: Bool = false) -> Tensor {
    min(over: axes, keepingAxes: keeping)
  }
  /// The smallest element over axes (all if the array is empty); NaN wins.
  public func min(over axes: [Int], keepingAxes keeping: Bool = false) -> Tensor {
    counted.reduce("min", axes, keeping) { $0.reduced(.minimum, $1) }
  }
  /// The mean over axes (all by default), in floating point.
  public func mean(over axes: Int..., keepingAxes keeping: Bool = false) -> Tensor {
    mean(over: axes, keepingAxes: keeping)
  }
  /// The mean over axes (all if the array is empty), in floating point.
  public func mean(over axes: [Int], keepingAxes keeping: Bool = false) -> Tensor {
    let x = dtype.isFloatingPoint ? self : cast(to: .float32)
    return x.reduce("mean", axes, keeping) {
      $0.reduced(.sum, $1) * (1 / Float($0.size($1)))
    }
  }
  /// The variance over axes (all by default): the mean squared distance from the mean.
  ///
  /// - Parameter correction: subtracted from the number of elements; 1 for the unbiased estimate.
  public func variance(
    over axes: Int..., correction: Int = 0, keepingAxes keeping: Bool = false
  ) -> Tensor {
    variance(over: axes, correction: correction, keepingAxes: keeping)
  }
  /// The variance over axes (all if the array is empty).
  public func variance(
    over axes: [Int], correction: Int = 0, keepingAxes keeping: Bool = false
  ) -> Tensor {
    let x = dtype.isFloatingPoint ? self : cast(to: .float32)
    return x.reduce("variance", axes, keeping) { x, set in
      let kept = x.shape.reduced(over: set, keeping: true)
      let n = Float(x.size(set))
      let mean = (x.reduced(.sum, set) * (1 / n)).reshaped(to: kept)
      let distance = x - mean
      return (distance * distance).reduced(.sum, set) * (1 / (n - Float(correction)))
    }
  }
  /// The standard deviation over axes (all by default).
  public func standardDeviation(
    over axes: Int..., correction: Int = 0, keepingAxes keeping: Bool = false
  ) -> Tensor {
    variance(over: axes, correction: correction, keepingAxes: keeping).squareRoot()
  }
  /// The norm (Σ |x|ᵖ)^(1/p) over axes (all by default); p may be 1, 2 or .infinity too.
  ///
  /// The gradient of the 2-norm at 0 is NaN, as the norm has no slope there.
  public func norm(_ p: Float = 2, over axes: Int..., keepingAxes keeping: Bool = false) -> Tensor {
    let x = dtype.isFloatingPoint ? self : cast(to: .float32)
    return x.reduce("norm", axes, keeping) { x, set in
      if p == 2 { return (x * x).reduced(.sum, set).squareRoot() }
      if p == 1 { return x.absolute().reduced(.sum, set) }
      if p == .infinity { return x.absolute().reduced(.maximum, set) }
      return power(power(x.absolute(), p).reduced(.sum, set), 1 / p)
    }
  }
  /// Whether any element is true (not zero) over axes (all by default).
  public func any(over axes: Int..., keepingAxes keeping: Bool = false) -> Tensor {
    cast(to: .bool).cast(to: .int32)
      .reduce("any", axes, keeping) { $0.reduced(.maximum, $1) .> 0 }
  }
  /// Whether all elements are true (not zero) over axes (all by default).
  public func all(over axes: Int..., keepingAxes keeping: Bool = false) -> Tensor {
    cast(to: .bool).cast(to: .int32)
      .reduce("all", axes, keeping) { $0.reduced(.minimum, $1) .> 0 }
  }
  /// ln Σ eˣ over axes (all by default), without overflow.
  public func logSumExp(over axes: Int..., keepingAxes keeping: Bool = false) -> Tensor {
    let x = dtype.isFloatingPoint ? self : cast(to: .float32)
    return x.reduce("logSumExp", axes, keeping) { x, set in
      let top = x.reduced(.maximum, set).stopGradient()
      // An infinite maximum is left out, so that ∞ − ∞ does not make a NaN.
      let finite = select(top.absolute() .< .infinity, top, Tensor.literal(0, like: top))
      let kept = finite.reshaped(to: x.shape.reduced(over: set, keeping: true))
      return (x - kept).exp().reduced(.sum, set).log() + finite
    }
  }
  /// The int32 position of the largest element along an axis; the first on ties; NaN wins.
  public func argMax(along axis: Int = -1, keepingAxis keeping: Bool = false) -> Tensor {
    argument("argMax", .largest, axis, keeping)
  }
  /// The int32 position of the smallest element along an axis; the first on ties; NaN wins.
  public func argMin(along axis: Int = -1, keepingAxis keeping: Bool = false) -> Tensor {
    argument("argMin", .smallest, axis, keeping)
  }

  private func argument(_ name: String, _ extremum: Extremum, _ axis: Int, _ keeping: Bool)
    -> Tensor
  {
    guard let position = self.axis(axis), shape[position] > 0 else {
      return .failed(
        name, [self], "axis \(axis) must exist and not be empty", shape: shape, dtype: .int32)
    }
    let wide = dtype.isFloatingPoint ? cast(to: .float32) : counted
    return wide.reduce(name, [position], keeping) {
      Tensor(
        Node(
          .argument(extremum, UInt8(position)), $0.shape.reduced(over: $1, keeping: false), .int32,
          $0.node))
    }
  }

  /// Running sums along an axis: from the front, or from the back if `reversed`.
  public func cumulativeSum(along axis: Int, reversed: Bool = false) -> Tensor {
    guard let position = self.axis(axis) else {
      return .failed("cumulativeSum", [self], "no axis \(axis)", shape: shape, dtype: dtype)
    }
    let x = dtype.isFloatingPoint ? cast(to: .float32) : counted
    return Tensor(
      Node(.cumulativeSum(UInt8(position), reversed: reversed), x.shape, x.dtype, x.node)
    ).cast(to: dtype.isFloatingPoint ? dtype : .int32)
  }

  /// The int32 positions that sort an axis, stably; NaN last.
  public func argumentSort(along axis: Int = -1, descending: Bool = false) -> Tensor {
    guard let position = self.axis(axis) else {
      return .failed("argumentSort", [self], "no axis \(axis)", shape: shape, dtype: .int32)
    }
    if position != rank - 1 {
      return transposed(position, -1).argumentSort(descending: descending)
        .transposed(position, -1)
    }
    let x = dtype.isFloatingPoint ? cast(to: .float32) : counted
    return Tensor(
      Node(.argumentSort(UInt8(position), descending: descending), shape, .int32, x.node))
  }

  /// The identity, through which no gradient flows.
  public func stopGradient() -> Tensor { Tensor(Node(.stopGradient, shape, dtype, node)) }
}
