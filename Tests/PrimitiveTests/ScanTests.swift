// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

/// Loops over time whose bodies have all kinds of results.
struct LoopCase: Sendable, CustomTestStringConvertible {
  let name: String
  let steps: Int
  let reversed: Bool
  let make: @Sendable (_ steps: Int, _ reversed: Bool) -> (leaves: [Tensor], results: [Tensor])
  var testDescription: String { "\(name), \(steps) steps\(reversed ? ", reversed" : "")" }

  private static func numbers(_ shape: Shape, _ seed: UInt64) -> Tensor {
    .normal(shape, key: RandomKey(seed: seed)) * 0.5
  }

  private static let bodies: [(String, @Sendable (Int, Bool) -> ([Tensor], [Tensor]))] = [
    (
      "a running mean",
      { steps, reversed in
        let (x, start) = (numbers([steps, 7], 1), numbers([7], 2))
        let made = scan(from: [start], over: [x], reversed: reversed) { carries, items in
          ([carries[0] * 0.9 + items[0] * 0.1], [])
        }
        return ([x, start], made.histories)
      }
    ),
    (
      "products with a captured matrix, two carries, an output",
      { steps, reversed in
        let (x, w) = (numbers([steps, 3, 5], 3), numbers([5, 5], 4))
        let (a, b) = (numbers([3, 5], 5), numbers([3, 5], 6))
        let scaled = w * 0.5
        let made = scan(from: [a, b], over: [x], reversed: reversed) { carries, items in
          let next = (matmul(carries[0], scaled.transposed()) + items[0]).tanh()
          return ([next, carries[1] + next * carries[1]], [next.sum(over: 1), next])
        }
        return ([x, w, a, b], made.histories + made.outputs)
      }
    ),
    (
      "a carry that becomes the item, and one that stays",
      { steps, reversed in
        let (x, start) = (numbers([steps, 4], 7), numbers([4], 8))
        let made = scan(from: [start, start], over: [x, x * x], reversed: reversed) {
          carries, items in
          ([items[0], carries[1]], [carries[0] * items[1]])
        }
        return ([x, start], made.histories + made.outputs)
      }
    ),
  ]

  static let all: [LoopCase] = bodies.flatMap { name, make in
    [1, 2, 3, 6].flatMap { steps in
      [false, true].map { LoopCase(name: name, steps: steps, reversed: $0, make: make) }
    }
  }
}

extension DeviceTests {
  @Suite("Loops over time") struct Loops {
    @Test(arguments: LoopCase.all) func areThoseOfTheReference(_ loop: LoopCase) throws {
      for way in Way.all {
        try way.use {
          let (leaves, results) = loop.make(loop.steps, loop.reversed)
          try evaluate(leaves)
          for result in results { try expectReference(result, loop.testDescription) }
        }
      }
    }

    /// The loop's own reverse, and the tape of each step written out, have the same gradients.
    @Test(arguments: LoopCase.all) func gradientsAreThoseOfTheReference(_ loop: LoopCase) throws {
      let (leaves, results) = loop.make(loop.steps, loop.reversed)
      try evaluate(leaves)
      let (again, traced) = loop.make(loop.steps, loop.reversed)
      _ = (again, results)
      try evaluate(again)
      var total = Tensor(0)
      for (number, result) in traced.enumerated() {
        total = total + (result * result * Float(number + 1)).sum()
      }
      for gradient in gradient(of: total, at: again) {
        try expectReference(gradient, loop.testDescription)
      }
    }

    @Test func aLoopIsOneStepOfThePlan() throws {
      let x = Tensor.normal([50, 4], key: RandomKey(seed: 1))
      try evaluate(x)
      let made = scan(from: [Tensor.zeros([4])], over: [x]) { carries, items in
        ([(carries[0] + items[0]).tanh()], [])
      }
      let plan = try Evaluator.plan([made.histories[0].node])
      #expect(plan.steps.count <= 3, "\(plan)")
    }

    @Test func misfitsAreErrors() {
      let x = Tensor.zeros([3, 4])
      let noSteps = scan(from: [], over: []) { _, _ in ([], []) }
      #expect(noSteps.histories.isEmpty)
      let shapes = scan(from: [Tensor.zeros([2])], over: [x]) { _, items in ([items[0]], []) }
      #expect(shapes.histories[0].failure?.description.contains("shapes") == true)
      let lengths = scan(from: [Tensor.zeros([4])], over: [x, Tensor.zeros([2, 4])]) { c, _ in
        (c, [])
      }
      #expect(lengths.histories[0].failure != nil)
      let types = scan(from: [Tensor([Int32(1)])], over: [x]) { carries, _ in (carries, []) }
      #expect(types.histories[0].failure != nil)
    }
  }
}
