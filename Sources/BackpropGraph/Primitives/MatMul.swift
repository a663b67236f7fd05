// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The matrix product of the last two axes, for each place of the axes before them.
///
/// `a: [B…, M, K]`, `b: [B…, K, N] -> [B…, M, N]`. The batch axes meet by the NumPy rule; an
/// operand with one axis is a vector, whose axis is missing from the result. Each element is one
/// chain of fused multiply-adds over k in ascending order, in float32.
///
/// Cost: 2·B·M·N·K operations.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
  if a.rank == 1, b.rank >= 1 {
    let product = matmul(a.expanded(at: 0), b.rank == 1 ? b.expanded(at: 1) : b)
    return b.rank == 1 ? product.reshaped(to: []) : product.squeezed(at: -2)
  }
  if b.rank == 1, a.rank >= 2 { return matmul(a, b.expanded(at: 1)).squeezed(at: -1) }
  let dtype = DType.promoted(a.dtype, b.dtype)
  guard a.rank >= 2, b.rank >= 2, a.shape[-1] == b.shape[-2] else {
    let rule =
      a.rank < 1 || b.rank < 1
      ? "both operands need at least one axis"
      : "the inner sizes must agree (\(a.shape[-1]) ≠ \(b.shape[Swift.max(-2, -b.rank)]))"
    return .failed(
      "matmul", [a, b], rule, shape: a.rank > 0 ? a.shape : b.shape, dtype: dtype)
  }
  guard dtype.isFloatingPoint else {
    return matmul(a.cast(to: .float32), b.cast(to: .float32)).cast(to: .int32)
  }
  if dtype == .float16 {
    // float16 is for storage: no device multiplies matrices of it.
    return matmul(a.cast(to: .float32), b.cast(to: .float32)).cast(to: .float16)
  }
  let (x, y) = (a.cast(to: dtype), b.cast(to: dtype))
  let (m, k, n) = (x.shape[-2], x.shape[-1], y.shape[-1])
  if y.rank == 2, x.rank > 2 {
    // One product over all rows is better than many small ones.
    return matmul(x.reshaped(to: [-1, k]), y)
      .reshaped(to: Shape(x.shape.dimensions.dropLast() + [n]))
  }
  let batches = (
    Shape(x.shape.dimensions.dropLast(2)), Shape(y.shape.dimensions.dropLast(2))
  )
  guard let batch = Shape.broadcast(batches.0, batches.1) else {
    return .failed(
      "matmul", [a, b], "the batch axes \(batches.0) and \(batches.1) must agree or be 1",
      shape: a.shape, dtype: dtype)
  }
  let left = x.broadcast(to: Shape(batch.dimensions + [m, k]))
  let right = y.broadcast(to: Shape(batch.dimensions + [k, n]))
  return Tensor(
    Node(.matmul, Shape(batch.dimensions + [m, n]), dtype, left.node, right.node))
}

extension Pullback {
  static func ofMatmul(_ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    [matmul(g, x[1].transposed()), matmul(x[0].transposed(), g)]
  }
}
