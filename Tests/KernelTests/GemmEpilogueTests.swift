// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop
import Testing

/// What an epilogue saw: how often each element of C was in a block, and what it held then.
private final class Witness {
  let columns: Int, rows: Int
  let c: UnsafePointer<Float>?
  let cRow: Int, cBatch: Int
  var seen: [Int]
  var values: [Float]
  var scratch: UnsafeMutableRawPointer?

  init(_ problem: GemmProblem) {
    rows = problem.args.m
    columns = problem.args.n
    let isFloat = problem.args.c_type == Int32(BP_F32.rawValue)
    c = isFloat ? UnsafePointer(problem.args.c.assumingMemoryBound(to: Float.self)) : nil
    cRow = problem.args.c_row
    cBatch = problem.args.c_batch
    seen = Array(repeating: 0, count: problem.args.batch * rows * columns)
    values = Array(repeating: .nan, count: seen.count)
  }
}

@Suite struct GemmEpilogueTests {
  @Test("the epilogue gets every element once, finished")
  func everyBlockOnce() {
    for (m, k, n, batch) in [
      (1, 1, 1, 1), (6, 0, 9, 2), (32, 16, 16, 1), (300, 20, 400, 1), (100, 900, 150, 2),
      (1, 600, 300, 1), (500, 60, 1, 1), (7, 100, 5000, 1), (9000, 4, 8, 1),
    ] {
      for transposed in [false, true] {
        for cType in [BP_F32, BP_BF16] {
          let problem = GemmProblem(
            m, k, n, batch: batch, aTransposed: transposed, bTransposed: transposed, cType: cType)
          for level in availableGemmLevels {
            for tasks in [1, 2, 5] { observe(problem, level: level, tasks: tasks) }
            guard cType == BP_F32, m > 1, n > 1 else { continue }
            for tasks in [1, 2, 5] { observePassing(problem, level: level, tasks: tasks) }
          }
        }
      }
    }
  }

  private func witnessed(_ problem: GemmProblem, level: Int32, tasks: Int)
    -> (Witness, [Float]?)
  {
    let witness = Witness(problem)
    problem.args.epilogue_context = Unmanaged.passUnretained(witness).toOpaque()
    problem.args.epilogue = { context, block, _ in
      let witness = Unmanaged<Witness>.fromOpaque(context!).takeUnretainedValue()
      guard let block = block?.pointee else { return }
      for i in block.m0..<block.m1 {
        for j in block.n0..<block.n1 {
          let index = (block.batch * witness.rows + i) * witness.columns + j
          witness.seen[index] += 1
          if let c = block.c {
            witness.values[index] = c[(i - block.m0) * block.c_row + j - block.n0]
          } else if let c = witness.c {
            witness.values[index] = c[block.batch * witness.cBatch + i * witness.cRow + j]
          }
        }
      }
    }
    let result = problem.run(level: level, tasks: tasks)
    problem.args.epilogue = nil
    return (witness, result)
  }

  /// A product that only its epilogue sees: C stays as it was.
  private func observePassing(_ problem: GemmProblem, level: Int32, tasks: Int) {
    problem.args.c_passes = 1
    defer { problem.args.c_passes = 0 }
    let (witness, result) = witnessed(problem, level: level, tasks: tasks)
    let place =
      "\(problem.args.m)x\(problem.args.k)x\(problem.args.n), \(levelName(level)), \(tasks)"
    #expect(witness.seen.allSatisfy { $0 == 1 }, "\(place)")
    #expect(witness.values == problem.expected, "\(place)")
    #expect(result?.allSatisfy { $0.bitPattern == 0x4e4e_4e4e } == true, "\(place)")
  }

  private func observe(_ problem: GemmProblem, level: Int32, tasks: Int) {
    let (witness, result) = witnessed(problem, level: level, tasks: tasks)
    let g = problem.args
    let place = "\(g.m)x\(g.k)x\(g.n) in \(g.batch), \(levelName(level)), \(tasks) tasks"
    #expect(witness.seen.allSatisfy { $0 == 1 }, "\(place)")
    if witness.c != nil { #expect(witness.values == result, "\(place)") }
  }

  @Test("tasks are few for little work and never none")
  func taskCounts() {
    let level = Int32(bp_level_best())
    let small = GemmProblem(32, 16, 16)
    #expect(bp_gemm_tasks(&small.args, 8, level) == 1)
    #expect(bp_gemm_scratch(&small.args, level, 1) == 0)
    var large = small.args
    large.m = 1024
    large.n = 1024
    large.k = 1024
    #expect(bp_gemm_tasks(&large, 1, level) == 1)
    #expect(bp_gemm_tasks(&large, 2, level) >= 2)
    large.k = 0
    #expect(bp_gemm_tasks(&large, 2, level) >= 1)
  }
}
