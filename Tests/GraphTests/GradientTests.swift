// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

@Suite("Gradients")
struct GradientTests {
  @Test func ofAPolynomialToTheFourthOrder() throws {
    let x = Tensor([0.5, -2])
    var current = (x * x * x * x).sum()
    // x⁴, 4x³, 12x², 24x, 24
    let expected: [[Double]] = [[0.5, -32], [3, 48], [12, -48], [24, 24]]
    for derivative in expected {
      let slope = gradient(of: current, at: [x])[0]
      #expect(try values(slope, rounding: false) == derivative)
      current = slope.sum()
    }
    #expect(try values(gradient(of: current, at: [x])[0]) == [0, 0])
  }

  @Test func ofTheThirdOrderThroughComposites() throws {
    let x = Tensor([0.3, -0.7, 1.1])
    func slope(_ y: Tensor) -> Tensor {
      (gradient(of: y.sum(), at: [x])[0] * Tensor([1.0, 0.5, -2])).sum()
    }
    for function in [
      { (x: Tensor) in x.gelu() }, { $0.softplus() }, { $0.softmax() }, { $0.logSoftmax() },
      { $0.silu() }, { $0.geluTanh() },
    ] {
      let second = slope(slope(function(x) * function(x)))
      try GradientCheck()(of: second, at: [x]).requireAgreement()
    }
  }

  @Test func aLeafWithoutInfluenceGetsZeros() throws {
    let (x, y) = (Tensor([1.0, 2]), Tensor([[3], [4]]))
    let gradients = gradient(of: (x * x).sum(), at: [y, x])
    #expect(try values(gradients[0]) == [0, 0])
    #expect(gradients[0].shape == [2, 1])
    #expect(try values(gradients[1]) == [2, 4])
    let none = gradient(of: Tensor(3), at: [x, y])
    #expect(try values(none[1]) == [0, 0])
  }

  @Test func aResultThatIsALeafHasTheGradientOne() throws {
    let x = Tensor(3)
    #expect(try values(gradient(of: x, at: [x])[0]) == [1])
    let whole = gradient(of: x, at: [x, x])
    #expect(try values(whole[1]) == [1])
  }

  @Test func aLeafMayLieBetween() throws {
    let x = Tensor([1.0, 2])
    let y = x * 3
    let z = (y * y + x).sum()
    let gradients = gradient(of: z, at: [y, x])
    #expect(try values(gradients[0]) == [6, 12])
    // With y taken as given, x has only its direct influence.
    #expect(try values(gradients[1]) == [1, 1])
    #expect(try values(gradient(of: z, at: [x])[0]) == [19, 37])
  }

  @Test func severalUsesOfALeafAddUp() throws {
    let x = Tensor([2.0])
    let y = x + x * x + x
    #expect(try values(gradient(of: y.sum(), at: [x])[0]) == [6])
  }

  @Test func stopGradientStops() throws {
    let x = Tensor([2.0, 3])
    let y = (x * x.stopGradient()).sum()
    #expect(try values(gradient(of: y, at: [x])[0]) == [2, 3])
    #expect(try values(y) == [13])
    let all = gradient(of: (x * x).stopGradient().sum(), at: [x])[0]
    #expect(try values(all) == [0, 0])
  }

  @Test func integersPassNoGradient() throws {
    let x = Tensor([1.5, 2.5])
    let y = (x.cast(to: .int32).cast(to: .float32) * x).sum()
    #expect(try values(gradient(of: y, at: [x])[0]) == [1, 2])
  }

  @Test func typesOfLeavesAreKept() throws {
    let x = Tensor([1.0, 2]).cast(to: .bfloat16)
    let slope = gradient(of: (x.cast(to: .float32) * 3).sum(), at: [x])[0]
    #expect(slope.dtype == .bfloat16)
    #expect(try values(slope) == [3, 3])
  }

  @Test func tiesAreShared() throws {
    let x = Tensor([3.0, 1, 3])
    #expect(try values(gradient(of: x.max(), at: [x])[0]) == [0.5, 0, 0.5])
    let y = Tensor([3.0, 2, 3])
    #expect(try values(gradient(of: maximum(x, y).sum(), at: [x])[0]) == [0.5, 0, 0.5])
    #expect(try values(gradient(of: minimum(x, y).sum(), at: [y])[0]) == [0.5, 0, 0.5])
  }

