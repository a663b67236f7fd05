// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The result's error in units of its last place.
func ulps(_ result: Float, _ exact: Double) -> Double {
  if exact.isNaN || result.isNaN { return exact.isNaN && result.isNaN ? 0 : .infinity }
  let rounded = Float(exact)
  if rounded.isInfinite || result.isInfinite {
    // The step beyond the greatest number counts as one.
    if rounded == result { return 0 }
    let top = rounded.isInfinite ? result : rounded
    return abs(top) == .greatestFiniteMagnitude ? 1 : .infinity
  }
  let spacing = Double(max(rounded.ulp, .leastNonzeroMagnitude))
  return abs(Double(result) - exact) / spacing
}

func apply(_ op: bp_op, _ operands: [[UInt32]], level: Int32) throws -> [UInt32] {
  let n = operands[0].count
  let types = Array(String(cString: bp_op_types(Int32(op.rawValue))))
  func dtype(_ c: Character) -> bp_dtype { c == "i" ? BP_I32 : BP_F32 }
  var pass = Pass(BP_FLAT, [n])
  var slots: [Slot] = []
  var registers = [0, 0, 0]
  for (k, words) in operands.enumerated() {
    let slot = Slot(bytes: 4 * n)
    slot.words = words
    slots.append(slot)
    registers[k] = pass.input(k, dtype(types[k + 1]))
  }
  let out = pass.op(op, registers[0], registers[1], registers[2])
  pass.output(out, slots.count, dtype(types[0]))
  slots.append(Slot(bytes: 4 * n))
  try pass.run(slots, level: level)
  return slots.last!.words
}

func same(_ a: UInt32, _ b: UInt32) -> Bool {
  a == b || (Float(bitPattern: a).isNaN && Float(bitPattern: b).isNaN)
}

let specials: [Float] = [
  0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 1.5, 2.5, -2.5, 3, -3, .leastNonzeroMagnitude,
  -.leastNonzeroMagnitude, 1e-38, -1e-38, .leastNormalMagnitude, .greatestFiniteMagnitude,
  -.greatestFiniteMagnitude, .infinity, -.infinity, .nan, 88.7, 88.73, 89, -87.4, -103.9, -104,
  -150, 1e9, -1e9, 2_147_483_520, 2_147_483_648, -2_147_483_648, 16_777_215, 16_777_216,
  0.99999994, 1.0000001, 65504, 65519, 65520, 6e-8, 3e-8, 2.9e-8, 6.1e-5, 6.09e-5, 0.625,
  0.62499994, 0.92, 3.95, 10, 100, -100, 0.785398, 1.5707964, 3.1415927, 100000, 12345.678,
  7.5e-8, -0.99999994, 1e-20, -1e-20,
]

struct UnaryCase: Sendable, CustomStringConvertible {
  let op: bp_op
  let bound: Double
  let range: ClosedRange<Float>
  let exact: @Sendable (Double) -> Double
  var description: String { String(cString: bp_op_name(Int32(op.rawValue))) }
}

private let everything: ClosedRange<Float> = -.infinity ... .infinity

