// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropData
public import BackpropGraph

/// Some examples as tensors.
public struct Batch: Sendable {
  /// features: [B, …], float32, or uint8 for images.
  public let features: Tensor
  /// codes: [B, columns] int32, the categories of a table; nil where there are none.
  public let codes: Tensor?
  /// targets: [B] int32 for classes or float32 for numbers; nil where they are not known.
  public let targets: Tensor?
  /// The number of examples, B.
  public let count: Int

  /// Puts the tensors together.
  public init(features: Tensor, codes: Tensor? = nil, targets: Tensor? = nil, count: Int) {
    self.features = features
    self.codes = codes
    self.targets = targets
    self.count = count
  }
}

/// Examples in memory from which batches are gathered.
///
/// A batch costs one copy of its examples. Its memory comes from the blocks that earlier batches
/// gave back, so that no step asks the system for any.
package struct BatchSource: Sendable {
  private let examples: Examples

  package init(_ examples: Examples) { self.examples = examples }

  /// The examples at `indices`, in that order.
  package func batch(_ indices: ArraySlice<Int>) -> Batch {
    Batch(
      features: BatchSource.gather(examples.features, indices),
      codes: examples.codes.map { BatchSource.gather($0, indices) },
      targets: examples.targets.map { BatchSource.gather($0, indices) }, count: indices.count)
  }

  private static func gather(_ array: DataArray, _ indices: ArraySlice<Int>) -> Tensor {
    let byteCount = indices.count * array.exampleSize * array.elementSize
    let buffer = HostBuffer(byteCount: byteCount)
    array.copyExamples(
      at: indices,
      into: UnsafeMutableRawBufferPointer(start: buffer.pointer, count: byteCount))
    let dtype: DType =
      switch array.storage {
      case .float: .float32
      case .int: .int32
      case .bytes: .uint8
      }
    return Tensor(
      buffer: buffer, shape: Shape([indices.count] + array.exampleShape), dtype: dtype)
  }
}
