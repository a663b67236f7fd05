// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// How many numbers an output is made of, and how many outputs a number goes into.
///
/// A weight is [outputs, window…, inputs]: fan-in is all axes but the first, fan-out all but the
/// last. A vector has both equal to its size.
struct Fans {
  let inputs: Float
  let outputs: Float

  init(_ shape: Shape) {
    guard shape.rank > 1, shape.count > 0 else {
      inputs = Float(max(1, shape.count))
      outputs = inputs
      return
    }
    inputs = Float(shape.count / shape[0])
    outputs = Float(shape.count / shape[-1])
  }
}

extension Initializer {
  /// Uniform in ±1/√(fan-in), what PyTorch gives linear layers: He's with a gain of √⅓.
  public static let linear = Initializer("uniform ±1/√in") { shape, key in
    let bound = 1 / Fans(shape).inputs.squareRoot()
    return .uniform(shape, in: -bound..<bound, key: key)
  }

  /// Uniform with variance 2/(fan-in + fan-out) (X. Glorot, Y. Bengio, 2010, eq. 16).
  public static func glorotUniform(gain: Float = 1) -> Initializer {
    Initializer("Glorot uniform") { shape, key in
      let fans = Fans(shape)
      let bound = gain * (6 / (fans.inputs + fans.outputs)).squareRoot()
      return .uniform(shape, in: -bound..<bound, key: key)
    }
  }

  /// Normal with variance 2/(fan-in + fan-out) (X. Glorot, Y. Bengio, 2010).
  public static func glorotNormal(gain: Float = 1) -> Initializer {
    Initializer("Glorot normal") { shape, key in
      let fans = Fans(shape)
      let deviation = gain * (2 / (fans.inputs + fans.outputs)).squareRoot()
      return .normal(shape, standardDeviation: deviation, key: key)
    }
  }

  /// Uniform with variance gain²/fan-in; √2 suits ReLU (K. He et al., 2015, eq. 10).
  public static func heUniform(gain: Float = 1.4142135623730951) -> Initializer {
    Initializer("He uniform") { shape, key in
      let bound = gain * (3 / Fans(shape).inputs).squareRoot()
      return .uniform(shape, in: -bound..<bound, key: key)
    }
  }

  /// Normal with variance gain²/fan-in; √2 suits ReLU (K. He et al., 2015, eq. 10).
  public static func heNormal(gain: Float = 1.4142135623730951) -> Initializer {
    Initializer("He normal") { shape, key in
      .normal(shape, standardDeviation: gain / Fans(shape).inputs.squareRoot(), key: key)
    }
  }

  /// Uniform with variance 1/fan-in (Y. LeCun et al., 1998, eq. 16).
  public static let leCunUniform = heUniform(gain: 1)

  /// Normal with variance 1/fan-in (Y. LeCun et al., 1998, eq. 16).
  public static let leCunNormal = heNormal(gain: 1)

  /// A matrix whose shorter side's vectors are orthonormal, times `gain` (A. Saxe et al., 2013).
  ///
  /// All axes but the last are rows. The orthogonal polar factor of a normal matrix, which is
  /// uniformly distributed; by Newton and Schulz' iteration (N. Higham, 2008, section 8.3): eleven
  /// fast steps bring the singular values near 1, five exact ones to float precision.
  public static func orthogonal(gain: Float = 1) -> Initializer {
    Initializer("orthogonal") { shape, key in
      guard shape.rank >= 2, shape.count > 0 else {
        return .normal(shape, standardDeviation: gain, key: key)
      }
      let columns = shape[-1]
      let rows = shape.count / columns
      let matrix = Tensor.normal([rows, columns], key: key)
      let x = matrix.orthogonalized(
        coefficients: [(3.4445, -4.775, 2.0315, 11), (1.875, -1.25, 0.375, 5)], epsilon: 1e-7)
      return (x * gain).reshaped(to: shape)
    }
  }
}

extension Tensor {
  /// Odd polynomials a x + b x³ + c x⁵ applied to the singular values of a matrix, which are scaled
  /// to at most 1 first: with suitable numbers they all become about 1 (K. Jordan et al., "Muon",
  /// 2024, https://kellerjordan.github.io/posts/muon/).
  func orthogonalized(
    coefficients: [(a: Float, b: Float, c: Float, times: Int)], epsilon: Float
  ) -> Tensor {
    let isWide = shape[0] <= shape[1]
    let matrix = isWide ? self : transposed()
    let norm = matrix.sumOfSquares().squareRoot()
    var x = matrix / maximum(norm, epsilon)
    for (a, b, c, times) in coefficients {
      for _ in 0..<times {
        let gram = matmul(x, x.transposed())
        x = x * a + matmul(gram * b + matmul(gram, gram) * c, x)
      }
    }
    return isWide ? x : x.transposed()
  }
}