let unaryCases: [UnaryCase] = [
  .init(op: BP_OP_NEG, bound: 0, range: everything) { -$0 },
  .init(op: BP_OP_ABS, bound: 0, range: everything) { abs($0) },
  .init(op: BP_OP_SIGN, bound: 0, range: everything) { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
  .init(op: BP_OP_FLOOR, bound: 0, range: everything) { floor($0) },
  .init(op: BP_OP_CEIL, bound: 0, range: everything) { ceil($0) },
  .init(op: BP_OP_ROUND, bound: 0, range: everything) { $0.rounded(.toNearestOrEven) },
  .init(op: BP_OP_TRUNC, bound: 0, range: everything) { trunc($0) },
  .init(op: BP_OP_SQRT, bound: 0.5, range: everything) { $0.squareRoot() },
  .init(op: BP_OP_RSQRT, bound: 1.5, range: everything) { 1 / $0.squareRoot() },
  .init(op: BP_OP_RECIPROCAL, bound: 0.5, range: everything) { 1 / $0 },
  .init(op: BP_OP_SQUARE, bound: 0.5, range: everything) { $0 * $0 },
  .init(op: BP_OP_RELU, bound: 0, range: everything) { $0.isNaN ? $0 : max($0, 0) },
  .init(op: BP_OP_EXP, bound: 1.01, range: everything) { exp($0) },
  .init(op: BP_OP_EXPM1, bound: 1.2, range: everything) { expm1($0) },
  .init(op: BP_OP_LOG, bound: 1, range: everything) { log($0) },
  .init(op: BP_OP_LOG1P, bound: 1, range: everything) { log1p($0) },
  .init(op: BP_OP_SIN, bound: 1, range: -0x1p40...0x1p40) { sin($0) },
  .init(op: BP_OP_COS, bound: 1, range: -0x1p40...0x1p40) { cos($0) },
  .init(op: BP_OP_TANH, bound: 1.5, range: everything) { tanh($0) },
  .init(op: BP_OP_ERF, bound: 1.2, range: everything) { erf($0) },
  .init(op: BP_OP_SIGMOID, bound: 2.2, range: everything) {
    $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0))
  },
  .init(op: BP_OP_NOT, bound: 0, range: everything) { $0 == 0 ? 1 : 0 },
  .init(op: BP_OP_IS_NAN, bound: 0, range: everything) { $0.isNaN ? 1 : 0 },
  .init(op: BP_OP_F2BOOL, bound: 0, range: everything) { $0 != 0 ? 1 : 0 },
]

struct BinaryCase: Sendable, CustomStringConvertible {
  let op: bp_op
  let bound: Double
  let exact: @Sendable (Double, Double) -> Double
  var description: String { String(cString: bp_op_name(Int32(op.rawValue))) }
}

private func floorMod(_ x: Double, _ y: Double) -> Double {
  let r = fmod(x, y)
  return r != 0 && (r < 0) != (y < 0) ? r + y : r
}

let binaryCases: [BinaryCase] = [
  .init(op: BP_OP_ADD, bound: 0.5) { $0 + $1 },
  .init(op: BP_OP_SUB, bound: 0.5) { $0 - $1 },
  .init(op: BP_OP_MUL, bound: 0.5) { $0 * $1 },
  .init(op: BP_OP_DIV, bound: 0.5) { $0 / $1 },
  .init(op: BP_OP_POW, bound: 0.6) { pow($0, $1) },
  .init(op: BP_OP_MOD, bound: 0.5) { floorMod($0, $1) },
  .init(op: BP_OP_MAX, bound: 0) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) },
  .init(op: BP_OP_MIN, bound: 0) { $0.isNaN || $1.isNaN ? .nan : min($0, $1) },
  .init(op: BP_OP_EQ, bound: 0) { $0 == $1 ? 1 : 0 },
  .init(op: BP_OP_NE, bound: 0) { $0 != $1 ? 1 : 0 },
  .init(op: BP_OP_LT, bound: 0) { $0 < $1 ? 1 : 0 },
  .init(op: BP_OP_LE, bound: 0) { $0 <= $1 ? 1 : 0 },
  .init(op: BP_OP_RELU_GRAD, bound: 0) { $0 > 0 ? $1 : 0 },
]

@Suite struct ElementwiseTests {
  /// Specials, floats of every exponent, and a fine grid around zero.
  static let samples: [Float] = {
    var random = Random(1)
    var values = specials
    for _ in 0..<300_000 { values.append(Float(bitPattern: random.next())) }
    for _ in 0..<100_000 { values.append(random.float() * 60) }
    for _ in 0..<100_000 { values.append(random.float()) }
    return values
  }()

