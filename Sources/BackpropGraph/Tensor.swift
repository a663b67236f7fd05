// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A value in a computation: numbers of one type in a shape, computed when somebody needs them.
///
/// A tensor is a handle to a node of a graph. Shape and type are known at once; operations only
/// write the graph down. Reading a value (`scalar()`, `array(of:)`, `print`, `save`), or an
/// explicit `evaluate`, plans and runs what is pending. An operation that cannot be done yields a
/// tensor that carries the ``ShapeError``, which the first point that computes throws.
public struct Tensor: Sendable {
  package let node: Node

  @inline(__always)
  package init(_ node: Node) { self.node = node }

  /// The sizes of the axes.
  public var shape: Shape { node.shape }
  /// The type of the elements.
  public var dtype: DType { node.dtype }
  /// The number of axes.
  public var rank: Int { node.shape.rank }
  /// The number of elements.
  public var count: Int { node.shape.count }
  /// Why this tensor can't be computed, if so.
  public var failure: ShapeError? { node.failure }

  /// A tensor that carries a failure.
  package static func failed(
    _ operation: String, _ operands: [Tensor], _ rule: String, hint: String = "",
    shape: Shape, dtype: DType
  ) -> Tensor {
    let earlier = operands.lazy.compactMap(\.failure).first
    let error =
      earlier
      ?? ShapeError(
        operation: operation, operands: operands.map(\.shape), rule: rule, hint: hint)
    return Tensor(Node(failure: error, shape: shape, dtype: dtype))
  }
}

// Leaves.
extension Tensor {
  /// One number, which may change without a new plan.
  package static func constant(_ value: Float, _ dtype: DType) -> Tensor {
    let bits: UInt32 =
      switch dtype {
      case .float32: value.bitPattern
      case .bfloat16: value.roundedToBFloat16.bitPattern
      case .float16: Float(Float16(value)).bitPattern
      case .int32, .uint8, .bool:
        UInt32(bitPattern: Int32(exactly: value.rounded(.towardZero)) ?? 0)
      }
    return Tensor(Node(.constant, .scalar, dtype, argument: UInt64(bits)))
  }

  /// −1, 0 or 1 in a shape, known to the planner.
  package static func literal(_ value: Int8, _ shape: Shape, _ dtype: DType) -> Tensor {
    let number = Tensor(Node(.literal(value), .scalar, dtype))
    return shape.rank == 0 ? number : number.broadcast(to: shape)
  }

  /// −1, 0 or 1 in the shape and type of another tensor.
  package static func literal(_ value: Int8, like other: Tensor) -> Tensor {
    literal(value, other.shape, other.dtype)
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    literal(0, shape, dtype)
  }

  /// A tensor of ones.
  public static func ones(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    literal(1, shape, dtype)
  }

  /// A tensor filled with one number.
  public static func full(_ shape: Shape, _ value: Float, dtype: DType = .float32) -> Tensor {
    constant(value, dtype).broadcast(to: shape)
  }

  /// A scalar tensor.
  public init(_ value: Float) { self = Tensor.constant(value, .float32) }

  /// The integers 0 ..< count as int32 [count].
  public static func range(_ count: Int) -> Tensor { iota([count], along: 0) }

  /// The int32 position along an axis, in a shape.
  public static func iota(_ shape: Shape, along axis: Int) -> Tensor {
    Tensor(Node(.iota(UInt8(axis < 0 ? axis + shape.rank : axis)), shape, .int32))
  }

  /// The n-by-n identity matrix, or the m-by-n matrix with ones on its diagonal.
  public static func eye(_ rows: Int, _ columns: Int? = nil, dtype: DType = .float32) -> Tensor {
    let shape: Shape = [rows, columns ?? rows]
    return (iota(shape, along: 0) .== iota(shape, along: 1)).cast(to: dtype)
  }

  /// Numbers in row-major order.
  ///
  /// - Parameter shape: defaults to one axis. If its count differs from the number of elements,
  ///   the tensor carries a ``ShapeError``.
  public init(_ elements: [Float], shape: Shape? = nil) {
    self.init(host: elements, .float32, shape)
  }
  /// Integers in row-major order.
  @_disfavoredOverload
  public init(_ elements: [Int32], shape: Shape? = nil) { self.init(host: elements, .int32, shape) }
  /// Bytes in row-major order.
  @_disfavoredOverload
  public init(_ elements: [UInt8], shape: Shape? = nil) { self.init(host: elements, .uint8, shape) }
  /// Truth values in row-major order.
  public init(_ elements: [Bool], shape: Shape? = nil) {
    self.init(host: elements.map { $0 ? UInt8(1) : 0 }, .bool, shape)
  }
  /// A matrix from its rows, which must be equally long.
  public init(_ rows: [[Float]]) {
    let columns = rows.first?.count ?? 0
    guard rows.allSatisfy({ $0.count == columns }) else {
      self = .failed(
        "Tensor(rows)", [], "rows have \(rows.map(\.count)) elements; they must be equally long",
        shape: [rows.count, columns], dtype: .float32)
      return
    }
    self.init(rows.flatMap { $0 }, shape: [rows.count, columns])
  }

  private init<Element: BitwiseCopyable>(host elements: [Element], _ dtype: DType, _ shape: Shape?)
  {
    let shape = shape ?? [elements.count]
    guard shape.count == elements.count else {
      self = .failed(
        "Tensor(elements)", [],
        "\(elements.count) elements cannot fill the shape \(shape), which has \(shape.count)",
        shape: shape, dtype: dtype)
      return
    }
    self.init(Node(value: HostBuffer(copying: elements), shape: shape, dtype: dtype))
  }

  /// A tensor over bytes that are already in host memory in row-major order.
  package init(buffer: HostBuffer, shape: Shape, dtype: DType) {
    self.init(Node(value: buffer, shape: shape, dtype: dtype))
  }
}
