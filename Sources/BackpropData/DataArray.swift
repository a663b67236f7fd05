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
  /// The number behind the end of an example, where examples are rows of different lengths that
  /// are filled up to one; nil: all are full.
  public let padding: Int32?
  private let start: Int
  // Where each example begins; nil: one behind the other, the first at `start`.
  private let starts: [Int]?

  /// Makes an array; there must be as many numbers as the shape says.
  ///
  /// - Parameter padding: the number that fills up rows [N, T] of integers behind their ends; nil:
  ///   all rows are full.
  public init(shape: [Int], storage: Storage, padding: Int32? = nil) {
    let count =
      switch storage {
      case .float(let values): values.count
      case .int(let values): values.count
      case .bytes(let values): values.count
      }
    precondition(
      !shape.isEmpty && shape.reduce(1, *) == count, "shape \(shape) does not have \(count) numbers"
    )
    if padding != nil, case .int = storage, shape.count == 2 {
      self.padding = padding
    } else {
      precondition(padding == nil, "only rows of integers are filled up")
      self.padding = nil
    }
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
    padding = nil
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
    padding = nil
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
      DataArray(shape: shape, storage: .int(gather(values, size, indices)), padding: padding)
    case .bytes(let values):
      DataArray(shape: shape, storage: .bytes(gather(values, size, indices)))
    }
  }

  /// How many numbers of an example come before its padding.
  public func length(of index: Int) -> Int {
    precondition(index >= 0 && index < count, "no example \(index)")
    guard let padding, case .int(let numbers) = storage else { return exampleSize }
    var end = (index + 1) * exampleSize
    let begin = index * exampleSize
    while end > begin, numbers[end - 1] == padding { end -= 1 }
    return end - begin
  }

  /// How many numbers of each example a batch takes: as many as its longest one has, rounded up to
  /// a multiple of 8, so that there are few different shapes.
  public func batchLength(of indices: some Collection<Int>) -> Int {
    guard padding != nil else { return exampleSize }
    let longest = indices.reduce(1) { max($0, length(of: $1)) }
    return min(exampleSize, (longest + 7) / 8 * 8)
  }

  /// Copies the examples at `indices`, in that order, into memory that has just their size.
  ///
  /// - Parameters:
  ///   - shift: how many numbers further on each begins; see ``Examples/shifts``.
  ///   - length: how many numbers of each; nil: all.
  public func copyExamples(
    at indices: some Collection<Int>, shift: Int = 0, length: Int? = nil,
    into target: UnsafeMutableRawBufferPointer
  ) {
    let size = (length ?? exampleSize) * elementSize
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
