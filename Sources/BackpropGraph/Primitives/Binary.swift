// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A function of each pair of elements of two tensors of one shape and type, one of which may be a
/// single number instead.
///
/// Operators on tensors bring the operands to one type (``DType/promoted(_:_:)``) and one shape
/// (the NumPy rule) first.
package enum Binary: UInt8, CaseIterable, Hashable, Sendable {
  case add, subtract, multiply, divide, power, maximum, minimum, remainder

  package struct Card {
    package let formula: String
    package let pullback: (_ a: Tensor, _ b: Tensor, _ y: Tensor, _ g: Tensor) -> [Tensor?]
  }

  package var card: Card {
    switch self {
    case .add: Card(formula: "a + b") { _, _, _, g in [g, g] }
    case .subtract: Card(formula: "a − b") { _, _, _, g in [g, -g] }
    case .multiply: Card(formula: "a b") { a, b, _, g in [g * b, g * a] }
    case .divide:
      Card(formula: "a / b; for int32 rounded down, x / 0 = 0") { _, b, y, g in
        let scaled = g / b
        return [scaled, -(scaled * y)]
      }
    // d/db is taken as 0 where a ≤ 0 and y = 0, so that 0^b has a finite gradient.
    case .power:
      Card(formula: "aᵇ") { a, b, y, g in
        let zero = Tensor.literal(0, like: y)
        let one = Tensor.literal(1, like: y)
        let slope = select(b .== zero, zero, b * BackpropGraph.power(a, b - one))
        let logarithm = select(a .> zero, a, one).log()
        return [g * slope, g * (y * logarithm)]
      }
    // Ties share the cotangent by halves.
    case .maximum: Card(formula: "the larger; NaN wins") { a, b, _, g in share(a .> b, a .== b, g) }
    case .minimum:
      Card(formula: "the smaller; NaN wins") { a, b, _, g in share(a .< b, a .== b, g) }
    case .remainder:
      Card(formula: "a − b ⌊a/b⌋, the sign of b") { a, b, _, g in
        [g, -(g * (a / b).floor())]
      }
    }
  }

  private func share(_ first: Tensor, _ tie: Tensor, _ g: Tensor) -> [Tensor?] {
    let zero = Tensor.literal(0, like: g)
    let mine = select(first, g, select(tie, g * 0.5, zero))
    return [mine, g - mine]
  }
}

extension Pullback {
  /// By the card; a single number gathers the cotangents of all places where it was used.
  static func ofBinary(_ function: Binary, _ x: [Tensor], _ y: Tensor, _ g: Tensor) -> [Tensor?] {
    let parts = function.card.pullback(x[0], x[1], y, g)
    if x[0].rank == y.rank && x[1].rank == y.rank { return parts }
    return zip(x, parts).map { operand, part in
      operand.rank == y.rank ? part : part?.reduced(.sum, AxisSet(0..<y.rank))
    }
  }
}

extension Tensor {
  package static func binary(_ function: Binary, _ a: Tensor, _ b: Tensor) -> Tensor {
    guard let (x, y) = meet(a, b) else {
      return mismatch("\(function)", a, b, DType.promoted(a.dtype, b.dtype))
    }
    return Tensor(Node(.binary(function), x.shape, x.dtype, x.node, y.node))
  }

  /// A tensor and a number. The number stays a single one (the planner repeats it), so that the
  /// most common of all operations costs two nodes.
  static func binary(_ function: Binary, _ a: Tensor, number: Float) -> Tensor {
    let b = scalar(number, meeting: a)
    guard a.dtype == b.dtype else { return binary(function, a, b) }
    return Tensor(Node(.binary(function), a.shape, a.dtype, a.node, b.node))
  }

  /// A number and a tensor.
  static func binary(_ function: Binary, number: Float, _ b: Tensor) -> Tensor {
    let a = scalar(number, meeting: b)
    guard a.dtype == b.dtype else { return binary(function, a, b) }
    return Tensor(Node(.binary(function), b.shape, b.dtype, a.node, b.node))
  }

