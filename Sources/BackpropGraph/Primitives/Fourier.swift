// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What a discrete Fourier transform takes and gives; none is divided by n.
package enum FourierKind: UInt8, Hashable, Sendable, CaseIterable {
  /// y[k] = Σ x[j] e^(−2πi jk/n), `[…, n, 2] -> […, n, 2]`.
  case forward
  /// y[k] = Σ x[j] e^(+2πi jk/n), `[…, n, 2] -> […, n, 2]`.
  case inverse
  /// The first n/2 + 1 of `forward` for real numbers, n even: `[…, n] -> […, n/2 + 1, 2]`.
  case real
  /// n times the real numbers of which this is `real`: `[…, n/2 + 1, 2] -> […, n]`. The imaginary parts
  /// of the first and the last are not looked at.
  case realInverse
}

extension Tensor {
  /// The transform without a check; the type is float32.
  func fourier(_ kind: FourierKind) -> Tensor {
    let sizes = shape.dimensions
    let result: Shape =
      switch kind {
      case .forward, .inverse: shape
      case .real: Shape(sizes.dropLast() + [shape[-1] / 2 + 1, 2])
      case .realInverse: Shape(sizes.dropLast(2) + [2 * (shape[-2] - 1)])
      }
    return Tensor(Node(.fourier(kind), result, dtype, node))
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

  private func transformed(_ name: String, _ kind: FourierKind) -> Tensor {
    guard rank >= 2, shape[-1] == 2, shape[-2] >= 1 else {
      return .failed(
        name, [self], "complex numbers are […, n, 2] with n from 1 on",
        hint: "use realFourierTransform for real numbers", shape: shape, dtype: .float32)
    }
    return cast(to: .float32).fourier(kind)
  }

  /// The discrete Fourier transform of real numbers, without the half that mirrors the other.
  ///
  /// `self: […, n] -> […, n/2 + 1, 2]`: X[k] = Σ x[j] e^(−2πi jk/n) for k from 0 to n/2, real and
  /// imaginary parts along the last axis; any n from 1 on, an even one takes half the time.
  public func realFourierTransform() -> Tensor {
    guard rank >= 1, rank < Shape.maximumRank, shape[-1] >= 1 else {
      return .failed(
        "realFourierTransform", [self], "the last axis must have at least one element",
        shape: shape,
        dtype: .float32)
    }
    let x = cast(to: .float32)
    if shape[-1] % 2 == 0 { return x.fourier(.real) }
    let pairs = x.expanded(at: -1).padded([(Int, Int)](repeating: (0, 0), count: rank) + [(0, 1)])
    return pairs.fourier(.forward).sliced(along: -2, 0..<(shape[-1] / 2 + 1))
  }

  /// The real numbers whose Fourier transform this is.
  ///
  /// `self: […, n/2 + 1, 2] -> […, n]`, n = `count`: the inverse of ``realFourierTransform()``. What
  /// real numbers can't have, the imaginary part of element 0 and, for an even n, of element n/2, is
  /// not looked at.
  public func inverseRealFourierTransform(count n: Int) -> Tensor {
    guard rank >= 2, shape[-1] == 2, n >= 1, shape[-2] == n / 2 + 1 else {
      return .failed(
        "inverseRealFourierTransform", [self],
        "the transform of \(n) real numbers is […, \(Swift.max(0, n) / 2 + 1), 2]", shape: shape,
        dtype: .float32)
    }
    let x = cast(to: .float32)
    if n % 2 == 0 { return x.fourier(.realInverse) / Float(n) }
    // The numbers that mirror the given ones are their conjugates.
    let first = x.sliced(along: -2, 0..<1)
    let rest = x.sliced(along: -2, 1..<(n / 2 + 1))
    let mirrored = rest.reversed(along: -2)
    let zero = Tensor.literal(0, like: first[..., 0])
    let real = concatenate([first[..., 0], rest[..., 0], mirrored[..., 0]], along: -1)
    let imaginary = concatenate([zero, rest[..., 1], -mirrored[..., 1]], along: -1)
    return stack([real, imaginary], along: -1).fourier(.inverse)[..., 0] / Float(n)
  }
}

extension Pullback {
  /// A transform is a symmetric matrix of complex numbers, so its transpose over pairs of real ones is
  /// the way back; where half of a spectrum stands for both, the inner numbers count twice.
  static func ofFourier(_ kind: FourierKind, _ g: Tensor) -> Tensor {
    switch kind {
    case .forward: return g.fourier(.inverse)
    case .inverse: return g.fourier(.forward)
    case .real:
      return select(isAtEnd(g), g, g * 0.5).fourier(.realInverse)
    case .realInverse:
      let spectrum = g.fourier(.real)
      return select(isAtEnd(spectrum), spectrum, spectrum * 2)
    }
  }

  /// Whether each number of a spectrum `[…, n/2 + 1, 2]` is the first or the last.
  private static func isAtEnd(_ spectrum: Tensor) -> Tensor {
    let place = Tensor.iota(spectrum.shape, along: spectrum.rank - 2)
    return (place .<= 0)
      .| (place .>= Float(spectrum.shape[-2] - 1))
  }
}