  @Test(arguments: unaryCases, levels)
  func unary(_ row: UnaryCase, _ level: Int32) throws {
    let x = Self.samples.filter { row.range.contains($0) || $0.isNaN }
    let y = try apply(row.op, [x.map(\.bitPattern)], level: level).map { Float(bitPattern: $0) }
    var worst = (0.0, Float(0), Float(0))
    for (v, result) in zip(x, y) {
      let error = ulps(result, row.exact(Double(v)))
      if error > worst.0 { worst = (error, v, result) }
      let exactZero = row.exact(Double(v))
      if exactZero == 0, result == 0, row.bound > 0, exactZero.sign != result.sign {
        worst = (.infinity, v, result)
      }
    }
    #expect(worst.0 <= row.bound, "\(row) of \(worst.1) is \(worst.2): \(worst.0) ulp")
    if level == levels.last { print("ulp \(row) \(worst.0) at \(worst.1)") }
  }

  static let pairs: ([Float], [Float]) = {
    var random = Random(2)
    var a: [Float] = []
    var b: [Float] = []
    for x in specials {
      for y in specials {
        a.append(x)
        b.append(y)
      }
    }
    for _ in 0..<200_000 {
      a.append(Float(bitPattern: random.next()))
      b.append(Float(bitPattern: random.next()))
      a.append(random.unit() * 100)
      b.append(random.float() * 10)
      a.append(Float(bitPattern: random.next()))
      b.append(random.float() * 4)
    }
    return (a, b)
  }()

  @Test(arguments: binaryCases, levels)
  func binary(_ row: BinaryCase, _ level: Int32) throws {
    let (a, b) = Self.pairs
    let y = try apply(row.op, [a.map(\.bitPattern), b.map(\.bitPattern)], level: level)
    var worst = (0.0, Float(0), Float(0), Float(0))
    for i in a.indices {
      let result = Float(bitPattern: y[i])
      let error = ulps(result, row.exact(Double(a[i]), Double(b[i])))
      if error > worst.0 { worst = (error, a[i], b[i], result) }
    }
    #expect(worst.0 <= row.bound, "\(row) of \(worst.1), \(worst.2) is \(worst.3): \(worst.0) ulp")
    if level == levels.last { print("ulp \(row) \(worst.0)") }
  }

  @Test(arguments: levels)
  func ternary(_ level: Int32) throws {
    let (a, b) = Self.pairs
    let c = a.indices.map { a[($0 &* 7) % a.count] }
    let bits = [a, b, c].map { $0.map(\.bitPattern) }
    let fused = try apply(BP_OP_FMA, bits, level: level)
    let chosen = try apply(BP_OP_SELECT, bits, level: level)
    let chosenInts = try apply(BP_OP_SELECT_I, bits, level: level)
    for i in a.indices {
      #expect(same(fused[i], fmaf(a[i], b[i], c[i]).bitPattern))
      #expect(chosen[i] == (a[i] != 0 ? bits[1][i] : bits[2][i]))
      #expect(chosenInts[i] == chosen[i])
    }
  }

  @Test func levelsAgree() throws {
    let (a, b) = Self.pairs
    for op in 0..<Int32(BP_OP_MOVE.rawValue) {
      let types = String(cString: bp_op_types(op))
      let operands = [a, b, Array(b.reversed())].prefix(types.count - 1).map {
        $0.map(\.bitPattern)
      }
      let results = try levels.map { try apply(bp_op(UInt32(op)), operands, level: $0) }
      for (level, result) in zip(levels, results).dropFirst() {
        let differing = result.indices.first {
          types.first == "i" ? result[$0] != results[0][$0] : !same(result[$0], results[0][$0])
        }
        if let i = differing {
          Issue.record(
            "\(String(cString: bp_op_name(op))) differs at level \(level) for \(a[i]), \(b[i])")
        }
      }
    }
  }

  @Test func namesRoundTrip() {
    for op in 0..<Int32(BP_OP_COUNT.rawValue) {
      #expect(bp_op_by_name(bp_op_name(op)) == op)
      #expect(bp_op_types(op) != nil)
    }
    #expect(bp_op_by_name("no such") == -1)
    #expect(bp_op_name(-1) == nil)
  }
}
