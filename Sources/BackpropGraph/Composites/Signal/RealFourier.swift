// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Synchronization

extension Tensor {
  /// The discrete Fourier transform of real numbers, without the half that mirrors the other.
  ///
  /// `self: […, n] -> […, n/2 + 1, 2]`: X[k] = Σ x[j] e^(−2πi jk/n) for k from 0 to n/2, real and
  /// imaginary parts along the last axis. For an even n the even and odd elements are transformed as
  /// the real and imaginary parts of n/2 complex numbers.
  public func realFourierTransform() -> Tensor {
    guard rank >= 1, rank < Shape.maximumRank, shape[-1] >= 1 else {
      return .failed(
        "realFourierTransform", [self], "the last axis must have at least one element",
        shape: shape,
        dtype: .float32)
    }
    let x = cast(to: .float32)
    let n = shape[-1]
    guard n % 2 == 0 else {
      let pairs = x.expanded(at: -1).padded([(Int, Int)](repeating: (0, 0), count: rank) + [(0, 1)])
      return pairs.fourier(.forward).sliced(along: -2, 0..<(n / 2 + 1))
    }
    let half = n / 2
    let z = x.reshaped(to: Shape(shape.dimensions.dropLast() + [half, 2])).fourier(.forward)
    // Z[k] and Z[n/2 − k] for k from 0 to n/2; Z goes round.
    let a = concatenate([z, z.sliced(along: -2, 0..<1)], along: -2)
    let b = a.reversed(along: -2)
    let (ar, ai, br, bi) = (a[..., 0], a[..., 1], b[..., 0], b[..., 1])
    // The transforms of the even and of the odd elements.
    let (er, ei) = ((ar + br) * 0.5, (ai - bi) * 0.5)
    let (or, oi) = ((ai + bi) * 0.5, (br - ar) * 0.5)
    let (c, s) = Roots.shared.half(of: n)
    return stack([er + c * or + s * oi, ei + c * oi - s * or], along: -1)
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
        "the transform of \(n) real numbers is […, \(n / 2 + 1), 2]", shape: shape, dtype: .float32)
    }
    let x = cast(to: .float32)
    let real = x[..., 0]
    let mask = Tensor((0...(n / 2)).map { $0 == 0 || 2 * $0 == n ? 0 : 1 as Float })
    let imaginary = x[..., 1] * mask
    guard n % 2 == 0 else {
      let mirror = 1..<(n / 2 + 1)
      let whole = stack(
        [
          concatenate([real, real.sliced(along: -1, mirror).reversed(along: -1)], along: -1),
          concatenate(
            [imaginary, -imaginary.sliced(along: -1, mirror).reversed(along: -1)], along: -1),
        ], along: -1)
      return whole.fourier(.inverse)[..., 0] / Float(n)
    }
    let half = n / 2
    let front = { (part: Tensor) in part.sliced(along: -1, 0..<half) }
    let back = { (part: Tensor) in part.sliced(along: -1, 1..<(half + 1)).reversed(along: -1) }
    let (ar, ai, br, bi) = (front(real), front(imaginary), back(real), back(imaginary))
    let (c, s) = Roots.shared.half(of: n)
    let (cos, sin) = (front(c), front(s))
    // Twice the transforms of the even and of the odd elements, the latter times i.
    let (dr, di) = (ar - br, ai + bi)
    let (or, oi) = (dr * cos - di * sin, dr * sin + di * cos)
    let z = stack([ar + br - oi, ai - bi + or], along: -1)
    return (z.fourier(.inverse) / Float(n)).reshaped(
      to: Shape(shape.dimensions.dropLast(2) + [n]))
  }
}

/// Roots of unity that several graphs use: equal leaves make equal structures, which are planned
/// once.
final class Roots: Sendable {
  static let shared = Roots()

  /// The most lengths that are remembered.
  private static let limit = 64
  private let table = Mutex<[Int: (cosines: Tensor, sines: Tensor)]>([:])

  /// cos(2πk/n) and sin(2πk/n) for k from 0 to n/2.
  func half(of n: Int) -> (cosines: Tensor, sines: Tensor) {
    table.withLock { table in
      if let known = table[n] { return known }
      let angles = (0...(n / 2)).map { 2 * Double($0) / Double(n) }
      let made = (
        cosines: Tensor(angles.map { Float(HostMath.cosinePi($0)) }),
        sines: Tensor(angles.map { Float(HostMath.sinePi($0)) })
      )
      if table.count >= Roots.limit { table = [:] }
      table[n] = made
      return made
    }
  }
}
