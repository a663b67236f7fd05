// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// `mask ? a : b`, element by element; the three shapes meet by the NumPy rule.
///
/// The gradient goes to the operand that was taken; the mask gets none.
public func select(_ mask: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  let truth = mask.cast(to: .bool)
  let dtype = DType.promoted(a.dtype, b.dtype)
  let (x, y) = (a.cast(to: dtype), b.cast(to: dtype))
  guard let pair = Shape.broadcast(x.shape, y.shape),
    let shape = Shape.broadcast(truth.shape, pair)
  else {
    let error = ShapeError(
      operation: "select", operands: [mask.shape, a.shape, b.shape],
      rule: "the mask and both choices must broadcast to one shape")
    return Tensor(
      Node(failure: mask.failure ?? a.failure ?? b.failure ?? error, shape: a.shape, dtype: dtype))
  }
  return Tensor(
    Node(
      .select, shape, dtype, truth.broadcast(to: shape).node, x.broadcast(to: shape).node,
      y.broadcast(to: shape).node))
}

extension Pullback {
  static func ofSelect(_ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    let zero = Tensor.literal(0, like: g)
    return [nil, select(x[0], g, zero), select(x[0], zero, g)]
  }
}

extension Tensor {
  /// The same values in another element type.
  ///
  /// Floats become integers by dropping the fraction (saturating; NaN is 0), anything but zero is
  /// true, and narrower floats are rounded to nearest, ties to even. Gradients are cast back.
  public func cast(to dtype: DType) -> Tensor {
    dtype == self.dtype ? self : Tensor(Node(.cast, shape, dtype, node))
  }

  /// Each element brought into `lower ... upper`; the gradient is 1 inside, ½ at the bounds.
  public func clamped(_ lower: Float, _ upper: Float) -> Tensor {
    minimum(maximum(self, lower), upper)
  }
}