  @Test func valueAndGradientGivesBoth() throws {
    let x = Tensor([2.0])
    let (value, gradients) = valueAndGradient(at: [x]) { ($0[0] * $0[0]).sum() }
    #expect(try values(value) == [4])
    #expect(try values(gradients[0]) == [4])
  }

  @Test func aDeepChainIsDifferentiatedWithoutRecursion() throws {
    let x = Tensor(1)
    var y = x
    for _ in 0..<20_000 { y = y * 1.0001 }
    let slope = try values(gradient(of: y, at: [x])[0], rounding: false)[0]
    let factor = Double(Float(1.0001))
    var expected = 1.0
    for _ in 0..<20_000 { expected *= factor }
    #expect(abs(slope / expected - 1) < 1e-9)
  }
}

@Suite("Gradients kept as templates")
struct TemplateTests {
  private func loss(_ x: Tensor, _ w: Tensor, _ rate: Float) -> Tensor {
    (matmul(x, w) * rate).tanh().square().mean()
  }

  @Test func theSameStructureGivesTheGradientOfTheNewNumbers() throws {
    for step in 0..<3 {
      let x = Tensor([[Float(step), 2], [3, 4]])
      let w = Tensor([[0.1, -0.2], [0.05, 0.3 - Float(step)]])
      let rate = 0.5 + Float(step)
      let report = try GradientCheck()(of: loss(x, w, rate), at: [x, w])
      try report.requireAgreement()
    }
  }

  @Test func constantsAreNotBakedIn() throws {
    let x = Tensor([1.0, 2])
    func slope(_ factor: Float) throws -> [Double] {
      try values(gradient(of: (x * factor).sum(), at: [x])[0])
    }
    #expect(try slope(3) == [3, 3])
    #expect(try slope(5) == [5, 5])
    #expect(try slope(-1) == [-1, -1])
  }

  @Test func randomKeysAreNotBakedIn() throws {
    let x = Tensor([1.0, 2, 3, 4])
    func both(_ seed: UInt64) throws -> ([Double], [Double]) {
      let noise = Tensor.uniform([4], key: RandomKey(seed: seed))
      return (try values(gradient(of: (x * noise).sum(), at: [x])[0]), try values(noise))
    }
    let (first, second) = (try both(1), try both(2))
    #expect(first.0 == first.1)
    #expect(second.0 == second.1)
    #expect(first.0 != second.0)
  }

  @Test func whichLeavesAreAskedForMakesADifference() throws {
    let (x, y) = (Tensor([2.0]), Tensor([5.0]))
    let z = (x * y).sum()
    #expect(try values(gradient(of: z, at: [x])[0]) == [5])
    #expect(try values(gradient(of: z, at: [y])[0]) == [2])
    let both = gradient(of: z, at: [y, x])
    #expect(try values(both[0]) == [2])
    #expect(try values(both[1]) == [5])
    // The same shapes, but one tensor twice.
    #expect(try values(gradient(of: (x * x).sum(), at: [x])[0]) == [4])
  }

  @Test func dataWithAHistoryIsNoConstant() throws {
    // The same words, with values of other sources behind them.
    for factor in [1, 2, 3] as [Float] {
      let data = Tensor([factor, 2 * factor])
      let x = Tensor([1.0, 1])
      let slope = gradient(of: (data.exp() * x).sum(), at: [x])[0]
      #expect(try values(slope, rounding: false) == values(data.exp(), rounding: false))
    }
  }

  @Test func manyStepsOfDescentReachTheMinimum() throws {
    // Values are read back each step, as a trainer's evaluation does.
    var w = Tensor([0.0, 0.0])
    let target = Tensor([1.0, -2])
    for _ in 0..<60 {
      let slope = gradient(of: (w - target).square().sum(), at: [w])[0]
      let next = try values(w - slope * 0.1)
      w = Tensor(next.map(Float.init))
    }
    let found = try values(w)
    #expect(abs(found[0] - 1) < 1e-4 && abs(found[1] + 2) < 1e-4)
  }
}
