// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The sign in the exponent of a discrete Fourier transform.
package enum FourierDirection: UInt8, Hashable, Sendable, CaseIterable {
  /// y[k] = Σ x[j] e^(−2πi jk/n)
  case forward
  /// y[k] = Σ x[j] e^(+2πi jk/n), not divided by n
  case inverse

  /// The way back, which is also the adjoint: a transform is a symmetric matrix, and its transpose
  /// over pairs of real numbers is its conjugate.
  package var other: FourierDirection { self == .forward ? .inverse : .forward }
}

extension Tensor {
  /// The transform without a check: the shape is `[…, n, 2]`, n ≥ 1, the type float32.
  func fourier(_ direction: FourierDirection) -> Tensor {
    Tensor(Node(.fourier(direction), shape, dtype, node))
  }

  /// The discrete Fourier transform, X[k] = Σ x[j] e^(−2πi jk/n).
  ///
  /// `self: […, n, 2] -> […, n, 2]`: n complex numbers, real and imaginary parts along the last
  /// axis; any n from 1 on. Numbers of another type become float32. Its error grows as the logarithm
  /// of n.
  public func fourierTransform() -> Tensor { transformed("fourierTransform", .forward) }

  /// The inverse of the Fourier transform, x[j] = 1/n Σ X[k] e^(2πi jk/n): `[…, n, 2] -> […, n, 2]`.
  public func inverseFourierTransform() -> Tensor {
    let sum = transformed("inverseFourierTransform", .inverse)
    return sum.failure != nil ? sum : sum / Float(shape[-2])
  }

  private func transformed(_ name: String, _ direction: FourierDirection) -> Tensor {
    guard rank >= 2, shape[-1] == 2, shape[-2] >= 1 else {
      return .failed(
        name, [self], "complex numbers are […, n, 2] with n from 1 on",
        hint: "use realFourierTransform for real numbers", shape: shape, dtype: .float32)
    }
    return cast(to: .float32).fourier(direction)
  }
}
