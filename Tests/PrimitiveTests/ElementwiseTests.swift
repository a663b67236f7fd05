// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

@Suite("Element-wise words: pullbacks")
struct ElementwisePullbackTests {
  @Test(arguments: ElementwiseRow.all) func agreeWithFiniteDifferences(row: ElementwiseRow) throws {
    var generator = SeededGenerator(seed: 3)
    var check = GradientCheck()
    check.order = max(row.order, 1)
    let operands = row.operands([2, 3], &generator)
    let report = try check(at: operands) { row.body($0) }
    #expect(report.passed, "\(report)")
    #expect(report.undecided == 0, "\(report)")
  }

  @Test(arguments: ElementwiseRow.all.filter { $0.order == 0 })
  func wordsWithoutADerivativeSaySo(row: ElementwiseRow) throws {
    var generator = SeededGenerator(seed: 4)
    let operands = row.operands([4], &generator)
    let result = row.body(operands).cast(to: .float32).sum()
    for slope in gradient(of: result, at: operands) {
      #expect(try Reference.evaluate(slope).elements == [0, 0, 0, 0])
    }
  }

  /// The conventions at kinks, as the cards state them.
  @Test func atKinksTheCardsDecide() throws {
    func slope(_ at: Float, _ body: (Tensor) -> Tensor) throws -> Double {
      let x = Tensor([at])
      return try Reference.evaluate(gradient(of: body(x).sum(), at: [x])[0]).elements[0]
    }
    #expect(try slope(0) { $0.relu() } == 0)
    #expect(try slope(0) { $0.absolute() } == 0)
    #expect(try slope(1) { maximum($0, 1) } == 0.5)
    #expect(try slope(1) { minimum($0, 1) } == 0.5)
    #expect(try slope(1) { $0.clamped(1, 2) } == 0.5)
    #expect(try slope(1) { $0.floor() } == 0)
    #expect(try slope(2) { $0.round() } == 0)
    #expect(try slope(0) { power($0, 2) } == 0)
    #expect(try slope(0) { power($0, 1) } == 1)
    #expect(try slope(-2) { power($0, 3) } == 12)
    #expect(try slope(0) { power(Tensor(0), $0 + 1) } == 0)
  }
}

extension DeviceTests {
  @Suite("Element-wise words") struct Elementwise {
    /// Around the widths of vectors, one past a tile, and enough for threads.
    private static let sizes = [0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 257, 1000, 4099, 40_000]

    @Test(arguments: Way.all) func equalTheReferenceAtAllSizes(way: Way) throws {
      try way.use {
        for row in ElementwiseRow.all {
          var generator = SeededGenerator(seed: 5)
          for size in Self.sizes {
            try expectReference(row.body(row.operands([size], &generator)), "\(row.name) [\(size)]")
          }
        }
      }
    }

    @Test(arguments: Way.all) func equalTheReferenceAtSpecialNumbers(way: Way) throws {
      try way.use {
        let x = Tensor(SpecialNumbers.floats)
        for function in Unary.allCases {
          let isAngle = function == .sin || function == .cos
          // Angles are reduced exactly up to 10⁵ only; far beyond, an ulp is more than a turn.
          let operand = isAngle ? select(x.absolute() .< 1e5, x, Tensor.zeros(x.shape)) : x
          try expectReference(operand.unary(function), "special")
        }
        for function in Binary.allCases {
          let a = x.expanded(at: 1).broadcast(to: [x.count, x.count])
          let b = x.broadcast(to: [x.count, x.count])
          try expectReference(Tensor.binary(function, a, b), "special")
        }
        for mask in [x.expanded(at: 1) .== x, x.expanded(at: 1) .< x, x.expanded(at: 1) .<= x] {
          try expectReference(mask, "special")
        }
        let whole = Tensor(SpecialNumbers.integers)
        let grid: Shape = [whole.count, whole.count]
        let a = whole.expanded(at: 1).broadcast(to: grid)
        for function in Binary.allCases where function != .power {
          try expectReference(Tensor.binary(function, a, whole.broadcast(to: grid)), "special")
        }
        for function in [Unary.negate, .absolute, .sign, .relu] {
          try expectReference(whole.unary(function), "special")
        }
        for mask in [a .== whole, a .< whole, a .<= whole] { try expectReference(mask, "special") }
      }
    }

