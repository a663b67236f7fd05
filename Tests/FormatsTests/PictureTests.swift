// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import Foundation
import TestSupport
import Testing

/// A small file with the pixels that Pillow reads from it; see `Scripts/make_image_fixtures.py`.
private struct PictureCase: Sendable, CustomTestStringConvertible {
  let name: String
  let file: [UInt8]
  let shape: [Int]
  let pixels: [UInt8]

  var testDescription: String { name }

  static let all: [PictureCase] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let path = folder.appendingPathComponent("Fixtures/images.safetensors").path
    do {
      let fixture = try SafetensorsFile(path)
      return try fixture.names.filter { $0.hasSuffix("/file") }.map { entry in
        let name = String(entry.dropLast("/file".count))
        let pixels = try #require(fixture.entry("\(name)/pixels"))
        return PictureCase(
          name: name, file: try fixture.bytes(entry), shape: pixels.shape,
          pixels: try fixture.bytes(pixels.name))
      }
    } catch {
      Issue.record("\(path): \(error)")
      return []
    }
  }()

  static func named(_ name: String) throws -> PictureCase {
    try #require(all.first { $0.name == name })
  }
}

@Suite struct PictureTests {
  @Test(arguments: PictureCase.all)
  fileprivate func pixelsAreThoseThatPillowReads(example: PictureCase) throws {
    let picture = try Picture(parsing: example.file, file: "p")
    #expect([picture.height, picture.width, picture.channels] == example.shape)
    #expect(picture.pixels == example.pixels)
    let folder = TemporaryFolder()
    try AtomicFile.write(example.file, to: folder("p"))
    let head = try Picture.head(ofFile: folder("p"))
    #expect([head.height, head.width, head.channels] == example.shape)
  }

  @Test func thereAreCases() { #expect(PictureCase.all.count >= 30) }

  @Test func plainFilesAreReadAsTheyWereWritten() throws {
    for channels in 1...4 {
      let pixels = (0..<6 * channels).map { UInt8($0 * 9) }
      let file = PlainPNG.file(height: 2, width: 3, channels: channels, pixels: pixels)
      let picture = try Picture(parsing: file, file: "p")
      #expect(picture == Picture(height: 2, width: 3, channels: channels, pixels: pixels))
    }
  }

  @Test func transparencyIsWhiteAndColoursHaveALuma() {
    let half = Picture(
      height: 1, width: 3, channels: 4, pixels: [10, 20, 30, 255, 0, 0, 0, 0, 200, 100, 0, 51])
    // 255 − (255 − v) · 51 / 255
    #expect(half.opaque(channels: 3).pixels == [10, 20, 30, 255, 255, 255, 244, 224, 204])
    // 0.299 · 10 + 0.587 · 20 + 0.114 · 30 = 18.15
    #expect(half.opaque(channels: 1).pixels == [18, 255, 228])
    let grey = Picture(height: 1, width: 2, channels: 2, pixels: [7, 255, 0, 204])
    #expect(grey.opaque(channels: 1).pixels == [7, 51])
    #expect(grey.opaque(channels: 3).pixels == [7, 7, 7, 51, 51, 51])
    let primary = Picture(
      height: 1, width: 4, channels: 3, pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255])
    #expect(primary.opaque(channels: 1).pixels == [76, 150, 29, 255])
  }

  @Test func wrongFilesSayWhatIsWrong() throws {
    let png = PlainPNG.file(height: 2, width: 2, pixels: [1, 2, 3, 4])
    let jpeg = try PictureCase.named("jpeg.rgb").file
    var sum = png
    sum[20] ^= 1
    let huge =
      PlainPNG.signature + PlainPNG.chunk("IHDR", [0, 0, 0x40, 0, 0, 0, 0x20, 0, 8, 2, 0, 0, 0])
      + PlainPNG.chunk("IDAT", [0x78, 1]) + PlainPNG.chunk("IEND", [])
    let cases: [([UInt8], String)] = [
      ([], "p, byte 0: the file is empty; it was cut short"),
      (Array("GIF89a0000".utf8), "p, byte 0: this is neither a PNG nor a JPEG image; convert it"),
      (PlainPNG.signature, "p: this PNG image cannot be decoded: the data end early; it is damag"),
      (sum, "p: this PNG image cannot be decoded: IHDR: CRC error"),
      (Array(png.dropLast(20)), "p: this PNG image cannot be decoded: the data end early"),
      (huge, "p: the image is 8192x16384 (height x width): more than 67108864 pixels; make it"),
      ([0xFF, 0xD8, 0xFF], "p: this JPEG image cannot be decoded: "),
      (Array(jpeg.dropLast(60)), "p: this JPEG image cannot be decoded: Premature end of JPEG"),
    ]
    for (file, expected) in cases {
      let text = failure { _ = try Picture(parsing: file, file: "p") }
      #expect(text.contains(expected), "\(text)")
    }
  }

