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

  /// eˣ; NaN stays NaN.
  package static func exponential(_ x: Double) -> Double {
    exponential(SIMD8(repeating: x))[0]
  }

  /// eˣ of eight numbers at once, by the Taylor series after reduction by ln 2; NaN stays NaN.
  package static func exponential(_ x: SIMD8<Double>) -> SIMD8<Double> {
    // Beyond these bounds all is infinity, or zero.
    let bounded = x.replacing(with: 710, where: x .> 710).replacing(with: -746, where: x .< -746)
    // A number of this size has no room for fractions: its last bits are the nearest integer.
    let integers = SIMD8(repeating: 0x1.8p52)
    // 1 / ln 2 to 17 digits.
    let shifted = bounded * 1.4426950408889634 + integers
    let k = shifted - integers
    // ln 2 as the sum of 33 bits, by which k is multiplied exactly, and the rest to 17 digits.
    let r = bounded - k * 0x1.62e42feep-1 - k * 1.9082149292705877e-10
    var sum = SIMD8(repeating: 1.0)
    for left in 0..<13 { sum = sum * (r * (1 / Double(13 - left))) + 1 }
    // 2ᵏ as two factors, since either end of its range is beyond a normal number's.
    let power =
      unsafeBitCast(shifted, to: SIMD8<Int64>.self)
      &- unsafeBitCast(integers, to: SIMD8<Int64>.self)
    let half = power &>> 1
    func two(to power: SIMD8<Int64>) -> SIMD8<Double> {
      unsafeBitCast((power &+ 1023) &<< 52, to: SIMD8<Double>.self)
    }
    return sum * two(to: half) * two(to: power &- half)
  }

  /// eˣ of each number.
  package static func exponentials(_ x: consuming [Double]) -> [Double] {
    let count = x.count
    x.withUnsafeMutableBytes { bytes in
      let step = MemoryLayout<SIMD8<Double>>.size
      for offset in stride(from: 0, to: bytes.count - bytes.count % step, by: step) {
        let eight = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
        bytes.storeBytes(of: exponential(eight), toByteOffset: offset, as: SIMD8<Double>.self)
      }
    }
    for place in count - count % 8..<count { x[place] = exponential(x[place]) }
    return x
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
