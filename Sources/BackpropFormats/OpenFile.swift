// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file opened for reading at any offset. Reads do not move a position, so threads may share it.
package final class OpenFile: Sendable {
  /// The path as it was given.
  package let path: String
  /// The size when it was opened; 0 for a pipe.
  package let size: Int
  /// Whether this is a plain file, so that `size` means something and offsets work.
  package let isRegular: Bool
  private let descriptor: Int32

  package init(_ path: String) throws(FormatError) {
    var descriptor: Int32
    repeat { descriptor = open(path, O_RDONLY | O_CLOEXEC) } while descriptor < 0 && errno == EINTR
    guard descriptor >= 0 else { throw OpenFile.failure(path, errno, "cannot be opened") }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw OpenFile.failure(path, code, "cannot be examined")
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      close(descriptor)
      throw FormatError(file: path, what: "this is a folder", remedy: "name a file in it")
    }
    self.path = path
    self.descriptor = descriptor
    isRegular = status.st_mode & S_IFMT == S_IFREG
    size = isRegular ? Int(status.st_size) : 0
  }

  deinit { close(descriptor) }

  /// Fills `target` from `offset`; fewer bytes than asked for is an error.
  package func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(FormatError)
  {
    var done = 0
    while done < target.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw OpenFile.failure(path, errno, "cannot be read") }
      guard count > 0 else {
        throw FormatError(
          file: path, position: .byte(offset + done),
          what: "the file ends here, \(target.count - done) bytes early",
          remedy: "it was cut short; fetch or write it again")
      }
      done += count
    }
  }

  /// The bytes of `range`; the caller has checked that it lies within `size`.
  package func bytes(_ range: Range<Int>) throws(FormatError) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= size, "range outside the file")
    var failure: FormatError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      do throws(FormatError) {
        try read(
          at: range.lowerBound,
          into: UnsafeMutableRawBufferPointer(
            UnsafeMutableBufferPointer(rebasing: buffer[..<range.count])))
        count = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Reads on from where the last call stopped (one caller at a time); 0 at the end.
  package func next(into target: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
    while true {
      #if canImport(Darwin)
        let count = Darwin.read(descriptor, target.baseAddress, target.count)
      #elseif canImport(Musl)
        let count = Musl.read(descriptor, target.baseAddress, target.count)
      #else
        let count = Glibc.read(descriptor, target.baseAddress, target.count)
      #endif
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw OpenFile.failure(path, errno, "cannot be read") }
      return count
    }
  }

  /// An error made of a system error number.
  package static func failure(_ path: String, _ code: Int32, _ what: String) -> FormatError {
    switch code {
    case ENOENT:
      FormatError(file: path, what: "there is no such file", remedy: "check the path")
    case EACCES, EPERM:
      FormatError(
        file: path, what: "\(what): permission is denied", remedy: "check who may use the file")
    default:
      FormatError(file: path, what: "\(what): \(String(cString: strerror(code)))")
    }
  }
}
