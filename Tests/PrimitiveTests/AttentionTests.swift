// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

@Suite("Attention: gradients by the reference")
struct AttentionGradientTests {
  @Test(arguments: AttentionCase.small) func agreeWithFiniteDifferences(form: AttentionCase) throws
  {
    var check = GradientCheck()
    check.order = 2
    check.everyCoordinateUpTo = 0
    check.tolerance = 4e-6
    let made = form.make()
    let report = try check(of: made.result.square(), at: made.leaves)
    #expect(report.passed, "\(form): \(report)")
    #expect(report.undecided < report.comparisons, "\(form): \(report)")
  }
}

extension DeviceTests {
  @Suite("Attention") struct AttentionWords {
    private func results(_ form: AttentionCase, composed: Bool = false) -> [Tensor] {
      let made = form.make(composed: composed)
      let scalar = (made.result.cast(to: .float32) * made.cotangent).sum()
      return [made.result] + gradient(of: scalar, at: made.leaves)
    }

    /// As the planner has it, with operands wherever they lie, and node by node.
    @Test(arguments: AttentionCase.small + AttentionCase.large)
    func isThatOfTheReference(form: AttentionCase) throws {
      let problem = try ProgramCheck.problem(results(form))
      #expect(problem == nil, "\(form): \(problem!)")
    }

    @Test(arguments: AttentionCase.small + AttentionCase.large)
    func theWayChangesNoBit(form: AttentionCase) throws {
      var first: [ReferenceValue] = []
      for way in Way.all {
        let values = try way.use { try results(form).map(computed) }
        if first.isEmpty { first = values }
        for (number, (value, expected)) in zip(values, first).enumerated() {
          // The composite makes the gradient of a bias, by products that may be narrow.
          let isExact = form.dtype == .float32 || number < 2
          let mismatch = Tolerance.exact.mismatch(of: value, from: expected)
          #expect(
            mismatch == nil || !isExact, "\(form), \(way.testDescription), \(number): \(mismatch!)")
        }
      }
    }

    @Test(arguments: AttentionCase.small + AttentionCase.large)
    func agreesWithTheComposite(form: AttentionCase) throws {
      let narrow = form.dtype == .bfloat16
      // What is left of the weights is as much larger as there is less of it.
      let size = 1 / Double(1 - form.dropout)
      let tolerance = Tolerance(
        ulps: narrow ? 4 : 64, absolute: size * (narrow ? 2e-2 : 1e-5),
        reason: "other orders of sums")
      for (a, b) in zip(results(form), results(form, composed: true)) {
        let mismatch = try tolerance.mismatch(of: computed(a), from: computed(b))
        #expect(mismatch == nil, "\(form): \(mismatch!)")
      }
    }

