// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import Testing

@Suite("Random tensors")
struct RandomTests {
  private let key = RandomKey(seed: 5)

  @Test func aKeyAlwaysGivesTheSameNumbers() throws {
    let first = try Tensor.normal([100], key: key).array()
    #expect(try Tensor.normal([100], key: key).array() == first)
    #expect(try Tensor.normal([100], key: key.folded(1)).array() != first)
    #expect(try Tensor.normal([100], key: key.folded("a")).array() != first)
  }

  /// 40,000 draws: a mean is off by half a percent of the deviation, so 3 % is far away.
  @Test func distributionsHaveTheirMoments() throws {
    let count = 40_000
    func check(_ name: String, _ x: Tensor, mean: Float, deviation: Float) throws {
      let found = try (x.mean().scalar(), x.standardDeviation().scalar())
      #expect(abs(found.0 - mean) < 0.03 * deviation, "\(name): mean \(found.0)")
      #expect(abs(found.1 / deviation - 1) < 0.03, "\(name): deviation \(found.1)")
    }
    try check(
      "uniform", .uniform([count], in: -1..<3, key: key), mean: 1, deviation: 1.1547005)
    try check(
      "normal", .normal([count], mean: 2, standardDeviation: 3, key: key), mean: 2, deviation: 3)
    try check(
      "truncated normal", .truncatedNormal([count], mean: 1, key: key), mean: 1,
      deviation: 0.87962566)
    let heads = Tensor.bernoulli([count], probability: 0.2, key: key)
    #expect(heads.dtype == .bool)
    try check("Bernoulli", heads.cast(to: .float32), mean: 0.2, deviation: 0.4)
  }

  @Test func boundsAreKept() throws {
    let uniform = try Tensor.uniform([10_000], in: 2..<5, key: key).array()
    #expect(uniform.allSatisfy { $0 >= 2 && $0 < 5 })
    let dice = Tensor.integers([10_000], in: 1..<7, key: key)
    #expect(dice.dtype == .int32)
    #expect(Set(try dice.array(of: Int32.self)) == [1, 2, 3, 4, 5, 6])
  }

  @Test(arguments: [0, 1, 2, 7, 1000])
  func aPermutationHasEveryNumberOnce(_ count: Int) throws {
    let order = try Tensor.permutation(count, key: key).array(of: Int32.self)
    #expect(order.sorted() == (0..<Int32(count)).map { $0 })
    if count == 1000 { #expect(order != order.sorted()) }
  }
}
