// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import Foundation

extension Unary {
  /// The function of a real number.
  func meaning(_ x: Double) -> Double {
    switch self {
    case .negate: -x
    case .absolute: abs(x)
    case .sign: x > 0 ? 1 : x < 0 ? -1 : x
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .round: x.rounded(.toNearestOrEven)
    case .squareRoot: x.squareRoot()
    case .reciprocalSquareRoot: 1 / x.squareRoot()
    case .reciprocal: 1 / x
    case .exp: Foundation.exp(x)
    case .expm1: Foundation.expm1(x)
    case .log: Foundation.log(x)
    case .log1p: Foundation.log1p(x)
    case .sin: Foundation.sin(x)
    case .cos: Foundation.cos(x)
    case .tanh: Foundation.tanh(x)
    case .erf: Foundation.erf(x)
    case .sigmoid: 1 / (1 + Foundation.exp(-x))
    case .relu: x > 0 || x.isNaN ? x : 0
    }
  }

  /// The function of an int32, before it wraps around. Functions with fractions make floats of
  /// their operands first and never get here.
  func integerMeaning(_ x: Double) -> Double {
    switch self {
    case .negate, .absolute, .sign: meaning(x)
    case .relu, .floor, .ceil, .round, .squareRoot, .reciprocalSquareRoot, .reciprocal, .exp,
      .expm1, .log,
      .log1p, .sin, .cos, .tanh, .erf, .sigmoid:
      preconditionFailure("\(self) of integers")
    }
  }
}

extension Binary {
  /// The function of two real numbers.
  func meaning(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .power: pow(a, b)
    case .maximum: a > b || a.isNaN ? a : b
    case .minimum: a < b || a.isNaN ? a : b
    case .remainder: Binary.remainder(a, b)
    }
  }

  /// a − b ⌊a/b⌋: `fmod`, which has the sign of a, brought to the sign of b.
  private static func remainder(_ a: Double, _ b: Double) -> Double {
    let rest = fmod(a, b)
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
  }

  /// The function of two int32, wrapped around. Quotients are rounded down; x / 0 and x % 0 are 0.
  func integerMeaning(_ a: Double, _ b: Double) -> Double {
    let (x, y) = (Int64(a), Int64(b))
    let result: Int64 =
      switch self {
      case .add: x + y
      case .subtract: x - y
      case .multiply: x * y
      case .divide: y == 0 ? 0 : Binary.quotient(x, y)
      case .power: preconditionFailure("powers of integers are taken in float32")
      case .maximum: Swift.max(x, y)
      case .minimum: Swift.min(x, y)
      case .remainder: y == 0 ? 0 : x - y * Binary.quotient(x, y)
      }
    return Double(Int32(truncatingIfNeeded: result))
  }

  private static func quotient(_ x: Int64, _ y: Int64) -> Int64 {
    let (quotient, rest) = x.quotientAndRemainder(dividingBy: y)
    return rest != 0 && (rest < 0) != (y < 0) ? quotient - 1 : quotient
  }
}

extension Comparison {
  /// Whether the comparison holds; with NaN none does.
  func meaning(_ a: Double, _ b: Double) -> Bool {
    switch self {
    case .equal: a == b
    case .less: a < b
    case .lessOrEqual: a <= b
    }
  }
}

/// Values that are made from nothing.
enum Leaf {
  /// The number whose float32 or int32 bits a node carries.
  static func constant(_ argument: UInt64, _ dtype: DType) -> Double {
    let bits = UInt32(truncatingIfNeeded: argument)
    return dtype.isFloatingPoint ? Double(Float(bitPattern: bits)) : Double(Int32(bitPattern: bits))
  }

  /// The position along an axis.
  static func iota(_ shape: Shape, along axis: Int) -> [Double] {
    let inner = shape.strides[axis]
    return shape.indices.map { Double($0 / inner % shape[axis]) }
  }

  /// Random numbers at the positions 0 ..< count.
  static func random(_ kind: Random, count: Int, key: UInt64) -> [Double] {
    (0..<count).map { position in
      switch kind {
      case .bits: Double(Int32(bitPattern: Philox.word(position, key)))
      case .uniform: Philox.uniform(Philox.word(position, key))
      case .normal:
        Philox.normal(
          Philox.word(position, key), Philox.word(position, key ^ 0xFFFF_FFFF_0000_0000))
      }
    }
  }
}
