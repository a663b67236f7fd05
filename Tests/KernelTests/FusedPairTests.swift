// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop
import Testing

/// Two instructions of which the compiler of passes makes one.
struct FusedPair: Sendable, CustomStringConvertible {
  let first: bp_op
  let second: bp_op
  /// Whether the first's result is the second's left operand.
  let isLeft: Bool

  var description: String {
    let name = { (op: bp_op) in String(cString: bp_op_name(Int32(op.rawValue))) }
    return isLeft ? "\(name(first)), \(name(second)) _ z" : "\(name(first)), \(name(second)) z _"
  }

  static let all: [FusedPair] = [
    (BP_OP_MUL, BP_OP_ADD), (BP_OP_MUL, BP_OP_SUB), (BP_OP_ADD, BP_OP_MUL), (BP_OP_SUB, BP_OP_MUL),
    (BP_OP_MUL, BP_OP_MUL), (BP_OP_MUL, BP_OP_DIV), (BP_OP_SQRT, BP_OP_ADD),
  ].flatMap { pair in
    [true, false].map { FusedPair(first: pair.0, second: pair.1, isLeft: $0) }
  }
}

@Suite struct FusedPairTests {
  /// The pair over x, y, z; each operand a tensor, or one number where its bit is set in `numbers`.
  /// Where the middle is stored too, nothing can be fused.
  private func run(_ pair: FusedPair, numbers: Int, storesMiddle: Bool, level: Int32) throws
    -> [UInt32]
  {
    var random = Random(7)
    let values = (0..<3).map { _ in (0..<333).map { _ in random.float() * 3 } }
    var pass = Pass(BP_FLAT, [333])
    var slots: [Slot] = []
    let registers = (0..<3).map { operand -> Int in
      if numbers >> operand & 1 == 1 { return pass.scalar(values[operand][0]) }
      slots.append(Slot(values[operand]))
      return pass.input(slots.count - 1)
    }
    let middle = pass.op(pair.first, registers[0], registers[1])
    let result =
      pair.isLeft
      ? pass.op(pair.second, middle, registers[2]) : pass.op(pair.second, registers[2], middle)
    pass.output(result, slots.count)
    slots.append(Slot(bytes: 4 * 333))
    if storesMiddle {
      pass.output(middle, slots.count)
      slots.append(Slot(bytes: 4 * 333))
    }
    try pass.run(slots, level: level)
    return slots[slots.count - (storesMiddle ? 2 : 1)].words
  }

  @Test(arguments: FusedPair.all, levels)
  func fusedPairsHaveTheBitsOfTwo(_ pair: FusedPair, _ level: Int32) throws {
    for numbers in 0..<7 {
      let fused = try run(pair, numbers: numbers, storesMiddle: false, level: level)
      let alone = try run(pair, numbers: numbers, storesMiddle: true, level: level)
      let differing = fused.indices.filter { !same(fused[$0], alone[$0]) }
      #expect(differing.isEmpty, "\(pair) with numbers \(numbers): elements \(differing.prefix(5))")
    }
  }
}
