// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite struct GzipTests {
  let text = Array(String(repeating: "one two three ", count: 5000).utf8)

  @Test func expandingWhatWasCompressedGivesItBack() throws {
    for level in [0, 1, 6, 9] {
      let packed = Gzip.compress(text, level: level)
      #expect(Gzip.isGzip(packed))
      #expect(try Gzip.expand(packed, file: "t.gz") == text)
    }
    #expect(try Gzip.expand(Gzip.compress([]), file: "t.gz").isEmpty)
  }

  @Test func membersFollowEachOtherAndZerosPad() throws {
    let two = Gzip.compress([1, 2]) + Gzip.compress([]) + Gzip.compress([3])
    #expect(try Gzip.expand(two + [0, 0, 0], file: "t.gz") == [1, 2, 3])
    #expect(
      failure { _ = try Gzip.expand(two + [7], file: "t.gz") }
        == "t.gz, byte \(two.count): bytes that are not gzip follow the end of the data; "
        + "fetch the file again.")
  }

  @Test func truncationAndCorruptionNameTheByte() {
    let packed = Gzip.compress(text)
    for count in 0..<packed.count where count > 0 {
      let message = failure { _ = try Gzip.expand(Array(packed[..<count]), file: "t.gz") }
      #expect(
        message == "t.gz, byte \(count): the gzip data end early; fetch the file again.")
    }
    var wrongSum = packed
    wrongSum[packed.count - 8] ^= 1
    #expect(
      failure { _ = try Gzip.expand(wrongSum, file: "t.gz") }.hasPrefix(
        "t.gz, byte \(packed.count - 4): the gzip data are corrupt (incorrect data check)"))
    var wrongLength = packed
    wrongLength[packed.count - 1] ^= 1
    #expect(
      failure { _ = try Gzip.expand(wrongLength, file: "t.gz") }.contains(
        "the gzip data are corrupt (incorrect length check)"))
  }

  @Test func limitStopsABomb() {
    let bomb = Gzip.compress([UInt8](repeating: 0, count: 50 << 20), level: 9)
    #expect(bomb.count < 100_000)
    let message = failure { _ = try Gzip.expand(bomb, file: "bomb.gz", limit: 1 << 20) }
    #expect(message.contains("expand to more than the limit of 1048576 bytes"))
    #expect(message.hasSuffix("; raise the limit if the file is trusted."))
  }

  @Test func readerGivesTheSamePieceByPiece() throws {
    let folder = TemporaryFolder()
    let all = text + text
    try AtomicFile.write(Gzip.compress(text) + Gzip.compress(text), to: folder("t.gz"))
    let reader = try GzipReader(folder("t.gz"))
    var got: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 777)
    while true {
      let count = try piece.withUnsafeMutableBytes { try reader.read(into: $0) }
      if count == 0 { break }
      got += piece[..<count]
    }
    #expect(got == all)
    #expect(try FileContents.expanded(folder("t.gz")) == all)
  }

  @Test func damagedFilesNeverTrap() throws {
    let packed = Gzip.compress(Array("a small text, a small text".utf8)) + Gzip.compress([1, 2, 3])
    var good = 0
    try mutations(of: packed, count: 12_000, seed: 1) { bytes in
      if (try? Gzip.expand(bytes, file: "f", limit: 1 << 16)) != nil { good += 1 }
    }
    #expect(good > 0)
  }
}
