// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Files written so that there is always a whole one: the old or the new.
///
/// The bytes go to a temporary name in the same folder, are synced, and the name is changed; then
/// the folder is synced. Whatever fails, the older file is unharmed, the temporary is removed, and
/// the error says so. A path that is no plain file (a pipe, a terminal) is written directly.
public enum AtomicFile {
  /// The calls that can fail for want of space, replaceable in tests.
  package struct System: Sendable {
    package var write: @Sendable (Int32, UnsafeRawPointer, Int) -> Int
    package var sync: @Sendable (Int32) -> Int32
    package var rename: @Sendable (String, String) -> Int32

    package init(
      write: @escaping @Sendable (Int32, UnsafeRawPointer, Int) -> Int = System.write,
      sync: @escaping @Sendable (Int32) -> Int32 = { fsync($0) },
      rename: @escaping @Sendable (String, String) -> Int32 = System.rename
    ) {
      self.write = write
      self.sync = sync
      self.rename = rename
    }

    package static let write: @Sendable (Int32, UnsafeRawPointer, Int) -> Int = {
      #if canImport(Darwin)
        Darwin.write($0, $1, $2)
      #elseif canImport(Musl)
        Musl.write($0, $1, $2)
      #else
        Glibc.write($0, $1, $2)
      #endif
    }

    package static let rename: @Sendable (String, String) -> Int32 = {
      #if canImport(Darwin)
        Darwin.rename($0, $1)
      #elseif canImport(Musl)
        Musl.rename($0, $1)
      #else
        Glibc.rename($0, $1)
      #endif
    }
  }

  /// Where the bytes go while a file is written.
  public struct Sink: ~Copyable {
    fileprivate let path: String
    fileprivate let descriptor: Int32
    fileprivate let system: System
    /// Bytes written so far.
    public private(set) var count = 0

    fileprivate init(path: String, descriptor: Int32, system: System) {
      self.path = path
      self.descriptor = descriptor
      self.system = system
    }

    /// Writes all of `bytes`.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
      var done = 0
      while done < bytes.count {
        let part = system.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
        if part < 0 && errno == EINTR { continue }
        // A disk that takes nothing at all is full, whatever errno says.
        guard part > 0 else {
          throw AtomicFile.failure(path, part == 0 ? ENOSPC : errno, written: count)
        }
        done += part
        count += part
      }
    }

    /// Writes all of `bytes`.
    public mutating func write(_ bytes: [UInt8]) throws(FormatError) {
      try bytes.withUnsafeBufferPointer { (buffer) throws(FormatError) in
        try write(UnsafeRawBufferPointer(buffer))
      }
    }
  }

  private static let serial = Atomic<Int>(0)

  /// Writes `bytes` to `path`.
  public static func write(_ bytes: [UInt8], to path: String) throws(FormatError) {
    try write(to: path) { (sink) throws(FormatError) in try sink.write(bytes) }
  }

  /// Writes `text` to `path` as UTF-8.
  public static func write(_ text: String, to path: String) throws(FormatError) {
    try write([UInt8](text.utf8), to: path)
  }

  /// Writes to `path` what `body` puts into the sink.
  public static func write(
    to path: String, _ body: (inout Sink) throws(FormatError) -> Void
  ) throws(FormatError) {
    try write(to: path, system: System(), body)
  }

  package static func write(
    to path: String, system: System, _ body: (inout Sink) throws(FormatError) -> Void
  ) throws(FormatError) {
    // A link stays a link: what it points to is replaced.
    let target = resolved(path)
    var status = stat()
    if stat(target, &status) == 0 && status.st_mode & S_IFMT != S_IFREG {
      guard status.st_mode & S_IFMT != S_IFDIR else {
        throw FormatError(file: path, what: "this is a folder", remedy: "name a file in it")
      }
      return try writeDirectly(path, target, system, body)
    }
    let slash = target.lastIndex(of: "/")
    let folder = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    let name = slash.map { String(target[target.index(after: $0)...]) } ?? target
    guard !name.isEmpty else {
      throw FormatError(file: path, what: "this is no file name", remedy: "end it with a name")
    }
    let number = serial.add(1, ordering: .relaxed).newValue
    // Names have at most 255 bytes.
    let temporary = "\(folder)/.\(name.prefix(48)).\(getpid())-\(number).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(path, errno, written: nil) }
    var isOpen = true
    do throws(FormatError) {
      var sink = Sink(path: path, descriptor: descriptor, system: system)
      try body(&sink)
      guard system.sync(descriptor) == 0 else {
        throw failure(path, errno, written: sink.count)
      }
      isOpen = false
      guard close(descriptor) == 0 else { throw failure(path, errno, written: sink.count) }
      guard system.rename(temporary, target) == 0 else {
        throw failure(path, errno, written: sink.count)
      }
    } catch {
      if isOpen { close(descriptor) }
      unlink(temporary)
      throw error
    }
    // The file is in place; a folder that can't be synced (some network disks) is no failure.
    let directory = open(folder, O_RDONLY | O_CLOEXEC)
    if directory >= 0 {
      _ = system.sync(directory)
      close(directory)
    }
  }

  private static func writeDirectly(
    _ path: String, _ target: String, _ system: System,
    _ body: (inout Sink) throws(FormatError) -> Void
  ) throws(FormatError) {
    let descriptor = open(target, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, errno, written: nil) }
    defer { close(descriptor) }
    var sink = Sink(path: path, descriptor: descriptor, system: system)
    try body(&sink)
  }

  private static func resolved(_ path: String) -> String {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK,
      let real = realpath(path, nil)
    else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func failure(_ path: String, _ code: Int32, written: Int?) -> FormatError {
    let older = "an older file of that name is unharmed"
    let remedy: String
    let what: String
    switch code {
    case ENOSPC, EDQUOT:
      what = "the disk is full\(written.map { " after \($0) bytes" } ?? ""); \(older)"
      remedy = "free space or choose another folder"
    case ENOENT, ENOTDIR:
      what = "there is no such folder"
      remedy = "make the folder first"
    case EACCES, EPERM, EROFS:
      what = "writing is not permitted; \(older)"
      remedy = "choose another folder or change its permissions"
    case EFBIG:
      what = "the file is larger than is allowed; \(older)"
      remedy = "raise the limit (ulimit -f) or choose another folder"
    default:
      what = "writing failed: \(String(cString: strerror(code))); \(older)"
      remedy = "choose another folder"
    }
    return FormatError(file: path, what: what, remedy: remedy)
  }
}
