// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Numbers in memory with a shape, before anything is computed with them. The first axis counts
/// the examples.
public struct DataArray: Hashable, Sendable {
  /// The numbers, row-major, in one of three types.
  public enum Storage: Hashable, Sendable {
    /// 32-bit floating-point numbers.
    case float([Float])
    /// 32-bit signed integers.
    case int([Int32])
    /// Bytes, 0 to 255.
    case bytes([UInt8])
  }

  /// The size of each axis; the first is the number of examples.
  public let shape: [Int]
  /// The numbers. Those of windows are the whole text or series, of which each example is a part.
  public let storage: Storage
  private let start: Int
  // Where each example begins; nil: one behind the other, the first at `start`.
  private let starts: [Int]?

  /// Makes an array; there must be as many numbers as the shape says.
  public init(shape: [Int], storage: Storage) {
    let count =
      switch storage {
      case .float(let values): values.count
      case .int(let values): values.count
      case .bytes(let values): values.count
      }
    precondition(
      !shape.isEmpty && shape.reduce(1, *) == count, "shape \(shape) does not have \(count) numbers"
    )
    self.shape = shape
    self.storage = storage
    start = 0
    starts = nil
  }

  /// Windows of equal length, one behind the other from a place on: [count, length].
  init(windowsOf numbers: [Int32], from start: Int, count: Int, length: Int) {
    precondition(start + count * length <= numbers.count, "the windows lie within the numbers")
    shape = [count, length]
    storage = .int(numbers)
    self.start = start
    starts = nil
  }

  /// Windows of equally many steps of a series, that may overlap: [count, length, channels]. The
  /// series is kept once.
  ///
  /// - Parameter steps: the step of the series at which each window begins.
  init(windowsOf series: [Float], channels: Int, at steps: [Int], length: Int) {
    precondition(
      steps.allSatisfy { $0 >= 0 && ($0 + length) * channels <= series.count },
      "the windows lie within the series")
    shape = [steps.count, length, channels]
    storage = .float(series)
    start = 0
    starts = steps.map { $0 * channels }
  }

  /// Whether examples are windows that may overlap: parts of one series.
  var overlaps: Bool { starts != nil }

  /// Where the numbers of an example begin.
  private func begin(_ index: Int, _ size: Int) -> Int { starts?[index] ?? start + index * size }

  /// The number of examples.
  public var count: Int { shape[0] }

  /// The shape of one example.
  public var exampleShape: [Int] { Array(shape.dropFirst()) }

  /// The numbers of one example.
  public var exampleSize: Int { shape.dropFirst().reduce(1, *) }

  /// Bytes of one number.
  public var elementSize: Int {
    switch storage {
    case .float, .int: 4
    case .bytes: 1
    }
  }

  /// The examples at `indices`, in that order.
  public func examples(at indices: some Collection<Int>) -> DataArray {
    let size = exampleSize
    let shape = [indices.count] + exampleShape
    return switch storage {
    case .float(let values):
      DataArray(shape: shape, storage: .float(gather(values, size, indices)))
    case .int(let values):
      DataArray(shape: shape, storage: .int(gather(values, size, indices)))
    case .bytes(let values):
      DataArray(shape: shape, storage: .bytes(gather(values, size, indices)))
    }
  }

  /// Copies the examples at `indices`, in that order, into memory that has just their size.
  ///
  /// - Parameter shift: how many numbers further on each begins; see ``Examples/shifts``.
  public func copyExamples(
    at indices: some Collection<Int>, shift: Int = 0, into target: UnsafeMutableRawBufferPointer
  ) {
    let size = exampleSize * elementSize
    precondition(target.count == indices.count * size, "the target does not fit the examples")
    withUnsafeBytes { whole in
      var offset = 0
      for index in indices {
        precondition(index >= 0 && index < count, "no example \(index)")
        let from = (begin(index, exampleSize) + shift) * elementSize
        UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + size])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: whole[from..<from + size]))
        offset += size
      }
    }
  }

  /// Calls `body` with all numbers as bytes of memory.
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    switch storage {
    case .float(let values): try values.withUnsafeBytes(body)
    case .int(let values): try values.withUnsafeBytes(body)
    case .bytes(let values): try values.withUnsafeBytes(body)
    }
  }

  private func gather<T: BitwiseCopyable>(
    _ values: [T], _ size: Int, _ indices: some Collection<Int>
  ) -> [T] {
    let total = indices.count * size
    return [T](unsafeUninitializedCapacity: total) { target, filled in
      values.withUnsafeBufferPointer { source in
        guard size > 0, let from = source.baseAddress, var to = target.baseAddress else { return }
        for index in indices {
          precondition(index >= 0 && index < count, "no example \(index)")
          to.update(from: from + begin(index, size), count: size)
          to += size
        }
      }
      filled = total
    }
  }
}
