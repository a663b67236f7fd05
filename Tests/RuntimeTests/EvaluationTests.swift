// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

@Suite(.serialized) struct EvaluationTests {
  @Test func elementwiseChainsAreComputed() throws {
    let x = Tensor([1, 2, 3, 4])
    #expect(try (x * 2 + 1).array() == [3, 5, 7, 9])
    #expect(try (x.exp().log() - x).absolute().max().scalar() < 1e-6)
  }

  @Test func broadcastingFollowsTheNumPyRule() throws {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect(try (x + Tensor([10, 20, 30])).array() == [11, 22, 33, 14, 25, 36])
    #expect(try (x + Tensor([[10], [20]])).array() == [11, 12, 13, 24, 25, 26])
  }

  @Test func softmaxIsOnePass() throws {
    let x = Tensor([[1, 2, 3], [4, 5, 6]])
    let y = x.softmax()
    let plan = try Evaluator.plan([y.node])
    #expect(plan.steps.count == 1)
    let sums = try y.sum(over: 1).array()
    #expect(sums.allSatisfy { abs($0 - 1) < 1e-6 })
  }

  @Test func matrixProductsWithTransposes() throws {
    let a = Tensor([[1, 2, 3], [4, 5, 6]])
    let b = Tensor([[1, 0], [0, 1], [1, 1]])
    #expect(try matmul(a, b).array() == [4, 5, 10, 11])
    #expect(try matmul(a, a.transposed()).array() == [14, 32, 32, 77])
    #expect(try matmul(a.transposed(), a).array() == [17, 22, 27, 22, 29, 36, 27, 36, 45])
  }

  @Test func biasAndActivationStandBehindTheProduct() throws {
    let a = Tensor([[1, 2, 3], [4, 5, 6]])
    let w = Tensor([[1, -1], [0, 1], [1, -1]])
    let y = (matmul(a, w) + Tensor([0.5, 1])).relu()
    #expect(try Evaluator.plan([y.node]).steps.count == 1)
    #expect(try y.array() == [4.5, 0, 10.5, 0])
  }

  @Test func gradientsOfASmallNetworkMatchTheReference() throws {
    let x = Tensor([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]])
    let w = Tensor([[0.5, -0.3, 0.8], [0.2, 0.7, -0.6]])
    let b = Tensor([0.1, 0.2, 0.3])
    let v = Tensor([[1], [-2], [0.5]])
    for _ in 0..<3 {
      let (loss, gradients) = valueAndGradient(at: [w, b, v]) { p in
        (matmul((matmul(x, p[0]) + p[1]).tanh(), p[2]) - 1).square().mean()
      }
      let expected = try gradients.map { try Reference.evaluate($0, rounding: false).elements }
      try evaluate([loss] + gradients)
      for (gradient, values) in zip(gradients, expected) {
        for (a, b) in zip(try gradient.array(), values) { #expect(abs(Double(a) - b) < 1e-5) }
      }
    }
  }

  @Test func aPlanIsFoundAgainWhateverTheNumbers() throws {
    var before = 0
    for step in 0..<5 {
      let x = Tensor([Float](repeating: Float(step), count: 7))
      _ = try (x * Float(step) + 0.25 * Float(step)).sum().scalar()
      if step == 0 { before = Evaluator.planCount }
    }
    #expect(Evaluator.planCount == before)
  }

  @Test func whatSomebodyHoldsIsComputedToo() throws {
    let x = Tensor([1, 2, 3])
    let y = x * 2
    let z = y + 1
    try evaluate(z)
    #expect(y.node.value != nil)
    #expect(try y.array() == [2, 4, 6])
  }

  @Test func aDeadLeafIsOverwrittenInPlace() throws {
    var x = Tensor([1, 2, 3])
    let address = try x.hostBuffer().pointer
    x = x * 2
    try evaluate(x)
    #expect(try x.hostBuffer().pointer == address)
    #expect(try x.array() == [2, 4, 6])
  }

  @Test func aLeafThatSomebodyHoldsIsLeftAlone() throws {
    let x = Tensor([1, 2, 3])
    let y = x * 2
    try evaluate(y)
    #expect(try x.array() == [1, 2, 3])
    #expect(try y.array() == [2, 4, 6])
  }
}
