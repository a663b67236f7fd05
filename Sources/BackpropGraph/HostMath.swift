// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The few functions that schedules, bias corrections, probabilities and filters need, in plain
/// arithmetic, so that results have the same bits with every C library. Errors are a few ulps of a
/// Double.
package enum HostMath {
  /// cos(π x), by the Taylor series within π/4.
  package static func cosinePi(_ x: Double) -> Double {
    if x < 0 { return cosinePi(-x) }
    if x > 1 {
      let turned = x.truncatingRemainder(dividingBy: 2)
      return cosinePi(turned > 1 ? 2 - turned : turned)
    }
    if x > 0.5 { return -cosinePi(1 - x) }
    let isSmall = x <= 0.25
    let angle = Double.pi * (isSmall ? x : 0.5 - x)
    var term = isSmall ? 1 : angle
    var sum = term
    var n = isSmall ? 0.0 : 1.0
    for _ in 0..<12 {
      term *= -angle * angle / ((n + 1) * (n + 2))
      sum += term
      n += 2
    }
    return sum
  }

  /// sin(π x), within an ulp of 1.
  package static func sinePi(_ x: Double) -> Double { cosinePi(x - 0.5) }

  /// The modified Bessel function of the first kind and order 0, by its power series.
  package static func besselI0(_ x: Double) -> Double {
    let quarter = x * x / 4
    var (term, sum, k) = (1.0, 1.0, 1.0)
    while term > sum * 1e-17 {
      term *= quarter / (k * k)
      sum += term
      k += 1
    }
    return sum
  }

  /// eˣ by the Taylor series after reduction by ln 2; NaN stays NaN.
  package static func exponential(_ x: Double) -> Double {
    if x.isNaN { return x }
    if x > 709 { return .infinity }
    if x < -745 { return 0 }
    // ln 2 to 17 digits.
    let k = (x / 0.69314718055994531).rounded()
    let r = x - k * 0.69314718055994531
    var term = 1.0
    var sum = 1.0
    for n in 1...18 {
      term *= r / Double(n)
      sum += term
    }
    return Double(sign: .plus, exponent: Int(k), significand: sum)
  }

  /// ln x for x > 0, by the series of artanh.
  package static func logarithm(_ x: Double) -> Double {
    var exponent = Double(x.exponent)
    var m = x.significand
    if m > 1.4142135623730951 {
      m /= 2
      exponent += 1
    }
    let s = (m - 1) / (m + 1)
    var power = s
    var sum = 0.0
    for n in stride(from: 1, through: 45, by: 2) {
      sum += power / Double(n)
      power *= s * s
    }
    return 2 * sum + exponent * 0.69314718055994531
  }

  /// xⁿ by repeated squaring, n ≥ 0.
  package static func power(_ x: Double, _ n: Int) -> Double {
    var result = 1.0
    var square = x
    var rest = n
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }

  /// xᵖ for x ≥ 0.
  package static func power(_ x: Double, _ p: Double) -> Double {
    if p >= 0, p <= 1024, p == p.rounded() { return power(x, Int(p)) }
    return x <= 0 ? 0 : exponential(p * logarithm(x))
  }
}
