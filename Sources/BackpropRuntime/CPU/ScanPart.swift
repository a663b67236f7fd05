// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// Some rows of a loop, or all: one program for the body, whose operands move from step to step.
final class ScanPart {
  private let step: ScanStep
  let body: Program
  private let arena: UnsafeMutableRawPointer
  /// Results that the body's plan does not write where they belong: they are copied there.
  private let copied: [Int]
  /// For each result that is written in place, its slot.
  private let written: [(result: Int, slot: Int)]
  /// The bytes of each result, and which of them are ours.
  private let sizes: [Int]
  private let own: [Range<Int>]
  /// How the last run ended.
  private(set) var outcome: Result<Void, any Error> = .success(())

  /// - Parameters:
  ///   - plan: that of the body, or its part for `rows` of `count`.
  ///   - cpu: nobody else's while this runs.
  init(_ step: ScanStep, _ plan: Plan, rows: Range<Int>, of count: Int, cpu: CPU) throws {
    self.step = step
    body = try Program(plan, cpu: cpu)
    arena = .allocate(byteCount: max(64, plan.arenaBytes), alignment: 4096)
    sizes = step.layout.map { $0.shape.count * 4 }
    own = sizes.map { $0 / count * rows.lowerBound..<$0 / count * rows.upperBound }
    var written: [(result: Int, slot: Int)] = []
    var copied: [Int] = []
    for (result, slot) in plan.results.enumerated() {
      if case .result = plan.buffers[slot].place, !written.contains(where: { $0.slot == slot }) {
        written.append((result, slot))
      } else {
        copied.append(result)
      }
    }
    (self.written, self.copied) = (written, copied)
  }

  deinit { arena.deallocate() }

  /// Gives the body what it takes as it is.
  func bindWhole(_ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    for binding in body.bindings {
      let leaf = Int(binding.leaf)
      guard leaf >= step.carries + step.sequences else { continue }
      body.slots[binding.slot] = address(step.operands[leaf], slots)
    }
  }

  /// Goes through all steps.
  func run(_ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    outcome = Result { try loop(slots) }
  }

  private func loop(_ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>) throws {
    let nothing = UnsafeBufferPointer<UInt32>(start: nil, count: 0)
    let result = address(step.result, slots)
    let bases = step.operands.map { address($0, slots) }
    /// Where the carries of the step at hand lie.
    var carries = Array(bases.prefix(step.carries))
    bindWhole(slots)
    for turn in 0..<step.steps {
      let number = step.isReversed ? step.steps - 1 - turn : turn
      for binding in body.bindings where binding.leaf >= 0 {
        let leaf = Int(binding.leaf)
        if leaf < step.carries {
          body.slots[binding.slot] = carries[leaf]
        } else if leaf < step.carries + step.sequences {
          body.slots[binding.slot] = bases[leaf] + number * itemSize(leaf)
        }
      }
      for (index, slot) in written {
        body.slots[slot] = place(index, number, turn, result)
      }
      try body.run(scalars: nothing, arena: arena)
      for index in copied {
        guard let source = body.slots[step.body.results[index]] else { continue }
        let (from, to) = (own[index].lowerBound, place(index, number, turn, result))
        (to + from).copyMemory(from: source + from, byteCount: own[index].count)
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