  /// Both operands in one type and one shape, or nil if their shapes can't meet.
  static func meet(_ a: Tensor, _ b: Tensor) -> (Tensor, Tensor)? {
    var (x, y) = (a, b)
    let dtype = DType.promoted(x.dtype, y.dtype)
    // Sums and products of truth values and bytes are counted in int32.
    let common = dtype == .bool || dtype == .uint8 ? .int32 : dtype
    if x.dtype != common { x = x.cast(to: common) }
    if y.dtype != common { y = y.cast(to: common) }
    if x.shape == y.shape { return (x, y) }
    guard let shape = Shape.broadcast(x.shape, y.shape) else { return nil }
    return (x.broadcast(to: shape), y.broadcast(to: shape))
  }

  static func mismatch(_ operation: String, _ a: Tensor, _ b: Tensor, _ dtype: DType) -> Tensor {
    let error = ShapeError(
      operation: operation, operands: [a.shape, b.shape],
      rule: "axes are matched from the last; each pair must be equal or one of them 1",
      hint: "reshape or broadcast one operand so that the axes line up")
    return Tensor(Node(failure: a.failure ?? b.failure ?? error, shape: a.shape, dtype: dtype))
  }

  /// A number as a tensor that meets `other`: it takes its type, unless `other` holds integers
  /// and the number is none.
  package static func scalar(_ value: Float, meeting other: Tensor) -> Tensor {
    if other.dtype.isFloatingPoint { return constant(value, other.dtype) }
    let isInteger = value == value.rounded() && Swift.abs(value) <= 16_777_216
    return constant(value, isInteger ? .int32 : .float32)
  }

  /// a + b, element by element.
  public static func + (a: Tensor, b: Tensor) -> Tensor { binary(.add, a, b) }
  /// a − b, element by element.
  public static func - (a: Tensor, b: Tensor) -> Tensor { binary(.subtract, a, b) }
  /// a b, element by element.
  public static func * (a: Tensor, b: Tensor) -> Tensor { binary(.multiply, a, b) }
  /// a / b, element by element; int32 is rounded down and x / 0 is 0.
  public static func / (a: Tensor, b: Tensor) -> Tensor { binary(.divide, a, b) }
  /// The remainder with the sign of b.
  public static func % (a: Tensor, b: Tensor) -> Tensor { binary(.remainder, a, b) }
  /// a + b for each element of a.
  public static func + (a: Tensor, b: Float) -> Tensor { binary(.add, a, number: b) }
  /// a + b for each element of b.
  public static func + (a: Float, b: Tensor) -> Tensor { binary(.add, number: a, b) }
  /// a − b for each element of a.
  public static func - (a: Tensor, b: Float) -> Tensor { binary(.subtract, a, number: b) }
  /// a − b for each element of b.
  public static func - (a: Float, b: Tensor) -> Tensor { binary(.subtract, number: a, b) }
  /// a b for each element of a.
  public static func * (a: Tensor, b: Float) -> Tensor { binary(.multiply, a, number: b) }
  /// a b for each element of b.
  public static func * (a: Float, b: Tensor) -> Tensor { binary(.multiply, number: a, b) }
  /// a / b for each element of a.
  public static func / (a: Tensor, b: Float) -> Tensor { binary(.divide, a, number: b) }
  /// a / b for each element of b.
  public static func / (a: Float, b: Tensor) -> Tensor { binary(.divide, number: a, b) }
  /// The remainder with the sign of b, for each element of a.
  public static func % (a: Tensor, b: Float) -> Tensor { binary(.remainder, a, number: b) }
}

/// aᵇ, element by element; integers become float32.
public func power(_ a: Tensor, _ b: Tensor) -> Tensor {
  let isWhole = !a.dtype.isFloatingPoint && !b.dtype.isFloatingPoint
  return Tensor.binary(.power, isWhole ? a.cast(to: .float32) : a, b)
}

/// aᵇ for each element of a.
public func power(_ a: Tensor, _ b: Float) -> Tensor { power(a, Tensor.scalar(b, meeting: a)) }

/// The larger of each pair; ties share the gradient; NaN wins.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.binary(.maximum, a, b) }

/// The larger of each element and b.
public func maximum(_ a: Tensor, _ b: Float) -> Tensor { maximum(a, Tensor.scalar(b, meeting: a)) }

/// The smaller of each pair; ties share the gradient; NaN wins.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.binary(.minimum, a, b) }

/// The smaller of each element and b.
public func minimum(_ a: Tensor, _ b: Float) -> Tensor { minimum(a, Tensor.scalar(b, meeting: a)) }
