// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropRuntime
import Testing

@Suite("The thread pool")
struct ThreadPoolTests {
  /// Kernels follow each other at once, with few tasks and many in turn: a worker that is late for
  /// one must not take a task of the next before it has begun, nor take one twice.
  @Test(arguments: [2, 3, 5]) func everyTaskIsDoneOnceBeforeTheCallerGoesOn(threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    defer { pool.stop() }
    let most = 9
    let counts = UnsafeMutablePointer<Int>.allocate(capacity: most)
    defer { counts.deallocate() }
    var wrong = 0
    for round in 0..<300_000 {
      let tasks = 2 + (round &* 7) % (most - 1)
      counts.initialize(repeating: 0, count: most)
      pool.run(tasks: tasks) { task, _ in counts[task] += 1 }
      for task in 0..<most where counts[task] != (task < tasks ? 1 : 0) { wrong += 1 }
    }
    #expect(wrong == 0, "\(wrong) tasks were not done exactly once")
  }
}
