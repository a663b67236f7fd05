// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTraining
import CBackprop

/// An array far larger than the caches that all threads together read, each a part of it and all at
/// once: what no kernel that uses what it reads can better.
struct ReadLoop {
  private let cpu: CPU
  private let part: Int
  private let array: HostBuffer
  private let sums: HostBuffer

  /// - Parameter bytes: how much is read at once. On a machine that is virtual a larger array is
  ///   slower to read, as its pages are harder to find.
  init(_ cpu: CPU, bytes: Int = 256 << 20) {
    self.cpu = cpu
    let threads = cpu.pool.threadCount
    part = max(1, bytes / threads / 256) * 256
    array = HostBuffer(byteCount: threads * part)
    array.pointer.initializeMemory(as: UInt8.self, repeating: 1, count: threads * part)
    sums = HostBuffer(byteCount: threads * MemoryLayout<UInt64>.stride)
  }

  /// Bytes per second of reading the array once.
  func pass() -> Double {
    let threads = cpu.pool.threadCount
    let results = sums.pointer.bindMemory(to: UInt64.self, capacity: threads)
    let watch = Stopwatch()
    cpu.pool.run(tasks: threads) { task, _ in
      results[task] = bp_read(array.pointer + task * part, part)
    }
    return Double(threads * part) / watch.seconds
  }

  /// The best of so many seconds.
  func best(seconds: Double) -> Double {
    let whole = Stopwatch()
    var best = pass()
    while whole.seconds < seconds { best = max(best, pass()) }
    return best
  }
}
