// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import TestSupport
import Testing

@Suite struct OrderTests {
  @Test func philoxHasTheKnownAnswers() {
    // From Random123's kat_vectors.
    #expect(
      Philox.block(SIMD4(repeating: 0), key: SIMD2(repeating: 0))
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox.block(SIMD4(repeating: .max), key: SIMD2(repeating: .max))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox.block(
        SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func everyEpochIsAPermutationOfItsOwn() throws {
    for count in [1, 2, 3, 10, 1000] {
      let order = try BatchOrder(count: count, batchSize: 1, seed: 7)
      #expect(order.order(epoch: 0).sorted() == Array(0..<count))
      #expect(order.order(epoch: 3) == order.order(epoch: 3))
    }
    let order = try BatchOrder(count: 1000, batchSize: 10, seed: 7)
    #expect(order.order(epoch: 0) != order.order(epoch: 1))
    #expect(
      try order.order(epoch: 0) != BatchOrder(count: 1000, batchSize: 10, seed: 8).order(epoch: 0))
    let plain = try BatchOrder(count: 5, batchSize: 2, seed: 0, shuffles: false)
    #expect(plain.order(epoch: 9) == [0, 1, 2, 3, 4])
    // Kept for good: a change would change every run that was ever recorded.
    #expect(try BatchOrder(count: 8, batchSize: 1, seed: 0).order(epoch: 0) == frozen)
  }

  private let frozen = [1, 3, 5, 7, 2, 0, 4, 6]

  @Test func allPermutationsAreEquallyLikely() throws {
    var counts: [[Int]: Int] = [:]
    for seed in 0..<6000 {
      counts[
        try BatchOrder(count: 3, batchSize: 1, seed: UInt64(seed)).order(epoch: 0), default: 0] += 1
    }
    #expect(counts.count == 6)
    // Five standard deviations of a binomial with n = 6000, p = 1/6.
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 145 }, "\(counts)")
  }

  @Test func batchesCoverTheEpochAndPositionsAreOneInteger() throws {
    let order = try BatchOrder(count: 10, batchSize: 4, seed: 0)
    #expect((0..<3).map { order.range(ofBatch: $0) } == [0..<4, 4..<8, 8..<10])
    #expect(order.place(ofPosition: 7) == (2, 1))
    let full = try BatchOrder(count: 10, batchSize: 4, seed: 0, dropsLast: true)
    #expect(full.batchesPerEpoch == 2)
  }

  @Test func batchesOfSimilarLengthsAreAPermutationOfTheirOwn() throws {
    let lengths = (0..<1003).map { ($0 * 37) % 50 }
    func order(_ seed: UInt64) throws -> BatchOrder {
      try BatchOrder(count: 1003, batchSize: 8, seed: seed, groupingBy: lengths)
    }
    let first = try order(7)
    let indices = first.order(epoch: 0)
    #expect(indices.sorted() == Array(0..<1003))
    #expect(try indices == order(7).order(epoch: 0) && indices != order(8).order(epoch: 0))
    #expect(indices != first.order(epoch: 1))
    func spread(_ indices: [Int]) -> Int {
      (0..<125).reduce(0) { sum, batch in
        let own = indices[first.range(ofBatch: batch)].map { lengths[$0] }
        return sum + (own.max() ?? 0) - (own.min() ?? 0)
      }
    }
    let plain = try BatchOrder(count: 1003, batchSize: 8, seed: 7).order(epoch: 0)
    // By chance 8 of 50 lengths lie 39 apart; 256 sorted ones, in 32 batches, about 1.5.
    #expect(spread(plain) > 125 * 30 && spread(indices) < 125 * 4)
    // Long and short batches take turns.
    let means = (0..<125).map { batch in
      indices[first.range(ofBatch: batch)].reduce(0) { $0 + lengths[$1] } / 8
    }
    #expect(zip(means, means.dropFirst()).count { $0 > $1 } > 40)
    // The last, which is not full, is one by chance.
    #expect(indices[1000...] == plain[1000...])
  }

  @Test func impossibleBatchesSayWhy() {
    #expect(
      failure { _ = try BatchOrder(count: 150, batchSize: 256, seed: 0) }
        == "a batch of 256 is larger than the data (150 examples); choose a batch of at most 150.")
    #expect(
      failure { _ = try BatchOrder(count: 0, batchSize: 1, seed: 0) }
        == "there are no examples; give data with at least one.")
    #expect(
      failure { _ = try BatchOrder(count: 3, batchSize: 0, seed: 0) }
        == "a batch of 0 examples is impossible; choose at least 1.")
  }

  @Test func splitsAreDisjointStratifiedAndPure() throws {
    let labels = (0..<1000).map { Int32($0 % 10 == 0 ? 1 : 0) }
    let split = try Split(count: 1000, validation: 0.1, test: 0.2, seed: 3, labels: labels)
    #expect((split.train + split.validation + split.test).sorted() == Array(0..<1000))
    #expect([split.train.count, split.validation.count, split.test.count] == [700, 100, 200])
    for (part, ones) in [(split.train, 70), (split.validation, 10), (split.test, 20)] {
      #expect(part.count { labels[$0] == 1 } == ones)
      #expect(part == part.sorted())
    }
    #expect(try split == Split(count: 1000, validation: 0.1, test: 0.2, seed: 3, labels: labels))
    #expect(try split != Split(count: 1000, validation: 0.1, test: 0.2, seed: 4, labels: labels))
    let rare = try Split(count: 5, validation: 0.2, test: 0.2, seed: 0, labels: [0, 1, 2, 3, 4])
    #expect([rare.train.count, rare.validation.count, rare.test.count] == [3, 1, 1])
    #expect(
      failure { _ = try Split(count: 9, validation: 0.5, test: 0.5, seed: 0) }
        == "fractions of 0.5 for validation and 0.5 for the test leave nothing to train with; "
        + "choose fractions that are not negative and sum to below 1.")
  }
}
