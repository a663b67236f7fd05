// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop
import Testing

/// The matrix product with bfloat16 operands or results.
@Suite struct GemmHalfTests {
  @Test("bfloat16 in any place", arguments: [false, true], [false, true])
  func types(aTransposed: Bool, bTransposed: Bool) {
    let types = [BP_F32, BP_BF16]
    for (m, k, n) in [
      (1, 1, 1), (3, 5, 7), (32, 16, 16), (1, 40, 33), (1, 77, 1100), (33, 40, 1), (70, 129, 50),
      (30, 801, 40),
      (600, 20, 20), (9, 0, 9),
    ] {
      for aType in types {
        for bType in types {
          for cType in types {
            let problem = GemmProblem(
              m, k, n, aTransposed: aTransposed, bTransposed: bTransposed, aType: aType,
              bType: bType, cType: cType, padding: 1)
            for level in availableGemmLevels {
              compare(problem, level: level, both: aType == BP_BF16 && bType == BP_BF16)
            }
          }
        }
      }
    }
  }

  private func compare(_ problem: GemmProblem, level: Int32, both: Bool) {
    let isHalf = problem.args.c_type == Int32(BP_BF16.rawValue)
    // One row times contiguous columns is the chain of float32, whatever the processor has.
    let isVector = problem.args.m == 1 && problem.args.a_col == 1 && problem.args.b_row == 1
    let isExact = isVector || !(both && bp_level_has_bf16_dot(level) != 0)
    let place = "\(problem.args), \(levelName(level))"
    let whole = problem.run(level: level, tasks: 1)
    #expect(whole != nil, "wrote outside C: \(place)")
    guard let whole else { return }
    for tasks in [2, 3, 7] {
      #expect(problem.run(level: level, tasks: tasks) == whole, "\(tasks) tasks: \(place)")
    }
    let k = Float(problem.args.k)
    for (value, expected) in zip(whole, problem.expected) {
      let rounded = isHalf ? widened(roundedToBF16(expected)) : expected
      if isExact {
        if value != rounded { Issue.record("\(value), expected \(rounded): \(place)"); return }
      } else if abs(value - rounded) > 1e-6 * k + (isHalf ? abs(rounded) / 128 : 0) {
        Issue.record("\(value), expected about \(rounded): \(place)")
        return
      }
    }
  }

  @Test("rounding to bfloat16: ties to even, infinities, NaN")
  func rounding() {
    let values: [(Float, UInt16)] = [
      (1, 0x3f80), (Float(bitPattern: 0x3f80_8000), 0x3f80),
      (Float(bitPattern: 0x3f81_8000), 0x3f82), (Float(bitPattern: 0x3f80_8001), 0x3f81),
      (.infinity, 0x7f80), (-.infinity, 0xff80), (.greatestFiniteMagnitude, 0x7f80), (0, 0),
    ]
    for level in availableGemmLevels {
      for (value, bits) in values + [(.nan, 0)] {
        var one: Float = 1
        var input = value
        var output: UInt16 = 0
        var args = bp_gemm_args()
        args.m = 1
        args.n = 1
        args.k = 1
        args.batch = 1
        args.a_row = 1
        args.a_col = 1
        args.b_row = 1
        args.b_col = 1
        args.c_row = 1
        args.c_type = Int32(BP_BF16.rawValue)
        let scratch = UnsafeMutableRawPointer.allocate(
          byteCount: bp_gemm_scratch(&args, level, 1), alignment: 64)
        defer { scratch.deallocate() }
        withUnsafePointer(to: &input) { a in
          withUnsafePointer(to: &one) { b in
            withUnsafeMutablePointer(to: &output) { c in
              args.a = UnsafeRawPointer(a)
              args.b = UnsafeRawPointer(b)
              args.c = UnsafeMutableRawPointer(c)
              bp_gemm_run(&args, 1, level, 0, 1, scratch, nil)
            }
          }
        }
        if value.isNaN {
          #expect(widened(output).isNaN)
        } else {
          #expect(output == bits, "\(value) at \(levelName(level))")
        }
      }
    }
  }
}
