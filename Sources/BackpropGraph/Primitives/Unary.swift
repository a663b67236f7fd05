// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A function applied to each element; the result has the operand's shape and type.
package enum Unary: UInt8, CaseIterable, Hashable, Sendable {
  case negate, absolute, sign, floor, ceil, round, squareRoot, reciprocalSquareRoot, reciprocal
  case exp, expm1, log, log1p, sin, cos, tanh, erf, sigmoid, relu

  /// What the word says about itself: its formula, and the cotangent of x, given y and its
  /// cotangent g. nil: the derivative is zero everywhere it exists.
  package struct Card {
    package let formula: String
    package let pullback: (_ x: Tensor, _ y: Tensor, _ g: Tensor) -> Tensor?
  }

  package var card: Card {
    switch self {
    case .negate: Card(formula: "−x") { _, _, g in -g }
    // The slope at 0 is 0.
    case .absolute: Card(formula: "|x|") { x, _, g in g * x.sign() }
    case .sign: Card(formula: "−1, 0 or 1; NaN stays") { _, _, _ in nil }
    case .floor: Card(formula: "⌊x⌋") { _, _, _ in nil }
    case .ceil: Card(formula: "⌈x⌉") { _, _, _ in nil }
    case .round: Card(formula: "nearest integer, halves to even") { _, _, _ in nil }
    case .squareRoot: Card(formula: "√x") { _, y, g in g * (0.5 / y) }
    case .reciprocalSquareRoot: Card(formula: "1/√x") { _, y, g in g * (y * y * y * -0.5) }
    case .reciprocal: Card(formula: "1/x") { _, y, g in -(g * (y * y)) }
    case .exp: Card(formula: "eˣ") { _, y, g in g * y }
    case .expm1: Card(formula: "eˣ − 1") { _, y, g in g * (y + 1) }
    case .log: Card(formula: "ln x") { x, _, g in g / x }
    case .log1p: Card(formula: "ln(1 + x)") { x, _, g in g / (x + 1) }
    case .sin: Card(formula: "sin x") { x, _, g in g * x.cos() }
    case .cos: Card(formula: "cos x") { x, _, g in -(g * x.sin()) }
    case .tanh: Card(formula: "tanh x") { _, y, g in g * (1 - y * y) }
    // 2/√π to 17 digits.
    case .erf:
      Card(formula: "2/√π ∫₀ˣ e^(−t²) dt") { x, _, g in
        g * ((-(x * x)).exp() * 1.1283791670955126)
      }
    case .sigmoid: Card(formula: "1/(1 + e⁻ˣ)") { _, y, g in g * (y * (1 - y)) }
    // The slope at 0 is 0. Written with y, so that x need not be kept.
    case .relu:
      Card(formula: "max(x, 0)") { _, y, g in
        select(y .> Tensor.literal(0, like: y), g, Tensor.literal(0, like: g))
      }
    }
  }
}

extension Tensor {
  package func unary(_ function: Unary) -> Tensor {
    if function == .relu && !dtype.isFloatingPoint { return maximum(self, 0) }
    switch function {
    case .negate, .absolute, .sign, .relu:
      let operand = dtype == .bool || dtype == .uint8 ? cast(to: .int32) : self
      return Tensor(Node(.unary(function), operand.shape, operand.dtype, operand.node))
    case .floor, .ceil, .round, .squareRoot, .reciprocalSquareRoot, .reciprocal, .exp, .expm1,
      .log, .log1p, .sin, .cos, .tanh, .erf, .sigmoid:
      // Integers become float32 first.
      let operand = dtype.isFloatingPoint ? self : cast(to: .float32)
      return Tensor(Node(.unary(function), operand.shape, operand.dtype, operand.node))
    }
  }

  /// −x, for each element.
  public static prefix func - (x: Tensor) -> Tensor { x.unary(.negate) }
  /// |x|; the slope at 0 is 0.
  public func absolute() -> Tensor { unary(.absolute) }
  /// −1, 0 or 1; NaN stays NaN. The derivative is zero.
  public func sign() -> Tensor { unary(.sign) }
  /// The largest integer that is not above x. The derivative is zero.
  public func floor() -> Tensor { unary(.floor) }
  /// The smallest integer that is not below x. The derivative is zero.
  public func ceil() -> Tensor { unary(.ceil) }
  /// The nearest integer, halves to even. The derivative is zero.
  public func round() -> Tensor { unary(.round) }
  /// √x; NaN below 0.
  public func squareRoot() -> Tensor { unary(.squareRoot) }
  /// 1/√x.
  public func reciprocalSquareRoot() -> Tensor { unary(.reciprocalSquareRoot) }
  /// 1/x.
  public func reciprocal() -> Tensor { unary(.reciprocal) }
  /// eˣ, within 1 ulp.
  public func exp() -> Tensor { unary(.exp) }
  /// eˣ − 1, accurate near 0.
  public func expm1() -> Tensor { unary(.expm1) }
  /// The natural logarithm, within 1 ulp; −∞ at 0, NaN below.
  public func log() -> Tensor { unary(.log) }
  /// ln(1 + x), accurate near 0.
  public func log1p() -> Tensor { unary(.log1p) }
  /// sin x, x in radians.
  public func sin() -> Tensor { unary(.sin) }
  /// cos x, x in radians.
  public func cos() -> Tensor { unary(.cos) }
  /// tanh x.
  public func tanh() -> Tensor { unary(.tanh) }
  /// The error function 2/√π ∫₀ˣ e^(−t²) dt.
  public func erf() -> Tensor { unary(.erf) }
  /// The logistic function 1/(1 + e⁻ˣ).
  public func sigmoid() -> Tensor { unary(.sigmoid) }
  /// max(x, 0); the slope at 0 is 0.
  public func relu() -> Tensor { unary(.relu) }
  /// x².
  public func square() -> Tensor { self * self }
}
