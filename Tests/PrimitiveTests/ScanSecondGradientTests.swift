// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

extension DeviceTests {
  /// The reverse of a loop keeps no history; its own gradient lets it run again.
  @Suite("Gradients of gradients of loops over time") struct LoopsTwice {
    @Test(arguments: LoopCase.all) func areFiniteDifferences(_ loop: LoopCase) throws {
      let (leaves, results) = loop.make(loop.steps, loop.reversed)
      try evaluate(leaves)
      var total = Tensor(0)
      for (number, result) in results.enumerated() {
        total = total + (result * result * Float(number + 1)).sum()
      }
      var check = GradientCheck()
      check.order = 2
      let report = try check(of: total, at: leaves)
      try report.requireAgreement()
      #expect(report.comparisons >= 2 * check.directions)
    }

    @Test(arguments: [2, 3], [false, true])
    func thirdOnesTooAreFiniteDifferences(_ steps: Int, _ reversed: Bool) throws {
      let (x, start) = (LoopCase.numbers([steps, 2], 1), LoopCase.numbers([2], 2))
      try evaluate([x, start])
      var check = GradientCheck()
      check.order = 3
      try check(at: [x, start]) { leaves in
        let made = scan(from: [leaves[1]], over: [leaves[0]], reversed: reversed) {
          carries, items in
          ([(carries[0] * items[0] + carries[0]).tanh()], [])
        }
        return made.histories[0]
      }.requireAgreement()
    }

    /// The device computes what the same loop has, written out in Swift.
    @Test(arguments: [1, 2, 5], [false, true])
    func areThoseOfTheLoopWrittenOut(_ steps: Int, _ reversed: Bool) throws {
      let (x, w) = (LoopCase.numbers([steps, 3, 4], 1), LoopCase.numbers([4, 4], 2))
      let (start, weights) = (LoopCase.numbers([3, 4], 3), LoopCase.numbers([steps, 3, 4], 4))
      let leaves = [x, w, start]
      try evaluate(leaves + [weights])
      func step(_ h: Tensor, _ x: Tensor) -> Tensor { (matmul(h, w.transposed()) + x * h).tanh() }
      func curvatures(_ states: Tensor) -> [Tensor] {
        let slopes = gradient(of: (states * states * weights).sum(), at: leaves)
        let total = slopes.reduce(Tensor(0)) { $0 + ($1 * $1).sum() }
        return gradient(of: total, at: leaves)
      }
      let made = scan(from: [start], over: [x], reversed: reversed) { carries, items in
        ([step(carries[0], items[0])], [])
      }
      var states = [Tensor](repeating: start, count: steps)
      var h = start
      for turn in 0..<steps {
        let place = reversed ? steps - 1 - turn : turn
        h = step(h, x[place])
        states[place] = h
      }
      let (looped, written) = (curvatures(made.histories[0]), curvatures(stack(states, along: 0)))
      for (one, other) in zip(looped, written) {
        #expect(one.failure == nil && one.shape == other.shape)
        try expectReference(one, "\(steps) steps, reversed: \(reversed)")
        let (a, b) = (try one.array(of: Float.self), try other.array(of: Float.self))
        let size = b.reduce(Float(0)) { max($0, abs($1)) }
        #expect(size > 0.01, "a test of zeros")
        for (p, q) in zip(a, b) { #expect(abs(p - q) <= 1e-5 * size, "\(p) instead of \(q)") }
      }
    }
  }
}