  /// However little is missing, what would have to be made up is none of the picture's.
  @Test(arguments: ["png.rgb", "png.grey-interlaced", "jpeg.rgb", "jpeg.progressive", "jpeg.inks"])
  func filesThatWereCutShortAreErrors(name: String) throws {
    let file = try PictureCase.named(name).file
    for length in 0..<file.count {
      #expect(throws: FormatError.self, "\(length)") {
        try Picture(parsing: Array(file[..<length]), file: "p")
      }
    }
  }

  /// A small file can ask for hundreds of passes over its pixels.
  @Test func aPictureOfManyScansIsAnError() throws {
    // One grey block, progressive. Tables of one code, which stands for nothing.
    func segment(_ marker: UInt8, _ body: [UInt8]) -> [UInt8] {
      [0xFF, marker, 0, UInt8(body.count + 2)] + body
    }
    let code: [UInt8] = [1] + [UInt8](repeating: 0, count: 15) + [0]
    let head =
      [0xFF, 0xD8] + segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
      + segment(0xC2, [8, 0, 8, 0, 8, 1, 1, 0x11, 0]) + segment(0xC4, [0x00] + code)
      + segment(0xC4, [0x10] + code)
    func scan(_ frequency: UInt8, _ bits: UInt8) -> [UInt8] {
      segment(0xDA, [1, 1, 0, frequency, frequency, bits]) + [0x7F]
    }
    let few = (1...20).flatMap { scan($0, 0) }
    let many = (1...63).flatMap { scan($0, 3) + scan($0, 0x32) + scan($0, 0x21) + scan($0, 0x10) }
    let good = try Picture(parsing: head + scan(0, 0) + few + [0xFF, 0xD9], file: "p")
    #expect(good.pixels == [UInt8](repeating: 128, count: 64))
    let text = failure {
      _ = try Picture(parsing: head + scan(0, 0) + many + [0xFF, 0xD9], file: "p")
    }
    #expect(text.contains("this JPEG image cannot be decoded: more than 100 scans"), "\(text)")
  }

  @Test(arguments: [
    "png.rgb", "png.palette-2", "png.rgba-interlaced", "png.grey-16", "jpeg.rgb",
    "jpeg.progressive", "jpeg.restarts", "jpeg.inks", "jpeg.turned-6",
  ])
  func damagedFilesNeverTrap(name: String) throws {
    let file = try PictureCase.named(name).file
    var good = 0
    var seed: UInt64 = 0
    // PNG has check sums: half of the files get right ones, so that what they guard is reached.
    for isMended in name.hasPrefix("png") ? [false, true] : [false] {
      seed += 1
      try mutations(of: file, count: 4_000, seed: seed) { bytes in
        let bytes = isMended ? PlainPNG.withRightSums(bytes) : bytes
        guard let picture = try? Picture(parsing: bytes, file: "f") else { return }
        #expect(picture.pixels.count == picture.height * picture.width * picture.channels)
        good += 1
      }
    }
    #expect(good > 0)
  }

  @Test func emojiHaveTheirPublishedPixels() throws {
    guard let folder = try sharedData("emoji") else { return }
    let all = try FileContents.expanded("\(folder)/emoji_1609x32x32x4_rgba.bin.gz")
    let captions = try CSVTable.read("\(folder)/captions.csv")
    let size = 32 * 32 * 4
    #expect(captions.rowCount == 1609 && all.count == captions.rowCount * size)
    for row in 0..<captions.rowCount {
      let picture = try Picture.read("\(folder)/\(captions.text(row: row, column: 0))")
      let wanted = all[row * size..<(row + 1) * size]
      switch picture.channels {
      case 4: #expect(picture.pixels.elementsEqual(wanted), "row \(row)")
      case 3:
        let colours = wanted.enumerated().filter { $0.offset % 4 != 3 }.map(\.element)
        #expect(picture.pixels == colours, "row \(row)")
      default: Issue.record("row \(row) has \(picture.channels) channels")
      }
    }
  }
}
