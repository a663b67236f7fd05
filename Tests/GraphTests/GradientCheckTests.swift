// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

@Suite("The gradient check")
struct GradientCheckTests {
  let x = Tensor([[0.3, -1.2, 0.7], [1.1, 0.2, -0.4]])
  let w = Tensor([[0.5, -0.1], [0.8, 0.4], [-0.7, 0.9]])
  var twice: GradientCheck {
    var check = GradientCheck()
    check.order = 2
    return check
  }

  @Test func rightGradientsPass() throws {
    let report = try twice(at: [x, w]) { (matmul($0[0], $0[1]).tanh() * 3).exp() }
    try report.requireAgreement()
    #expect(report.comparisons == 2 * (3 + 12))
    #expect(report.undecided == 0)
    #expect(report.largestError < 1e-7)
  }

  @Test func aWrongPullbackIsFoundAndPlaced() throws {
    let mask = Tensor([[1.0, 1, 1], [1, 1, 1.01]])
    let report = try GradientCheck()(at: [w, x]) { leaves in
      composite("wrong square", [leaves[1], mask]) {
        [$0[0] * $0[0]]
      } pullback: { x, _, g in
        [g[0].map { $0 * x[0] * 2 * x[1] }, nil]
      }[0] + leaves[0].sum()
    }
    let worst = try #require(report.worst)
    #expect(worst.place?.leaf == 1)
    #expect(worst.place?.position == [1, 2])
    #expect(worst.order == 1)
    #expect(abs(worst.error - 0.0099) < 0.0002)
    #expect(throws: GradientReport.Disagreement.self) { try report.requireAgreement() }
  }

  @Test func aForgottenSecondDerivativeIsFound() throws {
    let body: ([Tensor]) -> Tensor = { leaves in
      composite("frozen cube", [leaves[0]]) {
        [$0[0] * $0[0] * $0[0]]
      } pullback: { x, _, g in
        [g[0].map { $0 * (x[0] * x[0] * 3).stopGradient() }]
      }[0]
    }
    #expect(try GradientCheck()(at: [x], body).passed)
    #expect(try twice(at: [x], body).worst?.order == 2)
  }

  @Test func aKinkDecidesNothing() throws {
    let report = try GradientCheck()(at: [Tensor([0.0])]) { $0[0].relu() }
    #expect(report.passed)
    #expect(report.undecided == report.comparisons)
    let beside = try twice(at: [Tensor([0.01, -0.02])]) { $0[0].relu() * $0[0] }
    #expect(beside.passed)
    #expect(beside.undecided == 0)
  }

  @Test func aNaNIsADisagreement() throws {
    // The slope of √ at 0 is infinite, times 0: a NaN, where the function itself is flat.
    let report = try GradientCheck()(at: [Tensor([1.0])]) { leaves in
      (leaves[0] * 0).squareRoot().sum() + leaves[0].sum()
    }
    #expect(report.worst?.analytic.isNaN == true)
  }

  @Test func narrowTypesAreCheckedInDouble() throws {
    let report = try GradientCheck()(at: [x.cast(to: .bfloat16), w]) { leaves in
      matmul(leaves[0], leaves[1].cast(to: .bfloat16)).sigmoid()
    }
    try report.requireAgreement()
  }
}

@Suite("Tolerances")
struct ToleranceTests {
  @Test func countsUlps() {
    let one = Double(Float(1).nextUp)
    #expect(DType.float32.ulps(from: one, to: 1) == 1)
    #expect(DType.float32.ulps(from: Double(Float.leastNonzeroMagnitude), to: 0) == 1)
    #expect(DType.bfloat16.ulps(from: 1.0078125, to: 1) == 1)
    #expect(DType.float16.ulps(from: 2, to: 1.998046875) == 2)
    #expect(DType.float32.ulps(from: .nan, to: .nan) == 0)
    #expect(DType.float32.ulps(from: .nan, to: 1) == .infinity)
    #expect(DType.float32.ulps(from: .infinity, to: 1e39) == 0)
    #expect(DType.float32.ulps(from: -.infinity, to: .infinity) == .infinity)
    #expect(DType.float32.ulps(from: 3.4028234e38, to: .infinity) == 1)
    #expect(DType.float32.ulps(from: 1, to: .infinity) == .infinity)
  }

  @Test func namesTheWorstElement() {
    let expected = ReferenceValue([2, 2], .float32, [1, 2, 3, 4])
    let actual = ReferenceValue([2, 2], .float32, [1, 2.5, 3, 4.25])
    let found = Tolerance(ulps: 2, reason: "a test").mismatch(of: actual, from: expected)
    #expect(found?.position == [0, 1])
    #expect(Tolerance.exact.mismatch(of: expected, from: expected) == nil)
    #expect(
      Tolerance(ulps: 0, absolute: 0.5, reason: "a test").mismatch(of: actual, from: expected)
        == nil)
  }
}
