// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

/// Σ sin(0.3 x) over some tensors: a scalar that everything takes part in.
private func scalar(of tensors: [Tensor]) -> Tensor {
  tensors.filter(\.dtype.isFloatingPoint).reduce(Tensor(0)) { sum, tensor in
    sum + (tensor.cast(to: .float32) * 0.3).sin().sum()
  }
}

private var smooth: RandomProgram.Style {
  var style = RandomProgram.Style()
  style.isDifferentiable = true
  return style
}

extension RandomProgram {
  fileprivate var floatLeaves: [Tensor] { leaves.filter(\.dtype.isFloatingPoint) }
}

@Suite("Random programs: gradients by the reference")
struct RandomGradientTests {
  @Test(arguments: 0..<8) func agreeWithFiniteDifferences(part: Int) throws {
    for seed in UInt64(part * 60)..<UInt64(part * 60 + 60) {
      let program = RandomProgram(seed: seed, style: smooth)
      var check = GradientCheck()
      check.seed = seed
      check.everyCoordinateUpTo = 0
      // Constants of pullbacks are float32, and errors of a few words add up.
      check.tolerance = 4e-6
      check.order = seed % 4 == 0 ? 2 : 1
      let report = try check(of: scalar(of: program.results), at: program.floatLeaves)
      #expect(report.passed, "program \(seed): \(report)")
    }
  }
}

extension DeviceTests {
  @Suite("Random programs") struct Programs {
    /// Fused, node by node, and by the reference.
    @Test(arguments: 0..<10) func areComputedRightly(part: Int) throws {
      for seed in UInt64(part * 200)..<UInt64(part * 200 + 200) {
        let problem = try ProgramCheck.problem(RandomProgram(seed: seed).results)
        #expect(problem == nil, "program \(seed): \(problem!)")
      }
    }

    @Test(arguments: 0..<4) func gradientsAreComputedRightly(part: Int) throws {
      for seed in UInt64(part * 100)..<UInt64(part * 100 + 100) {
        let program = RandomProgram(seed: seed, style: smooth)
        let value = scalar(of: program.results)
        let gradients = gradient(of: value, at: program.floatLeaves)
        let problem = try ProgramCheck.problem([value] + gradients)
        #expect(problem == nil, "program \(seed): \(problem!)")
      }
    }

    /// Every level and every number of threads gives the same bits.
    @Test func theWayChangesNoBit() throws {
      var style = RandomProgram.Style()
      style.largest = 60_000
      style.isLarge = true
      for seed in 1...40 as ClosedRange<UInt64> {
        let program = RandomProgram(seed: seed, style: style)
        var first: [ReferenceValue] = []
        for way in Way.all {
          let values = try way.use {
            let copy = GraphCopy.whole(program.results)
            try evaluate(copy)
            return try copy.map { try ReferenceValue(of: $0) }
          }
          if first.isEmpty { first = values }
          for (value, expected) in zip(values, first) where !program.usesNarrowMatrices {
            let mismatch = Tolerance.exact.mismatch(of: value, from: expected)
            #expect(mismatch == nil, "program \(seed), \(way.testDescription): \(mismatch!)")
          }
        }
      }
    }
  }
}
