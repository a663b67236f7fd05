// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the program asks of the system.
enum System {
  /// The most memory that was resident at one time, in MiB.
  static var peakMemory: Int {
    if let peak = peakOfProgram { return peak }
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss / 1_048_576
    #elseif canImport(Glibc)
      getrusage(RUSAGE_SELF.rawValue, &usage)
      return usage.ru_maxrss / 1024
    #else
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss / 1024
    #endif
  }

  /// On Linux `getrusage` counts what the starting process held before this program was loaded; its
  /// own page of the system does not.
  private static var peakOfProgram: Int? {
    #if os(Linux)
      guard let page = fopen("/proc/self/status", "r") else { return nil }
      defer { fclose(page) }
      var line = [CChar](repeating: 0, count: 256)
      while fgets(&line, Int32(line.count), page) != nil {
        let words = String(
          decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self
        )
        .split(whereSeparator: \.isWhitespace)
        if words.first == "VmHWM:", words.count > 1 { return Int(words[1]).map { $0 / 1024 } }
      }
      return nil
    #else
      return nil
    #endif
  }

  /// The path of this program.
  static var executable: String {
    #if os(Linux)
      "/proc/self/exe"
    #else
      CommandLine.arguments[0]
    #endif
  }

  /// The number of threads for the runtime, which reads it when it first computes.
  static func setThreads(_ count: Int?) throws {
    guard let count else { return }
    guard count > 0, count <= 1024 else {
      throw Failure.usage("--threads is \(count); choose a number from 1 to 1024.")
    }
    setenv("BACKPROP_THREADS", String(count), 1)
  }

  private static let interrupts = Atomic<Int>(0)

  /// From now on an interrupt (Ctrl-C) or a request to end is noted; a second one ends at once.
  static func catchInterrupts() {
    // Made before a signal can come: a handler must not be the first to touch it.
    interrupts.store(0, ordering: .relaxed)
    let handler: @convention(c) (Int32) -> Void = { number in
      if System.interrupts.add(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
    }
    signal(SIGINT, handler)
    signal(SIGTERM, handler)
    // A program that starts others from a thread may have left them blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Whether an interrupt came.
  static var isInterrupted: Bool { interrupts.load(ordering: .relaxed) > 0 }

  /// Whether a file or folder exists.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Removes a file, if it is there.
  static func remove(_ path: String) { unlink(path) }

  /// Gives a file another name.
  static func rename(_ path: String, to other: String) throws {
    #if canImport(Glibc)
      let status = Glibc.rename(path, other)
    #elseif canImport(Musl)
      let status = Musl.rename(path, other)
    #else
      let status = Darwin.rename(path, other)
    #endif
    guard status == 0 else {
      throw Failure.failed("\(other): the file cannot be put in place; check the permissions.")
    }
  }

  /// The names in a folder, sorted; empty where there is none.
  static func names(in folder: String) -> [String] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
          String(cString: $0)
        }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// Runs a program found by PATH and waits; its exit status, or nil where it can't be started.
  static func run(_ arguments: [String]) -> Int32? {
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    var process = pid_t()
    guard posix_spawnp(&process, arguments[0], nil, nil, pointers, environ) == 0 else { return nil }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { return nil }
    }
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }
}
