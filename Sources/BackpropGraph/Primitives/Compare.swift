// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A comparison of each pair of elements; the result is bool. Derivatives are zero.
package enum Comparison: UInt8, CaseIterable, Hashable, Sendable {
  case equal, less, lessOrEqual
}

infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence
infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence
infix operator .& : LogicalConjunctionPrecedence
infix operator .| : LogicalDisjunctionPrecedence

extension Tensor {
  private static func compare(_ comparison: Comparison, _ a: Tensor, _ b: Tensor) -> Tensor {
    guard let (x, y) = meet(a, b) else {
      return mismatch("\(comparison)", a, b, .bool)
    }
    return Tensor(Node(.compare(comparison), x.shape, .bool, x.node, y.node))
  }

  /// Whether each pair is equal; NaN equals nothing.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { compare(.equal, a, b) }
  /// Whether each pair differs.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { !(a .== b) }
  /// Whether a is less, for each pair.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { compare(.less, a, b) }
  /// Whether a is less or equal, for each pair.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { compare(.lessOrEqual, a, b) }
  /// Whether a is greater, for each pair.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { compare(.less, b, a) }
  /// Whether a is greater or equal, for each pair.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { compare(.lessOrEqual, b, a) }
  /// Whether each element equals b.
  public static func .== (a: Tensor, b: Float) -> Tensor { a .== scalar(b, meeting: a) }
  /// Whether each element differs from b.
  public static func .!= (a: Tensor, b: Float) -> Tensor { !(a .== b) }
  /// Whether each element is less than b.
  public static func .< (a: Tensor, b: Float) -> Tensor { a .< scalar(b, meeting: a) }
  /// Whether each element is at most b.
  public static func .<= (a: Tensor, b: Float) -> Tensor { a .<= scalar(b, meeting: a) }
  /// Whether each element is greater than b.
  public static func .> (a: Tensor, b: Float) -> Tensor { a .> scalar(b, meeting: a) }
  /// Whether each element is at least b.
  public static func .>= (a: Tensor, b: Float) -> Tensor { a .>= scalar(b, meeting: a) }

  /// Logical not of each element (zero is false).
  public static prefix func ! (a: Tensor) -> Tensor {
    let truth = a.cast(to: .bool)
    return truth .== Tensor.literal(0, truth.shape, .bool)
  }
  /// Logical and of each pair.
  public static func .& (a: Tensor, b: Tensor) -> Tensor {
    minimum(a.cast(to: .bool).cast(to: .int32), b.cast(to: .bool).cast(to: .int32)).cast(to: .bool)
  }
  /// Logical or of each pair.
  public static func .| (a: Tensor, b: Tensor) -> Tensor {
    maximum(a.cast(to: .bool).cast(to: .int32), b.cast(to: .bool).cast(to: .int32)).cast(to: .bool)
  }
}
