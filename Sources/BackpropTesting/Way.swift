// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropRuntime
import Foundation

/// A way to compute: a SIMD level of the CPU kernels and a number of threads. What a processor has
/// no level for is computed at the next lower one.
package struct Way: Sendable, Hashable {
  package let level: Int32
  package let threads: Int

  package init(level: Int32, threads: Int) {
    self.level = level
    self.threads = threads
  }

  /// Every level with every one of some numbers of threads.
  package static func all(threads: [Int]) -> [Way] {
    [0, 1, 2, 3].flatMap { level in threads.map { Way(level: level, threads: $0) } }
  }

  /// Its name in test reports.
  package var name: String {
    ["portable", "NEON", "AVX2", "AVX-512"][Int(level)] + ", \(threads) threads"
  }

  // How evaluations run is chosen for the whole process, so those who choose take turns.
  private static let turn = NSLock()

  /// Runs `body` while evaluations go this way, and goes back to the usual way. Must not be nested.
  package func use<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Way.turn.withLock {
      let (level, threads) = (CPU.current.level, CPU.current.pool.threadCount)
      CPU.select(level: self.level, threadCount: self.threads)
      defer { CPU.select(level: level, threadCount: threads) }
      return try body()
    }
  }
}
