// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite struct WAVTests {
  private static func bytes(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// A file of these sample bytes.
  private static func file(
    format: Int = 1, channels: Int = 1, rate: Int = 8000, bits: Int = 16, data: [UInt8],
    size: Int? = nil, isExtensible: Bool = false, before: [UInt8] = []
  ) -> [UInt8] {
    var head = bytes(isExtensible ? 0xFFFE : format, 2) + bytes(channels, 2) + bytes(rate, 4)
    head += bytes(rate * channels * bits / 8, 4) + bytes(channels * bits / 8, 2) + bytes(bits, 2)
    if isExtensible {
      head += bytes(22, 2) + bytes(bits, 2) + bytes(0, 4) + bytes(format, 2)
      head += [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
    }
    let chunks =
      before + Array("fmt ".utf8) + bytes(head.count, 4) + head + Array("data".utf8)
      + bytes(size ?? data.count, 4) + data
    return Array("RIFF".utf8) + bytes(4 + chunks.count, 4) + Array("WAVE".utf8) + chunks
  }

  private static func integers(_ values: [Int], _ bits: Int) -> [UInt8] {
    values.flatMap { bytes(bits == 8 ? $0 + 128 : $0, bits / 8) }
  }

  @Test(arguments: [8, 16, 24, 32], [false, true])
  func integersAreSharesOfTheirRange(bits: Int, isExtensible: Bool) throws {
    let half = 1 << (bits - 1)
    let data = Self.integers([0, 1, -1, half / 2, half - 1, -half], bits)
    let file = Self.file(channels: 2, bits: bits, data: data, isExtensible: isExtensible)
    let sound = try WAV(parsing: file, file: "w")
    let step = Float(1 / Double(half))
    #expect(sound.samples == [0, step, -step, 0.5, Float(1 - 1 / Double(half)), -1])
    #expect((sound.channels, sound.sampleRate, sound.frames) == (2, 8000, 3))
    #expect(sound.mono[0] == step / 2)
  }

  @Test func floatsAreAsTheyAre() throws {
    let values: [Float] = [0, -0.25, 1.5]
    let narrow = values.flatMap { Self.bytes(Int($0.bitPattern), 4) }
    let wide = values.flatMap { Self.bytes(Int(bitPattern: UInt(Double($0).bitPattern)), 8) }
    for (bits, data) in [(32, narrow), (64, wide)] {
      for isExtensible in [false, true] {
        let file = Self.file(format: 3, bits: bits, data: data, isExtensible: isExtensible)
        #expect(try WAV(parsing: file, file: "w").samples == values)
      }
    }
  }

  @Test func otherChunksAreSkippedAndASizeThatIsNotKnownIsTheRest() throws {
    let list = Array("LIST".utf8) + Self.bytes(3, 4) + [1, 2, 3, 0]
    let data = Self.integers([5, 6], 16)
    let plain = try WAV(parsing: Self.file(data: data), file: "w")
    #expect(try WAV(parsing: Self.file(data: data, before: list), file: "w") == plain)
    let piped = Self.file(data: data, size: 0xFFFF_FFFF)
    #expect(try WAV(parsing: piped, file: "w") == plain)
  }

  @Test func writtenSoundsReadBack() throws {
    let samples: [Float] = [0, 0.5, -0.5, 0.25, -1, 32767 / 32768]
    let sound = WAV(sampleRate: 16000, channels: 2, samples: samples)
    #expect(try WAV(parsing: sound.encoded(), file: "w") == sound)
    let loud = WAV(sampleRate: 8000, channels: 1, samples: [2, -2])
    #expect(
      try WAV(parsing: loud.encoded(), file: "w").samples == [Float(32767) / 32768, -1])
  }

  @Test func wrongFilesSayWhatIsWrong() {
    let data = Self.integers([5, 6], 16)
    let cases: [([UInt8], String)] = [
      ([], "w, byte 0: the file ends inside the RIFF header"),
      (Array("OggS0000".utf8), "w, byte 0: not a WAVE file: the first four bytes should be RIFF;"),
      (Array("RIFX0000WAVE".utf8), "files of the kind RIFX are not read"),
      (Array("RIFF0000AVI ".utf8), "w, byte 8: this is RIFF of the kind 'AVI ', no WAVE"),
      (Array("RIFF0000WAVE".utf8), "w: there are no samples (no chunk 'data')"),
      (Self.file(format: 7, bits: 8, data: [1]), "w, byte 20: samples of the format 7 are compr"),
      (Self.file(bits: 12, data: data), "w, byte 34: integers of 12 bits are not read"),
      (Self.file(format: 3, bits: 16, data: data), "w, byte 34: floats of 16 bits are not read"),
      (Self.file(channels: 0, data: data), "w, byte 22: there are no channels"),
      (Self.file(rate: 0, data: data), "w, byte 24: 0 samples in a second can't be"),
      (Self.file(data: data, size: 9), "w, byte 48: the file ends inside the samples"),
      (Self.file(data: [1, 2, 3]), "w, byte 40: 3 bytes are not whole frames of 2"),
      (
        Self.file(format: 3, bits: 32, data: Self.bytes(0x7FC0_0000, 4)),
        "w, byte 44: sample 0 is nan"
      ),
      (
        Array("RIFF0000WAVEdata".utf8) + Self.bytes(0, 4),
        "w, byte 12: the samples come before their format"
      ),
    ]
    for (file, expected) in cases {
      let text = failure { _ = try WAV(parsing: file, file: "w") }
      #expect(text.contains(expected), "\(text)")
    }
  }

  @Test func damagedFilesNeverTrap() throws {
    let data = Self.integers(Array(-20..<20), 24)
    var good = 0
    for isExtensible in [false, true] {
      let file = Self.file(channels: 2, bits: 24, data: data, isExtensible: isExtensible)
      try mutations(of: file, count: 10_000, seed: 6) { bytes in
        guard let sound = try? WAV(parsing: bytes, file: "f") else { return }
        #expect(sound.frames * sound.channels == sound.samples.count)
        good += 1
      }
    }
    #expect(good > 0)
  }

  @Test func spokenDigitsAreRead() throws {
    guard let folder = try sharedData("fsdd/recordings") else { return }
    let sound = try WAV.read("\(folder)/7_theo_0.wav")
    #expect((sound.sampleRate, sound.channels) == (8000, 1))
    #expect(sound.frames > 1000 && sound.samples.contains { abs($0) > 0.01 })
  }
}
