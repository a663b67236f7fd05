// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A Swift type that a tensor's elements can be read as.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// The element type that has this layout in memory.
  static var dtype: DType { get }
}

extension Float: TensorElement {
  /// float32
  public static var dtype: DType { .float32 }
}
extension Int32: TensorElement {
  /// int32
  public static var dtype: DType { .int32 }
}
extension UInt8: TensorElement {
  /// uint8
  public static var dtype: DType { .uint8 }
}
extension Bool: TensorElement {
  /// bool
  public static var dtype: DType { .bool }
}

/// Computes tensors together, in one plan, and keeps their values.
///
/// Outside a gradient this cuts their history, so that memory does not grow with the number of
/// steps. Whatever else is pending, depends on the same nodes and is still held by somebody is
/// computed in the same run.
///
/// - Throws: the first ``ShapeError`` that a tensor carries, or a ``RuntimeError``.
public func evaluate(_ tensors: [Tensor]) throws { try Evaluator.evaluate(tensors.map(\.node)) }

/// Computes tensors together; see ``evaluate(_:)-([Tensor])``.
public func evaluate(_ tensors: Tensor...) throws { try evaluate(tensors) }

extension Tensor {
  /// The elements in row-major order, converted to `Element`.
  ///
  /// - Throws: the ``ShapeError`` that this tensor carries, or a ``RuntimeError``.
  public func array<Element: TensorElement>(of type: Element.Type = Float.self) throws -> [Element]
  {
    let converted = cast(to: Element.dtype)
    try BackpropRuntime.evaluate([converted])
    return try converted.hostBuffer().withElements(count: count, Array.init)
  }

  /// The only element, as a float.
  ///
  /// - Throws: a ``RuntimeError`` if there are more or fewer; else as ``array(of:)``.
  public func scalar() throws -> Float {
    guard count == 1 else {
      throw RuntimeError(
        what: "scalar() of a tensor of shape \(shape)",
        remedy: "reduce it to one element first, or read it with array(of:)")
    }
    return try array(of: Float.self)[0]
  }

  package func hostBuffer() throws -> HostBuffer { try node.hostBuffer() }
}

extension HostBuffer {
  /// Reads the buffer as `count` elements.
  package func withElements<Element: BitwiseCopyable, Result>(
    count: Int, _ body: (UnsafeBufferPointer<Element>) throws -> Result
  ) rethrows -> Result {
    precondition(count * MemoryLayout<Element>.stride <= byteCount)
    return try body(
      UnsafeBufferPointer(start: pointer.assumingMemoryBound(to: Element.self), count: count))
  }
}

/// Something that went wrong while computing.
public struct RuntimeError: Error, Sendable, CustomStringConvertible {
  /// What happened, with which values and where.
  public let what: String
  /// What to do about it.
  public let remedy: String

  /// A description of what went wrong.
  public init(what: String, remedy: String) {
    self.what = what
    self.remedy = remedy
  }

  /// One sentence: what happened, then what to do.
  public var description: String { remedy.isEmpty ? "\(what)." : "\(what): \(remedy)." }
}
