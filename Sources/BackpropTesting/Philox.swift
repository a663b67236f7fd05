// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Foundation

/// Philox4x32-10: random words as a function of a key and a counter (J. Salmon, M. Moraes, R. Dror,
/// D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 4.3).
package enum Philox {
  /// Four random words from a 128-bit counter and a 64-bit key, lowest words first.
  package static func block(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (c, k) = (counter, key)
    for _ in 0..<10 {
      let p = UInt64(c.x) * 0xD251_1F53
      let q = UInt64(c.z) * 0xCD9E_8D57
      c = SIMD4(
        UInt32(q >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: q),
        UInt32(p >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: p))
      // The golden ratio and √3 − 1, times 2³².
      k &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return c
  }

  /// The word of the element at a row-major position: word `position % 4` of block `position / 4`.
  package static func word(_ position: Int, _ key: UInt64) -> UInt32 {
    let number = UInt64(position / 4)
    let counter = SIMD4(
      UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32), 0, 0)
    let words = SIMD2(UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
    return block(counter, key: words)[position % 4]
  }

  /// In [0, 1): the upper 24 bits.
  static func uniform(_ bits: UInt32) -> Double { Double(bits >> 8) * 0x1p-24 }

  /// A standard normal number: √(−2 ln u) cos 2πv, with u the middle of one of 2³² equal parts of
  /// (0, 1), as a float32, and v uniform (G. Box, M. Muller, 1958). The second word comes from the
  /// stream of the key with its upper half complemented.
  static func normal(_ first: UInt32, _ second: UInt32) -> Double {
    let u = Float(Double(Float(first)) * 0x1p-32 + 0x1p-33)
    return (-2 * log(Double(u))).squareRoot() * cos(2 * .pi * uniform(second))
  }
}
