// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Sound as RIFF WAVE files hold it: samples of equal time steps, not compressed (IBM, Microsoft,
/// "Multimedia programming interface and data specifications 1.0", 1991).
///
/// Read are integers of 8, 16, 24 and 32 bits and floats of 32 and 64, of any number of channels,
/// with the plain or the extensible header. Written are integers of 16 bits.
public struct WAV: Hashable, Sendable {
  /// Frames in a second.
  public let sampleRate: Int
  /// The samples of a frame, which belong to one moment.
  public let channels: Int
  /// The samples, frame after frame; integers are divided by half their range, so that they lie in
  /// −1 ..< 1. Floats are as they are.
  public let samples: [Float]

  /// Makes a sound; the samples must be whole frames.
  public init(sampleRate: Int, channels: Int, samples: [Float]) {
    precondition(
      sampleRate > 0 && channels > 0 && samples.count % channels == 0,
      "\(samples.count) samples of \(channels) channels at \(sampleRate) Hz")
    self.sampleRate = sampleRate
    self.channels = channels
    self.samples = samples
  }

  /// The moments that have samples.
  public var frames: Int { samples.count / channels }

  /// The mean of the channels at each moment.
  public var mono: [Float] {
    if channels == 1 { return samples }
    return (0..<frames).map { frame in
      samples[frame * channels..<(frame + 1) * channels].reduce(0, +) / Float(channels)
    }
  }

  /// Reads a file, gzipped or not.
  public static func read(
    _ path: String, limit: Int = FileContents.defaultLimit
  ) throws(FormatError) -> WAV {
    try WAV(parsing: try FileContents.expanded(path, limit: limit), file: path)
  }

  /// Reads the bytes of a file; `file` names it in errors.
  public init(parsing contents: [UInt8], file: String) throws(FormatError) {
    var reader = ByteReader(contents, file: file)
    try WAV.head(&reader)
    var coding: Coding?
    while reader.remaining > 0 {
      let start = reader.position
      let name = try reader.text("the name of a chunk")
      var size = Int(try reader.littleEndian(4, "the size of a chunk"))
      guard name == "data" else {
        let body = try reader.skip(size, "the chunk '\(name)'")
        if name == "fmt " { coding = try Coding(contents, body, file: file) }
        // Chunks begin at even places; the last one need not be filled up.
        if size % 2 == 1 && reader.remaining > 0 { _ = try reader.byte("a chunk") }
        continue
      }
      guard let coding else {
        throw FormatError(
          file: file, position: .byte(start), what: "the samples come before their format",
          remedy: "write the file again with another program")
      }
      // Who wrote into a pipe could not know the size.
      if size == Int(UInt32.max) { size = reader.remaining }
      let body = try reader.skip(size, "the samples")
      guard size % coding.frameSize == 0 else {
        throw FormatError(
          file: file, position: .byte(start + 4),
          what: "\(size) bytes are not whole frames of \(coding.frameSize)",
          remedy: "the file was cut short or damaged; fetch or write it again")
      }
      sampleRate = coding.sampleRate
      channels = coding.channels
      samples = coding.samples(contents, body)
      if let wrong = samples.firstIndex(where: { !$0.isFinite }) {
        throw FormatError(
          file: file, position: .byte(body.lowerBound + wrong * coding.bits / 8),
          what: "sample \(wrong) is \(samples[wrong])", remedy: "write the file again")
      }
      return
    }
    throw FormatError(
      file: file, what: "there are no samples (no chunk 'data')",
      remedy: "the file was cut short; fetch or write it again")
  }

  private static func head(_ reader: inout ByteReader) throws(FormatError) {
    let magic = try reader.text("the RIFF header")
    guard magic == "RIFF" else {
      let isOther = magic == "RIFX" || magic == "RF64"
      throw FormatError(
        file: reader.file, position: .byte(0),
        what: isOther
          ? "files of the kind \(magic) are not read"
          : "not a WAVE file: the first four bytes should be RIFF",
        remedy: "convert it to WAVE, for example with 'ffmpeg -i FILE new.wav'")
    }
    // The size of all that follows; the chunks' own sizes are what counts.
    _ = try reader.littleEndian(4, "the RIFF header")
    let kind = try reader.text("the RIFF header")
    guard kind == "WAVE" else {
      throw FormatError(
        file: reader.file, position: .byte(8), what: "this is RIFF of the kind '\(kind)', no WAVE",
        remedy: "give a file with sound")
    }
  }

