// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Threads that share the tasks of one kernel at a time. The caller works too.
///
/// Which thread does which task is left to chance; kernels cut their work so that the results do
/// not depend on it. Workers look out for the next kernel for a short while before they sleep: the
/// kernels of a training step follow each other within microseconds, and waking a thread costs
/// tens of them. The caller waits for tasks that somebody has taken, never for a worker that took
/// none: on a busy machine that one may not run for milliseconds.
///
/// `@unchecked Sendable`: `body` is written before `ticket` announces a kernel, and read by a thread
/// that has taken one of its tasks, without which the kernel cannot end.
package final class ThreadPool: @unchecked Sendable {
  /// Threads that take part, the caller included.
  package let threadCount: Int
  /// The number of the kernel at hand in the upper half, its next task in the lower.
  private let ticket = Atomic<UInt64>(0)
  private let taskCount = Atomic<Int>(0)
  private let done = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let isStopping = Atomic<Bool>(false)
  private let monitor = Monitor()
  @exclusivity(unchecked) private var body: ((_ task: Int, _ thread: Int) -> Void)?

  /// A number of a task that no kernel has.
  private static let noTask: UInt64 = 0xFFFF_FFFF
  /// How often a worker looks before it sleeps.
  private static let patience = 20_000

  package init(threadCount: Int) {
    self.threadCount = max(1, threadCount)
    for index in 1..<max(2, self.threadCount) where self.threadCount > 1 {
      start(index)
    }
  }

  /// Calls `body(task, thread)` for each task, each once, on any of the threads.
  package func run(tasks: Int, _ body: (_ task: Int, _ thread: Int) -> Void) {
    if threadCount == 1 || tasks <= 1 {
      for task in 0..<tasks { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      // A worker may still be looking for tasks of the kernel before. It must not take the new count
      // for that kernel's: from here on there is nothing to take until the new one is announced.
      let kernel = ticket.load(ordering: .relaxed) >> 32
      ticket.store(kernel << 32 | ThreadPool.noTask, ordering: .sequentiallyConsistent)
      self.body = body
      done.store(0, ordering: .relaxed)
      taskCount.store(tasks, ordering: .releasing)
      let next = (kernel &+ 1) & ThreadPool.noTask
      ticket.store(next << 32, ordering: .sequentiallyConsistent)
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 { monitor.wakeAll() }
      work(next, 0)
      // A worker that lost its core to another process gets this one.
      var looks = 0
      while done.load(ordering: .acquiring) < tasks {
        looks += 1
        if looks < 2_000 { bp_pause() } else { sched_yield() }
      }
      self.body = nil
    }
  }

  /// Takes tasks of a kernel until there are none left, or until another kernel is at hand.
  private func work(_ kernel: UInt64, _ thread: Int) {
    while true {
      let seen = ticket.load(ordering: .acquiring)
      let task = Int(seen & 0xFFFF_FFFF)
      guard seen >> 32 == kernel, task < taskCount.load(ordering: .acquiring) else { return }
      let taken = ticket.compareExchange(
        expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
      guard taken.exchanged else { continue }
      perform(task, thread)
      done.add(1, ordering: .acquiringAndReleasing)
    }
  }

  /// Apart, so that nothing holds the body any more when the task counts as done.
  @inline(never)
  private func perform(_ task: Int, _ thread: Int) { body?(task, thread) }

  private func loop(_ thread: Int) {
    _ = bp_subnormals_flush()
    var last: UInt64 = 0
    while true {
      var looks = 0
      while ticket.load(ordering: .acquiring) >> 32 == last {
        looks += 1
        if looks < ThreadPool.patience {
          bp_pause()
        } else {
          sleepers.add(1, ordering: .sequentiallyConsistent)
          monitor.wait { self.ticket.load(ordering: .sequentiallyConsistent) >> 32 == last }
          sleepers.subtract(1, ordering: .sequentiallyConsistent)
        }
      }
      if isStopping.load(ordering: .acquiring) { return }
      last = ticket.load(ordering: .acquiring) >> 32
      work(last, thread)
    }
  }

  /// Ends the workers. Nothing may be running.
  package func stop() {
    isStopping.store(true, ordering: .releasing)
    taskCount.store(0, ordering: .releasing)
    ticket.store(
      (ticket.load(ordering: .relaxed) >> 32 &+ 1) << 32, ordering: .sequentiallyConsistent)
    monitor.wakeAll()
  }

  private final class Entry {
    let pool: ThreadPool
    let index: Int
    init(_ pool: ThreadPool, _ index: Int) {
      self.pool = pool
      self.index = index
    }
  }

  private func start(_ index: Int) {
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let entry = Unmanaged.passRetained(Entry(self, index))
    let status = pthread_create(
      &thread, nil,
      { argument in
        #if canImport(Darwin)
          let raw = argument
        #else
          guard let raw = argument else { return nil }
        #endif
        let entry = Unmanaged<Entry>.fromOpaque(raw).takeRetainedValue()
        entry.pool.loop(entry.index)
        return nil
      }, entry.toOpaque())
    precondition(status == 0, "the system refuses to start a thread (error \(status))")
    #if canImport(Darwin)
      if let thread { pthread_detach(thread) }
    #else
      pthread_detach(thread)
    #endif
  }
}

/// A lock to sleep on.
///
/// `@unchecked Sendable`: the system's mutex and condition are made to be used by many threads.
private final class Monitor: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  func wait(while isWaiting: () -> Bool) {
    pthread_mutex_lock(mutex)
    while isWaiting() { pthread_cond_wait(condition, mutex) }
    pthread_mutex_unlock(mutex)
  }

  func wakeAll() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }
}
