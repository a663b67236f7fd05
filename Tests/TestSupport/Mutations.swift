// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Foundation

/// Small, quick random numbers with a seed (SplitMix64: Steele, Lea, Flood, 2014).
package struct Random {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in 0 ..< bound.
  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

  /// A number in -1 ..< 1.
  package mutating func unit() -> Float { Float(Int64(bitPattern: next()) >> 40) / 8_388_608 }
}

/// Reading damaged files asked for memory by a length that was believed.
package struct TooMuchMemory: Error, CustomStringConvertible {
  let mebibytes: Int
  /// The sentence.
  package var description: String {
    "reading damaged files took \(mebibytes) MiB: a length is believed before it is checked"
  }
}

/// Damaged copies of `bytes`: cut short, bits flipped, bytes changed, inserted, removed, moved,
/// digits put in front of digits, and 32-bit and 64-bit lengths replaced by hostile ones.
///
/// - Parameter wholly: whether all places are equally likely; else half of the changes are among
///   the first 64 bytes, where headers are.
package func mutations(
  of bytes: [UInt8], count: Int, seed: UInt64, wholly: Bool = false,
  _ body: ([UInt8]) throws -> Void
) throws {
  var random = Random(seed: seed)
  let before = peakMemory()
  for _ in 0..<count {
    var copy = bytes
    for _ in 0...random.below(3) where !copy.isEmpty {
      let isAtHead = !wholly && random.below(2) == 0
      let place = random.below(isAtHead ? min(64, copy.count) : copy.count)
      mutate(&copy, at: place, &random)
    }
    try body(copy)
  }
  // Tests run side by side, so the bound is wide; a length that is believed asks for more.
  let growth = peakMemory() - before
  if growth >= 1024 { throw TooMuchMemory(mebibytes: growth) }
}

private let hostile: [UInt64] = [
  0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000,
  0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff,
]
private let letters = Array("\"',;\t\r\n{}[]():\\-+.eE0123456789 \u{0}NaN&*#|>".utf8)

private func mutate(_ copy: inout [UInt8], at place: Int, _ random: inout Random) {
  switch random.below(10) {
  case 0: copy.removeSubrange(place...)
  case 1: copy[place] ^= 1 << UInt8(random.below(8))
  case 2: copy[place] = UInt8(truncatingIfNeeded: random.next())
  case 3: copy[place] = letters[random.below(letters.count)]
  case 4: copy.insert(letters[random.below(letters.count)], at: place)
  case 5: copy.removeSubrange(place..<min(copy.count, place + 1 + random.below(8)))
  case 6:
    let value = hostile[random.below(hostile.count)]
    let size = random.below(2) == 0 ? 4 : 8
    let isBig = random.below(2) == 0
    for byte in 0..<size where place + byte < copy.count {
      let shift = UInt64(8 * (isBig ? size - 1 - byte : byte))
      copy[place + byte] = UInt8(truncatingIfNeeded: value >> shift)
    }
  case 7:
    // A number in a text becomes a huge or a negative one.
    let digits = copy[place...].firstIndex { $0 >= 0x30 && $0 <= 0x39 } ?? place
    let number = random.below(2) == 0 ? "-" : String(hostile[random.below(hostile.count)])
    copy.insert(contentsOf: number.utf8, at: digits)
  case 8:
    // A piece from elsewhere in place of this one.
    let length = 1 + random.below(16)
    let source = random.below(copy.count)
    let piece = Array(copy[source..<min(copy.count, source + length)])
    copy.replaceSubrange(place..<min(copy.count, place + length), with: piece)
  default:
    let end = min(copy.count, place + 1 + random.below(16))
    copy.insert(contentsOf: copy[place..<end], at: random.below(copy.count))
  }
}

/// The most memory this process has ever had, in MiB.
package func peakMemory() -> Int {
  var usage = rusage()
  #if canImport(Glibc)
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  #else
    getrusage(RUSAGE_SELF, &usage)
  #endif
  return usage.ru_maxrss / 1024
}
