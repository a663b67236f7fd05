// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// How the elements of a frame are weighed before its spectrum is taken (F. Harris, "On the use of
/// windows for harmonic analysis with the discrete Fourier transform", 1978).
public enum WindowFunction: Hashable, Sendable {
  /// All alike.
  case rectangular
  /// ½ − ½ cos
  case hann
  /// 0.54 − 0.46 cos
  case hamming
  /// 0.42 − ½ cos + 0.08 cos of twice the angle
  case blackman
  /// I₀(β √(1 − t²)) / I₀(β) for t from −1 to 1.
  case kaiser(beta: Double)

  /// The weights of n elements, from one end to the other.
  ///
  /// - Parameter isPeriodic: whether the window is n elements of one that has n + 1 and is
  ///   symmetric, so that frames that overlap add up evenly; else the window itself is symmetric.
  public func values(_ n: Int, isPeriodic: Bool = true) -> [Float] {
    if n <= 1 { return [Float](repeating: 1, count: Swift.max(0, n)) }
    let period = Double(isPeriodic ? n : n - 1)
    return (0..<n).map { Float(value(at: Double($0) / period)) }
  }

  /// The weight at a share of the way from one end to the other.
  private func value(at x: Double) -> Double {
    let cosine = HostMath.cosinePi(2 * x)
    switch self {
    case .rectangular: return 1
    case .hann: return 0.5 - 0.5 * cosine
    case .hamming: return 0.54 - 0.46 * cosine
    case .blackman: return 0.42 - 0.5 * cosine + 0.08 * HostMath.cosinePi(4 * x)
    case .kaiser(let beta):
      let t = 2 * x - 1
      return HostMath.besselI0(beta * Swift.max(0, 1 - t * t).squareRoot())
        / HostMath.besselI0(beta)
    }
  }
}
