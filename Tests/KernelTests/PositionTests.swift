// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop
import Testing

/// Positions, coordinates and random words, stored as they are made.
@Suite struct PositionTests {
  private static let rows = 5
  private static let columns = 208
  private static let key: (Int32, Int32) = (-559_038_737, 77)

  /// A pass that stores the three in rows that lie so far apart.
  private static func pass(apart step: Int) -> (Pass, [Slot]) {
    var pass = Pass(BP_FLAT, [rows, columns])
    let (a, b) = (pass.scalar(key.0), pass.scalar(key.1))
    let made = [
      pass.op(BP_OP_INDEX), pass.op(BP_OP_INDEX_DIM, 1), pass.op(BP_OP_RANDOM_BITS, a, b),
    ]
    for (slot, register) in made.enumerated() {
      pass.output(register, slot, BP_I32, strides: [step, 1])
    }
    return (pass, made.map { _ in Slot([Int32](repeating: -1, count: rows * step)) })
  }

  /// What belongs into the slots; -1 between the rows.
  private static func expected(apart step: Int) -> [[Int32]] {
    var expected = [[Int32]](repeating: [Int32](repeating: -1, count: rows * step), count: 3)
    for row in 0..<rows {
      for column in 0..<columns {
        let position = row * columns + column
        let words = philox(UInt32(position / 4), key)
        expected[0][row * step + column] = Int32(position)
        expected[1][row * step + column] = Int32(column)
        expected[2][row * step + column] = Int32(bitPattern: words[position % 4])
      }
    }
    return expected
  }

  private static func philox(_ block: UInt32, _ key: (Int32, Int32)) -> [UInt32] {
    var words = [UInt32](repeating: 0, count: 4)
    bp_philox(
      [block, 0, 0, 0], [UInt32(bitPattern: key.0), UInt32(bitPattern: key.1)], &words)
    return words
  }

  @Test(arguments: levels, [columns, columns + 22])
  func wholeRuns(_ level: Int32, apart step: Int) throws {
    for split in Pass.Split.allCases {
      let (pass, slots) = Self.pass(apart: step)
      try pass.run(slots, level: level, split: split)
      #expect(slots.map(\.ints) == Self.expected(apart: step), "\(split)")
    }
  }

  @Test(arguments: levels, [columns, columns + 22])
  func rectangles(_ level: Int32, apart step: Int) throws {
    let (pass, slots) = Self.pass(apart: step)
    for rows in [0..<2, 2..<Self.rows] {
      for columns in [0..<37, 37..<85, 85..<Self.columns] {
        try pass.runRegion(slots, level: level, batch: 0, rows: rows, columns: columns)
      }
    }
    #expect(slots.map(\.ints) == Self.expected(apart: step))
  }
}
