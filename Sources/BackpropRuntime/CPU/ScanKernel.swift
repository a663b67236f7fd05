// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// A loop over time, prepared.
///
/// Where no row of the carries depends on another, as in a batch of sequences, each thread takes
/// some rows and goes through all steps with them, without waiting for the others; else the threads
/// share the kernels of each step. Matrices that stay the same are packed once for all steps.
final class ScanKernel {
  private let cpu: CPU
  private let parts: [ScanPart]
  private let isParallel: Bool

  /// The fewest rows that are worth a thread: products of fewer read their other operand too often.
  private static let fewestRows = 8

  init(_ step: ScanStep, cpu: CPU) throws {
    self.cpu = cpu
    parts = try ScanKernel.parts(of: step, cpu: cpu)
    isParallel = parts.count > 1
    for (number, kernel) in parts[0].body.matmuls.enumerated() {
      let isSame = step.isSame(slot: kernel.step.b.slot)
      guard step.steps > 1, isSame, let panels = kernel.makePanels() else { continue }
      for part in parts { part.body.matmuls[number].use(panels) }
    }
  }

  private static func parts(of step: ScanStep, cpu: CPU) throws -> [ScanPart] {
    let threads = cpu.pool.threadCount
    let rows = step.rows
    let count = min(threads, rows / fewestRows)
    let work = Double(step.steps) * Double(step.body.operations) / 50
    if count > 1, 2 * count >= threads, work > 4 * Program.parallelThreshold {
      var parts: [ScanPart] = []
      for part in 0..<count {
        let own = rows * part / count..<rows * (part + 1) / count
        guard let plan = step.part(own) else { break }
        let alone = CPU(level: cpu.level, threadCount: 1, isExact: cpu.isExact)
        parts.append(try ScanPart(step, plan, rows: own, of: rows, cpu: alone))
      }
      if parts.count == count { return parts }
    }
    return [try ScanPart(step, step.body, rows: 0..<1, of: 1, cpu: cpu)]
  }

  func run(_ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>) throws {
    parts[0].bindWhole(slots)
    for kernel in parts[0].body.matmuls { kernel.pack(parts[0].body.slots, cpu) }
    if isParallel {
      cpu.pool.run(tasks: parts.count) { task, _ in parts[task].run(slots) }
    } else {
      parts[0].run(slots)
    }
    for part in parts { try part.outcome.get() }
  }
}
