// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// A loop over time, prepared: one program for the body, whose operands move from step to step.
final class ScanKernel {
  private let step: ScanStep
  private let body: Program
  private let arena: UnsafeMutableRawPointer
  private let sizes: [Int]
  /// Results that the body's plan does not write where they belong: they are copied there.
  private let copied: [Int]
  /// For each result that is written in place, its slot.
  private let written: [(result: Int, slot: Int)]

  init(_ step: ScanStep, cpu: CPU) throws {
    self.step = step
    body = try Program(step.body, cpu: cpu)
    arena = .allocate(byteCount: max(64, step.body.arenaBytes), alignment: 4096)
    sizes = step.layout.map { $0.shape.count * 4 }
    var written: [(result: Int, slot: Int)] = []
    var copied: [Int] = []
    for (result, slot) in step.body.results.enumerated() {
      if case .result = step.body.buffers[slot].place, !written.contains(where: { $0.slot == slot })
      {
        written.append((result, slot))
      } else {
        copied.append(result)
      }
    }
    (self.written, self.copied) = (written, copied)
  }

  deinit { arena.deallocate() }

  func run(_ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>) throws {
    let nothing = UnsafeBufferPointer<UInt32>(start: nil, count: 0)
    let result = address(step.result, slots)
    let bases = step.operands.map { address($0, slots) }
    /// Where the carries of the step at hand lie.
    var carries = Array(bases.prefix(step.carries))
    for turn in 0..<step.steps {
      let number = step.isReversed ? step.steps - 1 - turn : turn
      for binding in body.bindings where binding.leaf >= 0 {
        let leaf = Int(binding.leaf)
        body.slots[binding.slot] =
          if leaf < step.carries {
            carries[leaf]
          } else if leaf < step.carries + step.sequences {
            bases[leaf] + number * itemSize(leaf)
          } else {
            bases[leaf]
          }
      }
      for (index, slot) in written {
        body.slots[slot] = place(index, number, turn, result)
      }
      try body.run(scalars: nothing, arena: arena)
      for index in copied {
        guard let source = body.slots[step.body.results[index]] else { continue }
        place(index, number, turn, result).copyMemory(from: source, byteCount: sizes[index])
      }
      for carry in 0..<step.carries { carries[carry] = place(carry, number, turn, result) }
    }
  }

  private func itemSize(_ leaf: Int) -> Int {
    step.itemCounts[leaf - step.carries] * step.operands[leaf].dtype.byteCount
  }

  private func place(_ index: Int, _ number: Int, _ turn: Int, _ result: UnsafeMutableRawPointer)
    -> UnsafeMutableRawPointer
  {
    let part = step.layout[index]
    return result + part.offset * 4 + part.slot(step: number, turn: turn) * sizes[index]
  }

  private func address(
    _ operand: Operand, _ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) -> UnsafeMutableRawPointer {
    guard let base = slots[operand.slot] else {
      preconditionFailure("slot \(operand.slot) has no memory")
    }
    return base + operand.offset * operand.dtype.byteCount
  }
}
