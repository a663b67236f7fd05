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

  static func numbers(_ shape: Shape, _ seed: UInt64) -> Tensor {
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

    /// A batch of sequences is cut by its rows, whatever their number, without changing a bit.
    @Test(arguments: [16, 37]) func rowsGoTheirOwnWays(_ rows: Int) throws {
      func loop() throws -> ([Tensor], [Tensor]) {
        let (x, w) = (LoopCase.numbers([5, rows, 48], 1), LoopCase.numbers([64, 64], 2))
        let (h, m) = (LoopCase.numbers([rows, 64], 3), Tensor.iota([5, rows, 1], along: 1) .< 20)
        try evaluate([x, w, h, m])
        let made = scan(from: [h, h], over: [x, m]) { carries, items in
          let z = matmul(carries[0], w.transposed()).tanh()
          let parts = [z.sliced(along: 1, 0..<48) + items[0], z.sliced(along: 1, 48..<64)]
          let next = concatenate(parts, along: 1).softmax()
          let kept = select(items[1].broadcast(to: next.shape), next, carries[0])
          return ([kept, carries[0]], [kept.sum(over: 1), z * 2])
        }
        return ([x, w, h], made.histories + made.outputs)
      }
      let (_, planned) = try loop()
      let plan = try Evaluator.plan(planned.map(\.node))
      let step = try #require(plan.steps.lazy.compactMap { $0.loop }.first)
      #expect(step.rows == rows && step.part(0..<8) != nil, "\(plan)")
      var first: [[Float]]?
      for way in Way.all {
        try way.use {
          let (_, results) = try loop()
          let values = try results.map { try $0.array(of: Float.self) }
          #expect(first == nil || first == values, "\(way.name)")
          first = first ?? values
          for result in try loop().1 { try expectReference(result, way.name) }
        }
      }
    }

    /// What mixes rows is not cut.
    @Test func rowsThatMixStayTogether() throws {
      let (x, w) = (LoopCase.numbers([3, 32, 32], 1), LoopCase.numbers([32, 32], 2))
      let mask = Tensor.normal([32, 32], key: RandomKey(seed: 3))
      try evaluate([x, w, mask])
      let bodies: [(Tensor, Tensor) -> Tensor] = [
        { h, x in h - x.mean(over: 0, keepingAxes: true) },
        { h, x in matmul(w, h) + x },
        { h, x in matmul(h, x) },
        { h, x in matmul(h.transposed(), w) + x },
        { h, x in h + x.reversed(along: 0) },
        { h, x in h + x * mask },
        { h, x in h + x * Tensor.iota([32, 32], along: 0).cast(to: .float32) },
        { h, x in h + x.sliced(along: 0, 0..<1) },
        { h, x in concatenate([h.sliced(along: 0, 1..<32), x.sliced(along: 0, 0..<1)], along: 0) },
      ]
      for (number, body) in bodies.enumerated() {
        let made = scan(from: [x[0]], over: [x]) { ([body($0[0], $1[0])], []) }
        let plan = try Evaluator.plan([made.histories[0].node])
        let step = try #require(plan.steps.lazy.compactMap { $0.loop }.first)
        #expect(step.part(0..<16) == nil, "body \(number): \(plan)")
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

extension Step {
  /// The loop, if this is one.
  fileprivate var loop: ScanStep? {
    if case .scan(let step) = self { step } else { nil }
  }
}
