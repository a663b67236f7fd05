// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

@Suite("Composites")
struct CompositeTests {
  let x = Tensor([[0.3, -1.2, 0.7], [1.1, 0.2, -0.4]])
  let w = Tensor([[0.5, -0.1], [0.8, 0.4], [-0.7, 0.9]])

  private var twice: GradientCheck {
    var check = GradientCheck()
    check.order = 2
    return check
  }

  @Test func softmaxIsItsFormula() throws {
    let soft = try values(x.softmax(), rounding: false)
    let raw = try values(x.exp() / x.exp().sum(over: 1, keepingAxes: true), rounding: false)
    for (a, b) in zip(soft, raw) { #expect(abs(a - b) < 1e-14) }
    let large = try values(Tensor([1000.0, 1001]).softmax(), rounding: false)
    #expect(abs(large[0] - 0.2689414213699951) < 1e-12)
    let logarithms = try values(x.logSoftmax(along: 0).exp().sum(over: 0), rounding: false)
    for sum in logarithms { #expect(abs(sum - 1) < 1e-14) }
  }

  @Test func pullbacksOfTheirOwnAreRight() throws {
    let functions: [(Tensor) -> Tensor] = [
      { $0.softmax() }, { $0.softmax(along: 0) }, { $0.logSoftmax() },
      { $0.gelu() }, { $0.geluTanh() }, { $0.silu() }, { $0.softplus() },
    ]
    for (number, function) in functions.enumerated() {
      let report = try twice(at: [x]) { function($0[0]) }
      #expect(report.passed, "function \(number): \(report)")
    }
  }

  @Test func derivedOnesAreRight() throws {
    for function in [
      { (x: Tensor) in x.variance(over: 1) }, { $0.standardDeviation(over: 0) },
      { $0.norm(over: 1) }, { $0.norm(3, over: 0) }, { $0.norm(1, over: 0) },
      { $0.norm(.infinity, over: 1) }, { $0.logSumExp(over: 0) }, { $0.logSumExp() },
      { $0.mean(over: 1, keepingAxes: true) }, { $0.clamped(-0.5, 0.5) },
      { $0.padded([(1, 0), (2, 1)]) },
      { $0.padded([(1, 0), (2, 1)], with: 3) },
    ] {
      try twice(at: [x]) { function($0[0]) }.requireAgreement()
    }
  }

  @Test func anUnusedResultIsNoCotangent() throws {
    let both = composite("sum and difference", [x, x * 2]) { operands in
      [operands[0] + operands[1], operands[0] - operands[1]]
    } pullback: { _, _, g in
      let zero: Tensor? = nil
      let first = g[0], second = g[1]
      if let first, let second { return [first + second, first - second] }
      return [first ?? second ?? zero, first ?? second.map { -$0 }]
    }
    #expect(both.map(\.shape) == [[2, 3], [2, 3]])
    for result in [both[0].square(), both[1].square(), both[0] * both[1]] {
      try twice(of: result, at: [x]).requireAgreement()
    }
  }

  @Test func aPullbackMayUseAResultThatNobodyElseUses() throws {
    for step in 1...3 {
      let x = self.x * Float(step)
      let y = composite("exponential, with its square", [x]) {
        [$0[0].exp() + 1, $0[0].exp()]
      } pullback: { _, results, g in
        [(g[0] ?? g[1]).map { $0 * results[1] }]
      }
      try twice(of: y[0], at: [x]).requireAgreement()
    }
  }

  @Test func leavesThatTheBodyMetBecomeOperands() throws {
    func scaled(_ by: Tensor) -> Tensor {
      composite("scaled by what it met", [x]) {
        [$0[0] * by]
      } pullback: { x, _, g in
        [g[0].map { $0 * 2 }]
      }[0]
    }
    // The pullback is taken as given, right or wrong.
    let a = try values(gradient(of: scaled(Tensor(3)).sum(), at: [x])[0])
    #expect(a == [Double](repeating: 2, count: 6))
    #expect(try values(scaled(Tensor(3))) == values(x * 3))
    #expect(try values(scaled(Tensor(4))) == values(x * 4))
  }

  @Test func operandsAreToldFromWhatTheBodyMet() throws {
    // Equal bodies of one name, but y is an operand in one of them only.
    let y = Tensor([[2, 2, 2], [3, 3, 3]])
    let pullback: @Sendable ([Tensor], [Tensor], [Tensor?]) -> [Tensor?] = { x, _, g in
      x.count == 2 ? [g[0].map { $0 * x[1] }, g[0].map { $0 * x[0] }] : [g[0].map { $0 * 7 }]
    }
    let met = composite("product", [x], body: { [$0[0] * y] }, pullback: pullback)[0]
    let given = composite("product", [x, y], body: { [$0[0] * $0[1]] }, pullback: pullback)[0]
    #expect(try values(gradient(of: met.sum(), at: [x])[0]) == [Double](repeating: 7, count: 6))
    #expect(try values(gradient(of: given.sum(), at: [x])[0]) == values(y))
    #expect(try values(gradient(of: given.sum(), at: [y])[0]) == values(x))
  }

  @Test func aFailureInsideIsTold() {
    let broken = composite("broken", [x]) {
      [$0[0] + Tensor.zeros([5])]
    } pullback: { _, _, _ in
      [nil]
    }
    #expect(broken[0].failure?.operation == "add")
  }

  @Test func recomputedSegmentsAreEqual() throws {
    func body(_ x: Tensor) -> Tensor { (matmul(x, w).tanh() * 2).exp() }
    let plain = body(x)
    let again = recomputed(x, body)
    #expect(try values(plain) == values(again))
    let expected = gradient(of: plain.square().sum(), at: [x, w])
    let actual = gradient(of: again.square().sum(), at: [x, w])
    for (e, a) in zip(expected, actual) {
      let (e, a) = (try values(e, rounding: false), try values(a, rounding: false))
      for (i, j) in zip(e, a) { #expect(abs(i - j) <= 1e-12 * abs(i)) }
    }
    try twice(of: again, at: [x, w]).requireAgreement()
  }

  @Test func recomputedSegmentsNestAndRepeat() throws {
    var h = x
    for _ in 0..<3 {
      h = recomputed(h) { h in
        recomputed(h) { matmul($0, w).tanh() }.sum(over: 1, keepingAxes: true) * h.sigmoid()
      }
    }
    try twice(of: h, at: [x, w]).requireAgreement()
    let two = recomputed([x, w]) { [matmul($0[0], $0[1]), $0[0].exp()] }
    try twice(of: two[1], at: [x]).requireAgreement()
    try twice(of: two[0].sum() * two[1].sum(), at: [x, w]).requireAgreement()
  }

  @Test func recomputedSegmentsDrawTheSameNumbers() throws {
    let key = RandomKey(seed: 5)
    let y = recomputed(x) {
      $0 * Tensor.bernoulli([2, 3], probability: 0.5, key: key).cast(to: .float32)
    }
    let slope = try values(gradient(of: y.sum(), at: [x])[0])
    let mask = try values(Tensor.bernoulli([2, 3], probability: 0.5, key: key))
    #expect(slope == mask)
  }
}
