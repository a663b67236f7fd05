// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop
import Testing

struct IntegerCase: Sendable, CustomStringConvertible {
  let op: bp_op
  let exact: @Sendable (Int32, Int32) -> Int32
  var description: String { String(cString: bp_op_name(Int32(op.rawValue))) }
}

private func floorDivide(_ x: Int32, _ y: Int32) -> Int32 {
  if y == 0 { return 0 }
  let (q, r) = Int64(x).quotientAndRemainder(dividingBy: Int64(y))
  return Int32(truncatingIfNeeded: r != 0 && (r < 0) != (y < 0) ? q - 1 : q)
}

private func truth(_ value: Bool) -> Int32 { value ? Int32(bitPattern: Float(1).bitPattern) : 0 }

let integerCases: [IntegerCase] = [
  .init(op: BP_OP_NEG_I) { x, _ in 0 &- x },
  .init(op: BP_OP_ABS_I) { x, _ in x < 0 ? 0 &- x : x },
  .init(op: BP_OP_SIGN_I) { x, _ in x.signum() },
  .init(op: BP_OP_ADD_I) { $0 &+ $1 },
  .init(op: BP_OP_SUB_I) { $0 &- $1 },
  .init(op: BP_OP_MUL_I) { $0 &* $1 },
  .init(op: BP_OP_DIV_I) { floorDivide($0, $1) },
  .init(op: BP_OP_MOD_I) { $1 == 0 ? 0 : $0 &- floorDivide($0, $1) &* $1 },
  .init(op: BP_OP_MAX_I) { max($0, $1) },
  .init(op: BP_OP_MIN_I) { min($0, $1) },
  .init(op: BP_OP_EQ_I) { truth($0 == $1) },
  .init(op: BP_OP_NE_I) { truth($0 != $1) },
  .init(op: BP_OP_LT_I) { truth($0 < $1) },
  .init(op: BP_OP_LE_I) { truth($0 <= $1) },
  .init(op: BP_OP_AND_I) { $0 & $1 },
  .init(op: BP_OP_OR_I) { $0 | $1 },
  .init(op: BP_OP_XOR_I) { $0 ^ $1 },
  .init(op: BP_OP_SHL_I) { $0 &<< $1 },
  .init(op: BP_OP_SHR_I) { Int32(bitPattern: UInt32(bitPattern: $0) &>> UInt32(bitPattern: $1)) },
  .init(op: BP_OP_I2F) { x, _ in Int32(bitPattern: Float(x).bitPattern) },
  .init(op: BP_OP_I2BOOL) { x, _ in truth(x != 0) },
  .init(op: BP_OP_I2U8) { x, _ in x & 255 },
  .init(op: BP_OP_UNIFORM) { x, _ in
    Int32(bitPattern: (Float(UInt32(bitPattern: x) >> 8) * 0x1p-24).bitPattern)
  },
]

@Suite struct IntegerTests {
  static let pairs: ([Int32], [Int32]) = {
    let edges: [Int32] = [
      0, 1, -1, 2, -2, 3, -3, 7, -7, 255, 256, .max, .min, .max - 1, .min + 1, 65536, 46341, -46341,
    ]
    var a: [Int32] = []
    var b: [Int32] = []
    for x in edges {
      for y in edges {
        a.append(x)
        b.append(y)
      }
    }
    var random = Random(3)
    for _ in 0..<100_000 {
      a.append(Int32(bitPattern: random.next()))
      b.append(Int32(bitPattern: random.next()) >> Int32(random.below(31)))
    }
    return (a, b)
  }()

  @Test(arguments: integerCases, levels)
  func integers(_ row: IntegerCase, _ level: Int32) throws {
    let (a, b) = Self.pairs
    let operands = [a, b].map { $0.map { UInt32(bitPattern: $0) } }
    let count = String(cString: bp_op_types(Int32(row.op.rawValue))).count - 1
    let y = try apply(row.op, Array(operands.prefix(count)), level: level)
    let wrong = a.indices.first { y[$0] != UInt32(bitPattern: row.exact(a[$0], b[$0])) }
    if let i = wrong { Issue.record("\(row) of \(a[i]), \(b[i]) is \(Int32(bitPattern: y[i]))") }
  }

  @Test(arguments: levels)
  func floatsToIntegers(_ level: Int32) throws {
    let x = ElementwiseTests.samples
    let y = try apply(BP_OP_F2I, [x.map(\.bitPattern)], level: level)
    for (v, bits) in zip(x, y) {
      let exact: Int32 =
        v.isNaN ? 0 : v >= 2_147_483_648 ? .max : v <= -2_147_483_648 ? .min : Int32(v)
      #expect(Int32(bitPattern: bits) == exact)
    }
  }

  @Test(arguments: levels)
  func rounding(_ level: Int32) throws {
    let x = ElementwiseTests.samples
    let bits = x.map(\.bitPattern)
    let bfloats = try apply(BP_OP_ROUND_BF16, [bits], level: level)
    let halves = try apply(BP_OP_ROUND_F16, [bits], level: level)
    for i in x.indices {
      #expect(same(bfloats[i], nearestBFloat(x[i])))
      #expect(same(halves[i], Float(nearestHalf(x[i])).bitPattern), "\(x[i])")
    }
  }
}

/// The nearest bfloat16, as a float's bits, found by comparing both neighbours.
func nearestBFloat(_ x: Float) -> UInt32 {
  if x.isNaN || x.isInfinite { return x.bitPattern & 0xffff_0000 | (x.isNaN ? 0x40_0000 : 0) }
  let low = x.bitPattern & 0xffff_0000
  let high = low &+ 0x1_0000
  let rest = x.bitPattern & 0xffff
  if rest != 0x8000 { return rest < 0x8000 ? low : high }
  return low & 0x1_0000 == 0 ? low : high
}

/// The nearest float16's value, by scaling to its spacing and rounding to even.
func nearestHalf(_ x: Float) -> Double {
  let v = Double(x)
  if !v.isFinite || v == 0 { return v }
  let exponent = max(v.exponent, -14)
  let spacing = Double(sign: .plus, exponent: exponent - 10, significand: 1)
  let rounded = (v / spacing).rounded(.toNearestOrEven) * spacing
  return abs(rounded) > 65504 ? (v < 0 ? -.infinity : .infinity) : rounded
}
