// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Random numbers that are a pure function of a key and the element's position (Philox4x32-10,
/// J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
package enum Random: UInt8, CaseIterable, Hashable, Sendable {
  /// 32 random bits as int32.
  case bits
  /// float32 in [0, 1), multiples of 2⁻²⁴.
  case uniform
  /// float32, mean 0, variance 1, by Box and Muller (1958).
  case normal
}

/// The key of a stream of random numbers: the same key gives the same numbers on every device.
public struct RandomKey: Hashable, Sendable {
  /// The 64 bits that Philox takes as its key.
  public let bits: UInt64

  /// A key from a seed.
  public init(seed: UInt64) { bits = RandomKey.mixed(seed &+ 0x9E37_79B9_7F4A_7C15) }
  init(bits: UInt64) { self.bits = bits }

  /// The key of a sub-stream; different numbers give independent streams.
  public func folded(_ number: UInt64) -> RandomKey {
    RandomKey(bits: RandomKey.mixed(bits ^ RandomKey.mixed(number &+ 0xD1B5_4A32_D192_ED03)))
  }

  /// The key of the sub-stream with a name, e.g. a parameter's path.
  public func folded(_ name: String) -> RandomKey {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a, 64 bits
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return folded(hash)
  }

  // The finalizer of SplitMix64 (G. Steele, D. Lea, C. Flood, 2014): a bijection of 64 bits.
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension Tensor {
  private static func random(_ kind: Random, _ shape: Shape, _ dtype: DType, _ key: RandomKey)
    -> Tensor
  {
    Tensor(Node(.random(kind), shape, dtype, argument: key.bits))
  }

  /// Uniform numbers in `range`.
  public static func uniform(
    _ shape: Shape, in range: Range<Float> = 0..<1, key: RandomKey
  ) -> Tensor {
    let unit = random(.uniform, shape, .float32, key)
    if range == 0..<1 { return unit }
    return unit * (range.upperBound - range.lowerBound) + range.lowerBound
  }

  /// Normal numbers.
  public static func normal(
    _ shape: Shape, mean: Float = 0, standardDeviation: Float = 1, key: RandomKey
  ) -> Tensor {
    let unit = random(.normal, shape, .float32, key)
    return mean == 0 && standardDeviation == 1 ? unit : unit * standardDeviation + mean
  }

  /// Normal numbers within `bounds` standard deviations of the mean.
  ///
  /// By inversion: x = √2 erf⁻¹(u), u uniform between the bounds' probabilities. erf⁻¹ by two
  /// Newton steps from S. Winitzki's approximation (2008), which brings it to float precision.
  public static func truncatedNormal(
    _ shape: Shape, mean: Float = 0, standardDeviation: Float = 1, bounds: Float = 2,
    key: RandomKey
  ) -> Tensor {
    let edge = constant(bounds * 0.70710678, .float32).erf()
    let u = (random(.uniform, shape, .float32, key) * 2 - 1) * edge
    let a: Float = 0.147
    let logarithm = (1 - u * u).log()
    let t = logarithm * 0.5 + 2 / (Float.pi * a)
    var x = u.sign() * ((t * t - logarithm / a).squareRoot() - t).squareRoot()
    for _ in 0..<2 { x = x - (x.erf() - u) / ((-(x * x)).exp() * 1.1283791670955126) }
    let limit = bounds * 0.70710678
    return x.clamped(-limit, limit) * (1.4142135623730951 * standardDeviation) + mean
  }

  /// true with the given probability.
  public static func bernoulli(_ shape: Shape, probability: Float, key: RandomKey) -> Tensor {
    random(.uniform, shape, .float32, key) .< probability
  }

  /// Uniform int32 numbers in `range`, which may have at most 2²⁴ values.
  public static func integers(_ shape: Shape, in range: Range<Int32>, key: RandomKey) -> Tensor {
    let width = Float(range.upperBound - range.lowerBound)
    let unit = random(.uniform, shape, .float32, key)
    let drawn = minimum((unit * width).floor(), width - 1).cast(to: .int32)
    return drawn + Float(range.lowerBound)
  }

  /// The int32 numbers 0 ..< count in random order.
  public static func permutation(_ count: Int, key: RandomKey) -> Tensor {
    random(.bits, [count], .int32, key).argumentSort(along: 0)
  }
}
