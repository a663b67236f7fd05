// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

extension Gradients {
  /// The Euclidean norm of all gradients together, a float32 scalar.
  public var norm: Tensor {
    let divided = self.divided()
    guard let first = divided.tensors.first else { return Tensor(0) }
    return divided.tensors.dropFirst().reduce(first.sumOfSquares()) { $0 + $1.sumOfSquares() }
      .squareRoot()
  }

  /// The Euclidean norm of each parameter's gradient, float32 scalars.
  public var norms: [Tensor] { divided().tensors.map { $0.sumOfSquares().squareRoot() } }

  /// Each element brought into −limit ... limit.
  public func clipped(toValue limit: Float) -> Gradients {
    divided().mapped { $0.clamped(-limit, limit) }
  }

  /// All gradients scaled down together so that their common norm is at most `limit`
  /// (R. Pascanu et al., 2013), with PyTorch's 1e-6 added to the norm.
  public func clipped(toNorm limit: Float) -> Gradients {
    let divided = self.divided()
    let factor = minimum(limit / (divided.norm + 1e-6), 1)
    return divided.mapped { $0 * factor.cast(to: $0.dtype) }
  }

  /// Each parameter's gradient scaled down so that its own norm is at most `limit`.
  public func clipped(toNormPerLayer limit: Float) -> Gradients {
    divided().mapped { gradient in
      let norm = gradient.sumOfSquares().squareRoot()
      return gradient * minimum(limit / (norm + 1e-6), 1).cast(to: gradient.dtype)
    }
  }
}

extension Tensor {
  /// Σ x² over all elements, in float32.
  func sumOfSquares() -> Tensor {
    let x = cast(to: .float32)
    return (x * x).reduced(.sum, AxisSet(0..<rank))
  }
}
