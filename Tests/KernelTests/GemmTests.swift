// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop
import Testing

/// The matrix product, at every SIMD level of this machine, against one chain of fused
/// multiply-adds per element: bit for bit.
@Suite struct GemmTests {
  /// Compares bits; says where they first differ.
  private func check(
    _ problem: GemmProblem, level: Int32, tasks: Int,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let g = problem.args
    let place =
      "\(g.m)x\(g.k)x\(g.n), A \(g.a_row) \(g.a_col), B \(g.b_row) \(g.b_col), "
      + "\(levelName(level)), \(tasks) tasks"
    guard let result = problem.run(level: level, tasks: tasks) else {
      Issue.record("wrote outside C: \(place)", sourceLocation: sourceLocation)
      return
    }
    for (index, pair) in zip(result, problem.expected).enumerated()
    where pair.0.bitPattern != pair.1.bitPattern {
      Issue.record(
        "element \(index) is \(pair.0), expected \(pair.1): \(place)",
        sourceLocation: sourceLocation)
      return
    }
  }

  @Test("small sizes, every transposition", arguments: [false, true], [false, true])
  func smallSizes(aTransposed: Bool, bTransposed: Bool) {
    for m in [0, 1, 2, 3, 5, 6, 7, 8, 13, 14, 15, 19] {
      for n in [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 47, 64, 65] {
        for k in [0, 1, 2, 3, 4, 9, 17] {
          let problem = GemmProblem(
            m, k, n, aTransposed: aTransposed, bTransposed: bTransposed, padding: (m + n) % 3,
            atEnd: k % 2 == 1)
          for level in availableGemmLevels {
            for tasks in [1, 2, 3, 7] { check(problem, level: level, tasks: tasks) }
          }
        }
      }
    }
  }

  @Test("sizes that are packed and blocked", arguments: [false, true], [false, true])
  func largerSizes(aTransposed: Bool, bTransposed: Bool) {
    for (m, k, n) in [
      (32, 300, 40), (97, 65, 130), (200, 401, 70), (61, 800, 33), (5, 900, 300), (130, 1, 257),
      (300, 37, 16), (1, 513, 129), (257, 129, 1), (24, 1024, 24), (420, 390, 20),
    ] {
      let problem = GemmProblem(
        m, k, n, aTransposed: aTransposed, bTransposed: bTransposed, padding: 1)
      for level in availableGemmLevels {
        for tasks in [1, 2, 3, 7, 12] { check(problem, level: level, tasks: tasks) }
      }
    }
  }

  /// With 4096 bytes or twice as much from column to column; the last lines are not always whole.
  @Test("a vector times columns that lie pages apart", arguments: [BP_F32, BP_BF16])
  func pagesApart(type: bp_dtype) {
    let page = type == BP_F32 ? 1024 : 2048
    for (k, n, stride) in [
      (page, 16, page), (page, 100, page), (2 * page, 37, 2 * page), (9, 40, page), (33, 19, page),
      (page + 21, 70, 2 * page), (65, 200, page),
    ] {
      let problem = GemmProblem(
        1, k, n, bTransposed: true, bType: type, padding: stride - k)
      for level in availableGemmLevels {
        for tasks in [1, 2, 3] { check(problem, level: level, tasks: tasks) }
      }
    }
  }

  @Test("neighbouring k blocks and column blocks add up to the same chain")
  func severalColumnBlocks() {
    let problem = GemmProblem(410, 420, 2100, padding: 2)
    for level in availableGemmLevels where level != Int32(BP_PORTABLE.rawValue) {
      for tasks in [1, 2] { check(problem, level: level, tasks: tasks) }
    }
  }

  @Test("batches, with a repeated operand too", arguments: [false, true])
  func batches(repeatB: Bool) {
    for (m, k, n, batch) in [(5, 7, 9, 3), (40, 64, 40, 4), (1, 8, 20, 6), (20, 300, 33, 2)] {
      for transposed in [false, true] {
        let problem = GemmProblem(
          m, k, n, batch: batch, bTransposed: transposed, padding: 1, repeatB: repeatB)
        for level in availableGemmLevels {
          for tasks in [1, 2, 3, 4, 7, 8] { check(problem, level: level, tasks: tasks) }
        }
      }
    }
  }

  @Test("B packed once for all products", arguments: [false, true], [false, true])
  func panels(aTransposed: Bool, bTransposed: Bool) {
    for (m, k, n) in [
      (1, 9, 40), (3, 2, 1), (8, 17, 33), (16, 256, 130), (33, 1030, 15), (97, 65, 47),
      (200, 401, 70),
    ] {
      let problem = GemmProblem(
        m, k, n, aTransposed: aTransposed, bTransposed: bTransposed, padding: 1)
      for level in availableGemmLevels {
        guard let panels = problem.packed(level: level) else {
          // A vector times a matrix, or a matrix times one.
          #expect(m == 1 || n == 1)
          continue
        }
        problem.args.panels = UnsafePointer(panels.base.assumingMemoryBound(to: Float.self))
        defer { problem.args.panels = nil }
        for tasks in [1, 2, 3] { check(problem, level: level, tasks: tasks) }
      }
    }
  }

  @Test("what is no float32 matrix is not packed once")
  func panelsOfOthers() {
    let halves = GemmProblem(8, 8, 8, aType: BP_BF16, bType: BP_BF16)
    #expect(halves.packed(level: availableGemmLevels[0]) == nil)
    #expect(GemmProblem(8, 8, 8, batch: 2).packed(level: availableGemmLevels[0]) == nil)
  }

  @Test("strides that are neither row nor column")
  func otherStrides() {
    for (m, k, n) in [(4, 6, 8), (30, 33, 35), (70, 100, 60)] {
      // Every second column of operands twice as wide.
      let wide = GemmProblem(m, 2 * k, 2 * n)
      let left = wide.a.base.assumingMemoryBound(to: Float.self)
      let right = wide.b.base.assumingMemoryBound(to: Float.self)
      var expected: [Float] = []
      for i in 0..<m {
        for j in 0..<n {
          var sum: Float = 0
          for p in 0..<k {
            sum = sum.addingProduct(left[i * 2 * k + 2 * p], right[p * 2 * n + 2 * j])
          }
          expected.append(sum)
        }
      }
      for level in availableGemmLevels {
        var result = [Float](repeating: .nan, count: m * n)
        var args = wide.args
        args.k = k
        args.n = n
        args.a_col = 2
        args.b_col = 2
        args.c_row = n
        let scratch = UnsafeMutableRawPointer.allocate(
          byteCount: bp_gemm_scratch(&args, level, 1), alignment: 64)
        defer { scratch.deallocate() }
        result.withUnsafeMutableBytes { bytes in
          args.c = bytes.baseAddress
          bp_gemm_run(&args, 1, level, 0, 1, scratch, nil)
        }
        #expect(result == expected, "\(m)x\(k)x\(n), \(levelName(level))")
      }
    }
  }

  @Test("infinities and NaN reach C, and only where they belong")
  func specialValues() {
    for level in availableGemmLevels {
      let problem = GemmProblem(40, 50, 40)
      let left = problem.a.base.assumingMemoryBound(to: Float.self)
      left[3 * 50 + 7] = .nan
      left[5 * 50 + 7] = .infinity
      let result = problem.run(level: level, tasks: 1)!
      for i in 0..<40 {
        for j in 0..<40 {
          let value = result[i * 40 + j]
          switch i {
          case 3: #expect(value.isNaN)
          case 5: #expect(value.isInfinite)
          default: #expect(value == problem.expected[i * 40 + j])
          }
        }
      }
    }
  }
}
