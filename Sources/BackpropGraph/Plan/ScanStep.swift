// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A loop over time: the plan of its body, and where each step's operands and results lie.
package struct ScanStep: Sendable {
  /// Carries, sequences, and what the body takes as it is; all dense.
  package let operands: [Operand]
  /// The packed result.
  package let result: Operand
  /// Its n-th leaf is the n-th operand, or an item of it.
  package let body: Plan
  package let layout: [Scan.Part]
  package let carries: Int
  package let sequences: Int
  package let steps: Int
  package let isReversed: Bool
  /// Elements in an item of each sequence.
  package let itemCounts: [Int]

  init(_ fields: Scan.Fields, operands: [Operand], result: Operand) {
    self.operands = operands
    self.result = result
    let ir = IR(body: fields.body.function)
    body = Planner.plan(ir, isBody: true)
    layout = fields.layout
    carries = fields.carries
    sequences = fields.sequences
    steps = fields.steps
    isReversed = fields.isReversed
    var counts = [Int](repeating: 0, count: fields.sequences)
    for value in ir.values where value.leaf >= fields.carries {
      let sequence = value.leaf - fields.carries
      if sequence < fields.sequences { counts[sequence] = value.shape.count }
    }
    itemCounts = counts
  }

  /// Whether a buffer of the body is the same in each step.
  package func isSame(slot: Int) -> Bool {
    guard case .leaf(let leaf) = body.buffers[slot].place else { return false }
    return leaf >= carries + sequences
  }

  /// Bytes of the matrices that stay the same, which a device may lay out anew before the loop.
  var packedBytes: Int {
    body.steps.reduce(0) { sum, step in
      guard case .matmul(let product) = step, isSame(slot: product.b.slot) else { return sum }
      return sum + product.k * product.n * product.b.dtype.byteCount
    }
  }

  /// The rows of the first carry if every result of the body has as many; else 0.
  package var rows: Int {
    guard let first = layout.first?.shape, carries > 0, first.rank > 0 else { return 0 }
    let isRowed = layout.allSatisfy { $0.shape.rank > 0 && $0.shape[0] == first[0] }
    return isRowed ? first[0] : 0
  }

  /// The plan of the body for some of its rows; nil where rows depend on each other.
  package func part(_ own: Range<Int>) -> Plan? {
    let shared = Set(body.buffers.indices.filter { isSame(slot: $0) })
    return body.part(own, of: rows, shared: shared)
  }
}
