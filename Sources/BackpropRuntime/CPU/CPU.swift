// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import CBackprop
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The CPU as a device: the SIMD level its kernels run at, its threads and its arena.
///
/// `@unchecked Sendable`: arena and scratch are used by one evaluation at a time, under the evaluation
/// lock, and of the scratch each thread touches its own; the rest never changes.
package final class CPU: @unchecked Sendable {
  package let level: Int32
  package let pool: ThreadPool
  /// Whether convolutions keep to their definition, one chain of multiply-adds for each element;
  /// else those of 3x3 with many channels are transformed first, which takes fewer operations and
  /// rounds otherwise.
  package let isExact: Bool
  @exclusivity(unchecked) private var arena: UnsafeMutableRawPointer?
  @exclusivity(unchecked) private var arenaSize = 0
  @exclusivity(unchecked) private var shared: UnsafeMutableRawPointer?
  @exclusivity(unchecked) private var sharedSize = 0
  /// Each thread's scratch memory, touched by that thread alone.
  private let scratch: UnsafeMutableBufferPointer<Scratch>

  private struct Scratch {
    var block: UnsafeMutableRawPointer?
    var byteCount = 0
  }

  package init(level: Int32, threadCount: Int, isExact: Bool = false) {
    self.level = level
    HostBuffer.adviceForLargeBlocks.withLock { $0 = { bp_use_large_pages($0, $1) } }
    self.isExact = isExact
    pool = ThreadPool(threadCount: threadCount)
    scratch = .allocate(capacity: pool.threadCount)
    scratch.initialize(repeating: Scratch())
  }

  deinit {
    pool.stop()
    arena?.deallocate()
    shared?.deallocate()
    for own in scratch { own.block?.deallocate() }
    scratch.deallocate()
  }

  /// The device that evaluations run on. Guarded by the evaluation lock after the first use.
  private static let selected = Mutex<CPU?>(nil)

  package static var current: CPU {
    selected.withLock { selected in
      if let selected { return selected }
      let cpu = CPU(
        level: environmentLevel(), threadCount: environmentThreads(),
        isExact: environmentIsExact())
      selected = cpu
      return cpu
    }
  }

  /// Chooses level, threads and how to convolve from here on; nil keeps what is.
  package static func select(
    level: Int32? = nil, threadCount: Int? = nil, isExact: Bool? = nil
  ) {
    let now = current
    let wanted = (
      level ?? now.level, threadCount ?? now.pool.threadCount, isExact ?? now.isExact
    )
    if wanted == (now.level, now.pool.threadCount, now.isExact) { return }
    let next = CPU(level: wanted.0, threadCount: wanted.1, isExact: wanted.2)
    Evaluator.forgetPrograms()
    selected.withLock { $0 = next }
  }

  /// The level that `BACKPROP_SIMD` forces (portable, neon, avx2, avx512), or the best.
  private static func environmentLevel() -> Int32 {
    let best = bp_level_best()
    guard let text = getenv("BACKPROP_SIMD").map({ String(cString: $0) }) else { return best }
    let names = ["portable": BP_PORTABLE, "neon": BP_NEON, "avx2": BP_AVX2, "avx512": BP_AVX512]
    guard let wanted = names[text] else { return best }
    let level = Int32(wanted.rawValue)
    return bp_level_available(level) != 0 ? level : best
  }

  /// Whether `BACKPROP_CONVOLUTION` is `exact`.
  private static func environmentIsExact() -> Bool {
    getenv("BACKPROP_CONVOLUTION").map { String(cString: $0) } == "exact"
  }

  private static func environmentThreads() -> Int {
    if let text = getenv("BACKPROP_THREADS"), let count = Int(String(cString: text)), count > 0 {
      return count
    }
    return processorCount()
  }

  /// Processors that this process may run on.
  package static func processorCount() -> Int { Int(bp_processor_count()) }

  /// Memory of at least so many bytes for the values inside a plan.
  func arena(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if let arena, arenaSize >= byteCount { return arena }
    arena?.deallocate()
    let size = max(byteCount, 4096)
    let isLarge = size >= HostBuffer.largeBlock
    let fresh = UnsafeMutableRawPointer.allocate(
      byteCount: size, alignment: isLarge ? HostBuffer.largePage : 4096)
    if isLarge { bp_use_large_pages(fresh, size) }
    (arena, arenaSize) = (fresh, size)
    return fresh
  }

  /// Memory that the tasks of one kernel share while it runs.
  func workspace(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if let shared, sharedSize >= byteCount { return shared }
    shared?.deallocate()
    let size = max(byteCount, 4096)
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
    (shared, sharedSize) = (fresh, size)
    return fresh
  }

  /// Scratch memory of a thread. Only that thread may ask.
  func scratch(_ thread: Int, _ byteCount: Int) -> UnsafeMutableRawPointer {
    let own = scratch[thread]
    if let block = own.block, own.byteCount >= byteCount { return block }
    own.block?.deallocate()
    let size = max(byteCount, 4096)
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    scratch[thread] = Scratch(block: fresh, byteCount: size)
    return fresh
  }
}
