// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropData
public import BackpropGraph

/// Some examples as tensors.
public struct Batch: Sendable {
  /// features: [B, …], float32, or uint8 for images, or int32 for tokens. Texts that are filled up
  /// are as long as the longest of the batch, rounded up to a multiple of 8.
  public let features: Tensor
  /// codes: [B, columns] int32, the categories of a table; nil where there are none.
  public let codes: Tensor?
  /// targets: [B] int32 for classes or float32 for numbers, [B, T] int32 for tokens, [B, H · K]
  /// float32 for the next steps of a series; nil where they are not known.
  public let targets: Tensor?
  /// lengths: [B] int32, how many steps of each series count; nil where all do.
  public let lengths: Tensor?
  /// The number of examples, B.
  public let count: Int

  /// Puts the tensors together.
  public init(
    features: Tensor, codes: Tensor? = nil, targets: Tensor? = nil, lengths: Tensor? = nil,
    count: Int
  ) {
    self.lengths = lengths
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
  private let shift: Int
  private let trims: Bool

  /// - Parameters:
  ///   - shift: how far all examples are moved on; see `Examples.shifts`.
  ///   - trims: whether what fills up all examples of a batch is left out.
  package init(_ examples: Examples, shift: Int = 0, trims: Bool = true) {
    self.examples = examples
    self.shift = shift
    self.trims = trims
  }

  /// The examples at `indices`, in that order.
  package func batch(_ indices: ArraySlice<Int>) -> Batch {
    Batch(
      features: gather(examples.features, indices),
      codes: examples.codes.map { gather($0, indices) },
      targets: examples.targets.map { gather($0, indices) },
      lengths: examples.lengths.map { gather($0, indices) }, count: indices.count)
  }

  private func gather(_ array: DataArray, _ indices: ArraySlice<Int>) -> Tensor {
    let isTrimmed = trims && array.padding != nil
    let shape = isTrimmed ? [array.batchLength(of: indices)] : array.exampleShape
    let size = shape.reduce(1, *)
    let byteCount = indices.count * size * array.elementSize
    let buffer = HostBuffer(byteCount: byteCount)
    array.copyExamples(
      at: indices, shift: shift, length: size,
      into: UnsafeMutableRawBufferPointer(start: buffer.pointer, count: byteCount))
    let dtype: DType =
      switch array.storage {
      case .float: .float32
      case .int: .int32
      case .bytes: .uint8
      }
    return Tensor(
      buffer: buffer, shape: Shape([indices.count] + shape), dtype: dtype)
  }
}