    /// Cut for many threads, the gradient's parts are made apart; that changes no bit.
    @Test(arguments: [0, 0.2] as [Float]) func manyThreadsChangeNoBit(dropout: Float) throws {
      let form = AttentionCase(
        heads: 2, shared: 1, queries: 500, keys: 500, width: 16, isCausal: true, dropout: dropout,
        isFused: true)
      let few = try Way(level: 3, threads: 1).use { try results(form).map(computed) }
      let many = try Way(level: 3, threads: 7).use { try results(form).map(computed) }
      for (a, b) in zip(few, many) { #expect(Tolerance.exact.mismatch(of: a, from: b) == nil) }
    }

    @Test func scoresThatAreAllMinusInfinityGiveZeros() throws {
      let x = Tensor.normal([1, 1, 20, 8], key: RandomKey(seed: 5))
      let nowhere = Tensor.full([20, 1], -Float.infinity) * Tensor.ones([20, 20])
      let y = attention(x, x, x, bias: nowhere)
      let slope = gradient(of: (y * y).sum() + y.sum(), at: [x])[0]
      #expect(try y.array().allSatisfy { $0 == 0 })
      #expect(try slope.array().allSatisfy { $0 == 0 })
    }

    @Test func largeScoresDoNotOverflow() throws {
      let x = Tensor.normal([1, 2, 30, 4], key: RandomKey(seed: 6)) * 60
      let y = attention(x, x, x)
      let slope = gradient(of: y.sum(), at: [x])[0]
      #expect(try y.array().allSatisfy(\.isFinite))
      #expect(try slope.array().allSatisfy(\.isFinite))
    }

    @Test func aNumberThatIsNoneIsNotHidden() throws {
      var numbers = [Float](repeating: 0.5, count: 16 * 4)
      numbers[5] = .nan
      let x = Tensor(numbers, shape: [1, 1, 16, 4])
      #expect(try attention(x, x, x).array().allSatisfy(\.isNaN))
    }

    /// Forwards and backwards, memory grows as the length does, not as its square.
    @Test(arguments: [0, 0.2] as [Float]) func memoryGrowsWithTheLength(dropout: Float) throws {
      func peak(_ length: Int) throws -> Int {
        let x = Tensor.zeros([1, length, 3 * 32])
        try evaluate(x)
        let parts = x.splitIntoHeads([2, 2, 2], width: 16)
        let y = attention(
          parts[0], parts[1], parts[2], mask: .causal, bias: Tensor.zeros([1, length]),
          dropout: (dropout, RandomKey(seed: 3)))
        let slope = gradient(of: (y * y).sum(), at: [x])[0]
        return try Evaluator.plan([slope.node]).peakBytes
      }
      let (one, two) = (try peak(1024), try peak(2048))
      #expect(Double(two) < 2.1 * Double(one), "\(one) bytes, then \(two)")
      #expect(two < 2048 * 2048 * 4, "\(two) bytes are as many as one matrix of scores has")
    }

    /// Parts of one product go in as they lie, and their cotangents come out as they lay.
    @Test func nothingIsCopied() throws {
      let x = Tensor.normal([2, 40, 4 * 16], key: RandomKey(seed: 7))
      try evaluate(x)
      let parts = x.splitIntoHeads([2, 1, 1], width: 16)
      let y = attention(parts[0], parts[1], parts[2], mask: .causal).joinedHeads()
      let seed = Tensor.normal(y.shape, key: RandomKey(seed: 8))
      try evaluate(seed)
      let slope = gradient(of: (y * seed).sum(), at: [x])[0]
      let plan = try Evaluator.plan([y.node, slope.node])
      let kinds = plan.steps.map { step in
        if case .attention(let attention) = step {
          return attention.gradient == nil ? "attention" : "gradient"
        }
        return "\(step)"
      }
      #expect(kinds.filter { $0 == "attention" || $0 == "gradient" } == ["attention", "gradient"])
      // What is asked for is packed with more, so that the result y is a copy; nothing else is.
      #expect(kinds.count <= 4, "\(plan)")
    }

    /// A step with another key runs by the plan of the step before.
    @Test func theKeyIsNoPartOfThePlan() throws {
      let x = Tensor.normal([1, 3, 20, 8], key: RandomKey(seed: 5))
      try evaluate(x)
      var results: [[Float]] = []
      var plans: [Int] = []
      for seed in 0..<3 {
        let y = attention(x, x, x, dropout: (0.5, RandomKey(seed: UInt64(seed))))
        let slope = gradient(of: (y * y).sum(), at: [x])[0]
        results.append(try slope.array())
        plans.append(Evaluator.planCount)
      }
      #expect(plans[0] == plans[1] && plans[1] == plans[2])
      #expect(results[0] != results[1] && results[1] != results[2])
    }

    /// Computed again in the backward pass, the same weights are dropped, and no draw is in memory.
    @Test func recomputationDropsTheSame() throws {
      let x = Tensor.normal([1, 2, 300, 8], key: RandomKey(seed: 5))
      try evaluate(x)
      func result(_ x: Tensor) -> Tensor {
        attention(x.tanh(), x, x, mask: .causal, dropout: (0.3, RandomKey(seed: 1)))
      }
      let slopes = [result(x), recomputed(x, result)].map {
        gradient(of: ($0 * $0).sum(), at: [x])[0]
      }
      let plan = try Evaluator.plan([slopes[1].node])
      #expect(plan.buffers.allSatisfy { $0.byteCount < 4 * 2 * 300 * 300 }, "\(plan)")
      #expect(try slopes[0].array() == slopes[1].array())
    }

    /// In the body of a loop draws come from outside, so they are read from memory.
    @Test func loopsDropTheSameInEachStep() throws {
      let x = Tensor.normal([3, 1, 2, 21, 8], key: RandomKey(seed: 5))
      let key = RandomKey(seed: 2)
      func result(_ x: Tensor) -> Tensor { attention(x, x, x, mask: .causal, dropout: (0.3, key)) }
      let looped = scan(from: [Tensor.zeros([1])], over: [x]) { carries, items in
        (carries, [result(items[0])])
      }.outputs[0]
      let apart = stack((0..<3).map { result(x[$0]) })
      let slopes = [looped, apart].map { gradient(of: ($0 * $0).sum(), at: [x])[0] }
      try evaluate([looped, apart] + slopes)
      #expect(try looped.array() == apart.array())
      #expect(try slopes[0].array() == slopes[1].array())
    }
  }
}
