// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CZlib

/// Files compressed by gzip (RFC 1952), by the system's zlib.
///
/// Several members one after the other are one text, as gzip(1) has it. The check sum and the
/// length of each member are verified. Zero bytes after the last member are padding; anything
/// else there is an error.
public enum Gzip {
  /// Whether the bytes start as a gzip file does.
  public static func isGzip(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// Expands a whole file; `file` names it in errors.
  ///
  /// Memory grows with what was really expanded, never by a length the file claims, and stops
  /// at `limit` bytes.
  public static func expand(
    _ bytes: [UInt8], file: String, limit: Int = FileContents.defaultLimit
  ) throws(FormatError) -> [UInt8] {
    let stream = try Inflater(file: file)
    // The last four bytes claim the length; believed only as far as usual ratios go.
    var claim = 0
    if bytes.count >= 18 {
      for byte in bytes.suffix(4).reversed() { claim = claim << 8 | Int(byte) }
    }
    var capacity = max(256, min(claim + 1, 8 * bytes.count, limit + 1))
    var output: [UInt8] = []
    var consumed = 0
    while true {
      var failure: FormatError?
      let filled = output
      output = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        filled.withUnsafeBufferPointer { old in
          UnsafeMutableRawBufferPointer(buffer).copyBytes(from: UnsafeRawBufferPointer(old))
        }
        count = filled.count
        bytes.withUnsafeBytes { input in
          do throws(FormatError) {
            while count < capacity && !stream.isFinished {
              let step = try stream.expand(
                UnsafeRawBufferPointer(rebasing: input[consumed...]),
                into: UnsafeMutableRawBufferPointer(
                  UnsafeMutableBufferPointer(rebasing: buffer[count...])), isLast: true)
              consumed += step.consumed
              count += step.produced
            }
          } catch {
            failure = error
          }
        }
      }
      if let failure { throw failure }
      guard output.count <= limit else { throw Gzip.overLimit(file, consumed, limit) }
      if stream.isFinished { return output }
      capacity = min(2 * capacity, limit + 1)
    }
  }

  /// Compresses bytes into one gzip member with no name and no time, so the same bytes give the
  /// same file.
  public static func compress(_ bytes: [UInt8], level: Int = 6) -> [UInt8] {
    precondition((0...9).contains(level), "a gzip level is 0 to 9")
    var stream = z_stream()
    let started = deflateInit2_(
      &stream, Int32(level), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(started == Z_OK, "zlib has no memory")
    defer { deflateEnd(&stream) }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    bytes.withUnsafeBufferPointer { input in
      var offset = 0
      var state = Z_OK
      while state != Z_STREAM_END {
        if stream.avail_in == 0 && offset < input.count {
          let part = min(input.count - offset, 1 << 30)
          stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + offset)
          stream.avail_in = UInt32(part)
          offset += part
        }
        let produced = chunk.withUnsafeMutableBufferPointer { buffer in
          stream.next_out = buffer.baseAddress
          stream.avail_out = UInt32(buffer.count)
          state = deflate(&stream, offset == input.count ? Z_FINISH : Z_NO_FLUSH)
          return buffer.count - Int(stream.avail_out)
        }
        output.append(contentsOf: chunk[..<produced])
      }
    }
    return output
  }

  static func overLimit(_ file: String, _ position: Int, _ limit: Int) -> FormatError {
    FormatError(
      file: file, position: .byte(position),
      what: "the gzip data expand to more than the limit of \(limit) bytes",
      remedy: "raise the limit if the file is trusted")
  }
}

/// Expands a gzip file piece by piece, so that neither side has to fit into memory.
public final class GzipReader {
  private let source: OpenFile
  private let stream: Inflater
  private let limit: Int
  private var input = [UInt8](repeating: 0, count: 1 << 17)
  private var pending = 0..<0
  private var atEnd = false
  private var total = 0

  /// Opens a gzip file; no more than `limit` bytes will come out of it.
  public init(_ path: String, limit: Int = FileContents.defaultLimit) throws(FormatError) {
    source = try OpenFile(path)
    stream = try Inflater(file: path)
    self.limit = limit
  }

  /// Fills `target` as far as data last; 0 at the end.
  public func read(into target: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
    var done = 0
    while done < target.count && !stream.isFinished {
      var failure: FormatError?
      input.withUnsafeMutableBytes { buffer in
        do throws(FormatError) {
          if pending.isEmpty && !atEnd {
            pending = 0..<(try source.next(into: buffer))
            atEnd = pending.isEmpty
          }
          let step = try stream.expand(
            UnsafeRawBufferPointer(rebasing: buffer[pending]),
            into: UnsafeMutableRawBufferPointer(rebasing: target[done...]), isLast: atEnd)
          pending = (pending.lowerBound + step.consumed)..<pending.upperBound
          done += step.produced
          total += step.produced
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
      guard total <= limit else { throw Gzip.overLimit(source.path, stream.position, limit) }
    }
    return done
  }
}
