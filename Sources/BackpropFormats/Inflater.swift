// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CZlib

/// zlib's inflate over the members of one gzip file. The caller brings input and output.
final class Inflater {
  /// Bytes of input used so far.
  private(set) var position = 0
  /// Whether the last member has ended and nothing but padding follows.
  private(set) var isFinished = false
  private let file: String
  // On the heap because zlib remembers the address.
  private let stream: UnsafeMutablePointer<z_stream>
  private var betweenMembers = false
  private var inPadding = false

  init(file: String) throws(FormatError) {
    self.file = file
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let state = inflateInit2_(
      stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard state == Z_OK else {
      throw FormatError(file: file, what: "zlib could not start (code \(state))")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Uses some of `input`, fills some of `output`. `isLast`: no input follows this one.
  func expand(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, isLast: Bool
  ) throws(FormatError) -> (consumed: Int, produced: Int) {
    var input = input
    var skipped = 0
    if betweenMembers {
      while let byte = input.first, byte == 0 {
        inPadding = true
        skipped += 1
        input = UnsafeRawBufferPointer(rebasing: input.dropFirst())
      }
      position += skipped
      guard let byte = input.first else {
        isFinished = isLast
        return (skipped, 0)
      }
      guard byte == 0x1f && !inPadding else {
        throw error("bytes that are not gzip follow the end of the data")
      }
      inflateReset(stream)
      betweenMembers = false
    }
    let available = min(input.count, 1 << 30)
    let space = min(output.count, 1 << 30)
    // An empty buffer has no address, and zlib refuses a null one.
    var none: UInt8 = 0
    let state = withUnsafeMutablePointer(to: &none) { nothing in
      stream.pointee.next_in =
        input.baseAddress.map {
          UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self))
        } ?? nothing
      stream.pointee.avail_in = UInt32(available)
      stream.pointee.next_out =
        output.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? nothing
      stream.pointee.avail_out = UInt32(space)
      return inflate(stream, Z_NO_FLUSH)
    }
    let consumed = available - Int(stream.pointee.avail_in)
    let produced = space - Int(stream.pointee.avail_out)
    position += consumed
    switch state {
    case Z_STREAM_END:
      betweenMembers = true
    case Z_OK, Z_BUF_ERROR:
      if isLast && consumed == input.count && produced < space {
        throw error("the gzip data end early")
      }
    case Z_DATA_ERROR, Z_NEED_DICT:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "wrong data"
      throw error("the gzip data are corrupt (\(reason))")
    default:
      throw error("zlib failed (code \(state))")
    }
    return (skipped + consumed, produced)
  }

  private func error(_ what: String) -> FormatError {
    FormatError(
      file: file, position: .byte(position), what: what, remedy: "fetch the file again")
  }
}