    /// Every bit pattern's neighbourhood is met: exponents are drawn evenly.
    @Test(arguments: Unary.allCases) func areAccurateOverAllExponents(function: Unary) throws {
      var generator = SeededGenerator(seed: 6)
      let numbers = (0..<20_000).map { _ in
        let bits = UInt32(truncatingIfNeeded: generator.next())
        let x = Float(bitPattern: bits)
        let isTooLarge = (function == .sin || function == .cos) && !(abs(x) < 1e5)
        return isTooLarge || abs(x) < .leastNormalMagnitude ? Float(generator.number(-9...9)) : x
      }
      try expectReference(Tensor(numbers).unary(function))
    }

    @Test func castsBetweenAllTypes() throws {
      let floats = Tensor(SpecialNumbers.floats)
      let whole = Tensor(SpecialNumbers.integers)
      let bytes = Tensor((0...255).map { UInt8($0) })
      let halves = (0..<2000).map { Float($0) * 0.37 - 300 }
      for from in DType.allCases {
        for source in [floats, whole, bytes, Tensor(halves)] {
          // Each step is a word of its own, on values that the device made.
          let operand = source.cast(to: from)
          for to in DType.allCases { try expectReference(operand.cast(to: to), "\(from) to \(to)") }
        }
      }
    }

    @Test func narrowTypesAreRoundedAfterEachWord() throws {
      for row in ElementwiseRow.all {
        for dtype in [DType.bfloat16, .float16] {
          var generator = SeededGenerator(seed: 8)
          let operands = row.operands([37], &generator).map { $0.cast(to: dtype) }
          try expectReference(row.body(operands), "\(row.name) \(dtype)")
        }
      }
    }

    /// The same numbers, seen through permutes, steps, reversals and repetitions.
    @Test(arguments: Way.all) func readOperandsAsTheyLie(way: Way) throws {
      try way.use {
        for row in ElementwiseRow.all {
          var generator = SeededGenerator(seed: 9)
          let views: [(String, (Tensor) -> Tensor)] = [
            ("transposed", { $0.transposed() }),
            ("permuted", { $0.reshaped(to: [4, 6, 9]).permuted([1, 2, 0]) }),
            ("stepped", { $0[stride(from: 1, to: 24, by: 3), stride(from: 0, to: 9, by: 2)] }),
            ("reversed", { $0.reversed(along: 0, 1) }),
            ("row", { $0[3].broadcast(to: [5, 9]) }),
            ("column", { $0[..., 4..<5].broadcast(to: [24, 7]) }),
            ("inner", { $0.reshaped(to: [12, 18])[2..<11, 5..<16].transposed() }),
          ]
          for (name, view) in views {
            let bases = row.operands([24, 9], &generator)
            // The first operand through the view, the others dense, and all through it.
            let seen = try bases.map { try computed(view($0)).tensor }
            let dense = try computed(row.body(seen))
            let all = try computed(row.body(bases.map(view)))
            let first = try computed(row.body([view(bases[0])] + seen.dropFirst()))
            for value in [all, first] {
              let mismatch = Tolerance.exact.mismatch(of: value, from: dense)
              #expect(mismatch == nil, "\(row.name), \(name): \(mismatch!)")
            }
          }
        }
      }
    }

    @Test(arguments: ElementwiseRow.all) func fusionChangesNoBit(row: ElementwiseRow) throws {
      var generator = SeededGenerator(seed: 10)
      let operands = row.operands([6, 35], &generator)
      let word = row.body(operands).cast(to: .float32)
      let after = (word * word + 1).sum(over: 1)
      let before = row.body(operands.map { ($0 + 1) * 0.5 }).cast(to: .float32)
      for result in [after, before, (word + before).exp().mean(over: 0)] {
        #expect(try ProgramCheck.problem([result]) == nil)
      }
    }
  }
}