  /// The bytes of a file with these samples as integers of 16 bits; what lies outside −1 ... 1 is
  /// cut off.
  public func encoded() -> [UInt8] {
    let size = samples.count * 2
    precondition(size < (1 << 32) - 64, "a WAVE file is smaller than 4 GiB")
    var output: [UInt8] = []
    output.reserveCapacity(44 + size)
    func put(_ value: Int, _ bytes: Int) {
      for byte in 0..<bytes { output.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    output += Array("RIFF".utf8)
    put(36 + size, 4)
    output += Array("WAVEfmt ".utf8)
    for (value, bytes) in [
      (16, 4), (1, 2), (channels, 2), (sampleRate, 4), (sampleRate * channels * 2, 4),
      (channels * 2, 2), (16, 2),
    ] { put(value, bytes) }
    output += Array("data".utf8)
    put(size, 4)
    for sample in samples {
      let scaled = (sample * 32768).rounded(.toNearestOrEven)
      put(scaled.isNaN ? 0 : Int(max(-32768, min(32767, scaled))), 2)
    }
    return output
  }
}

/// How samples are coded: the chunk `fmt `.
private struct Coding {
  let sampleRate: Int
  let channels: Int
  let bits: Int
  let isFloat: Bool

  var frameSize: Int { channels * bits / 8 }

  init(_ contents: [UInt8], _ body: Range<Int>, file: String) throws(FormatError) {
    // What is not there counts as zero, which no format is.
    func number(_ offset: Int, _ size: Int) -> Int {
      guard offset + size <= body.count else { return 0 }
      return (0..<size).reduce(0) { $0 | Int(contents[body.lowerBound + offset + $1]) << (8 * $1) }
    }
    func wrong(_ offset: Int, _ what: String, _ remedy: String) -> FormatError {
      FormatError(
        file: file, position: .byte(body.lowerBound + offset), what: what, remedy: remedy)
    }
    let again = "the file is damaged; fetch or write it again"
    guard body.count >= 16 else {
      throw wrong(0, "the format has \(body.count) bytes, and 16 are the least", again)
    }
    channels = number(2, 2)
    sampleRate = number(4, 4)
    bits = number(14, 2)
    // The extensible header has the format at the beginning of an identifier further on.
    let isExtensible = number(0, 2) == 0xFFFE
    let place = isExtensible ? 24 : 0
    let format = number(place, 2)
    guard format == 1 || format == 3 else {
      throw wrong(
        place, "samples of the format \(format) are compressed or unknown",
        "convert them, for example with 'ffmpeg -i FILE -c:a pcm_s16le new.wav'")
    }
    isFloat = format == 3
    guard (isFloat ? [32, 64] : [8, 16, 24, 32]).contains(bits) else {
      throw wrong(
        14, "\(isFloat ? "floats" : "integers") of \(bits) bits are not read",
        "convert them, for example with 'ffmpeg -i FILE -c:a pcm_s16le new.wav'")
    }
    guard channels > 0 else { throw wrong(2, "there are no channels", again) }
    guard sampleRate > 0 && sampleRate <= 1 << 24 else {
      throw wrong(4, "\(sampleRate) samples in a second can't be", again)
    }
    guard number(12, 2) == channels * bits / 8 else {
      throw wrong(
        12, "frames of \(number(12, 2)) bytes are not \(channels) samples of \(bits) bits", again)
    }
  }

  func samples(_ contents: [UInt8], _ body: Range<Int>) -> [Float] {
    let size = bits / 8
    return contents.withUnsafeBufferPointer { bytes in
      (0..<body.count / size).map { index in
        let start = body.lowerBound + index * size
        var word: UInt64 = 0
        for byte in 0..<size { word |= UInt64(bytes[start + byte]) << UInt64(8 * byte) }
        switch (isFloat, bits) {
        case (true, 32): return Float(bitPattern: UInt32(truncatingIfNeeded: word))
        case (true, _): return Float(Double(bitPattern: word))
        // Eight bits are counted from 0, more from the middle.
        case (false, 8): return (Float(word) - 128) / 128
        case (false, _):
          let shifted = Int64(bitPattern: word << UInt64(64 - bits))
          return Float(Double(shifted) * 0x1p-63)
        }
      }
    }
  }
}

extension ByteReader {
  /// Four letters.
  fileprivate mutating func text(_ what: String) throws(FormatError) -> String {
    let range = try skip(4, what)
    return String(decoding: bytes[range], as: UTF8.self)
  }
}
