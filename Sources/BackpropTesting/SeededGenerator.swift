// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Random numbers for tests: the same seed gives the same numbers on every machine and in every
/// version of Swift (SplitMix64; G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator that starts at a seed.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in [0, 1).
  public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A whole number in `range`, which must not be empty.
  public mutating func integer(_ range: Range<Int>) -> Int {
    range.lowerBound + Int(unit() * Double(range.count))
  }

  /// A float32 in `range`.
  public mutating func number(_ range: ClosedRange<Double> = -1...1) -> Double {
    Double(Float(range.lowerBound + unit() * (range.upperBound - range.lowerBound)))
  }

  /// Whether an event of this probability happens.
  public mutating func happens(_ probability: Double) -> Bool { unit() < probability }

  /// One of the elements, which must not be empty.
  public mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[integer(0..<elements.count)]
  }
}
