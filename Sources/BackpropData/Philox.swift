// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Random bits as a function of a counter and a key: Philox4x32 with 10 rounds (J. Salmon et al.,
/// "Parallel random numbers: as easy as 1, 2, 3", SC 2011, doi:10.1145/2063384.2063405).
package enum Philox {
  /// What a stream of draws is for; part of the counter, so that no two uses share draws.
  package enum Purpose: UInt32, Sendable {
    case order = 0x4f52_4452
    case split = 0x5350_4c54
    case batches = 0x4241_5443
    case shift = 0x5348_4654
    case sampling = 0x5341_4d50
  }

  /// Four words for one counter.
  package static func block(
    _ counter: SIMD4<UInt32>, key: SIMD2<UInt32>
  ) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for round in 0..<10 {
      if round > 0 { k &+= SIMD2(0x9e37_79b9, 0xbb67_ae85) }
      let a = UInt64(0xd251_1f53) * UInt64(c.x)
      let b = UInt64(0xcd9e_8d57) * UInt64(c.z)
      c = SIMD4(
        UInt32(truncatingIfNeeded: b >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: a))
    }
    return c
  }

  /// One 64-bit word, the `number`-th of an epoch: a pure function of its arguments.
  package static func word(
    seed: UInt64, epoch: Int, number: Int = 0, purpose: Purpose
  ) -> UInt64 {
    let words = block(
      SIMD4(
        UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32),
        UInt32(truncatingIfNeeded: epoch), purpose.rawValue),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    return UInt64(words.y) << 32 | UInt64(words.x)
  }

  /// The numbers 0 to `count` - 1 in random order: a pure function of its arguments.
  ///
  /// Fisher and Yates' shuffle (R. Durstenfeld, 1964) from the back; the draw for place i is the
  /// upper half of a 64-bit word times i + 1, so its bias is below 2^-64 (i + 1).
  package static func permutation(
    _ count: Int, seed: UInt64, epoch: Int, purpose: Purpose
  ) -> [Int] {
    var order = Array(0..<count)
    let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    order.withUnsafeMutableBufferPointer { order in
      var words = SIMD4<UInt32>()
      for step in 0..<max(0, count - 1) {
        if step % 2 == 0 {
          let block = UInt64(step / 2)
          words = Philox.block(
            SIMD4(
              UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
              UInt32(truncatingIfNeeded: epoch), purpose.rawValue), key: key)
        }
        let low = step % 2 == 0 ? words.x : words.z
        let high = step % 2 == 0 ? words.y : words.w
        let word = UInt64(high) << 32 | UInt64(low)
        let place = count - 1 - step
        order.swapAt(place, Int(word.multipliedFullWidth(by: UInt64(place + 1)).high))
      }
    }
    return order
  }
}
