// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

@Suite("Slices that are replaced") struct PutTests {
  private func numbers(_ shape: Shape, _ seed: UInt64) -> Tensor {
    .normal(shape, key: RandomKey(seed: seed))
  }

  /// Of equal positions only the last has a gradient.
  @Test func theGradientIsThatOfTheSlicesThatRemain() throws {
    var check = GradientCheck()
    check.order = 2
    for positions: [Int32] in [[2], [0, 3], [1, 1], [3, 0, 3]] {
      let report = try check(at: [numbers([2, 4, 3], 1), numbers([2, positions.count, 3], 2)]) {
        $0[0].replaced(at: Tensor(positions), with: $0[1], along: 1).square()
      }
      #expect(report.passed, "\(positions): \(report)")
    }
  }

  /// Only memory that nobody else looks at is overwritten.
  @Test func whatIsHeldStaysAsItWas() throws {
    let x = numbers([5, 3], 3) + 0
    try evaluate([x])
    let before = try x.array(of: Float.self)
    let y = x.replaced(at: Tensor([Int32(4)]), with: .zeros([1, 3]))
    #expect(try y.array(of: Float.self) == before.prefix(12) + [0, 0, 0])
    #expect(try x.array(of: Float.self) == before)
  }

  /// A chain as a cache is: each place written into what the one before left.
  @Test func placesFollowOneAnother() throws {
    var cache = Tensor.zeros([1, 4, 2])
    for place in 0..<4 {
      let position = Tensor.full([1], Float(place), dtype: .int32)
      cache = cache.replaced(at: position, with: .full([1, 1, 2], Float(place + 1)), along: 1)
      try evaluate([cache])
    }
    #expect(try cache.array(of: Float.self) == [1, 1, 2, 2, 3, 3, 4, 4])
  }

  @Test func whatDoesNotFitIsAnError() {
    let x = Tensor.zeros([4, 3])
    #expect(x.replaced(at: Tensor([Int32(0)]), with: .zeros([2, 3])).failure != nil)
    #expect(x.replaced(at: Tensor([0.5]), with: .zeros([1, 3])).failure != nil)
    #expect(x.replaced(at: Tensor([Int32(0)]), with: .zeros([1, 3]), along: 2).failure != nil)
  }
}
