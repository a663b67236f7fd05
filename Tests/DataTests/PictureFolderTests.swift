// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import Foundation
import TestSupport
import Testing

@Suite("Folders of images")
struct PictureFolderTests {
  private let folder = TemporaryFolder(inMemory: true)

  /// An image whose pixels are all the same.
  private func write(
    _ name: String, height: Int = 4, width: Int = 4, channels: Int = 1, value: UInt8 = 9
  ) throws {
    let path = folder(name)
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    let count = height * width * channels
    let file = PlainPNG.file(
      height: height, width: width, channels: channels,
      pixels: [UInt8](repeating: value, count: count))
    try AtomicFile.write(file, to: path)
  }

  private func parts(
    _ files: LabeledFolder.Options = .init(), size: ImageSize? = nil, channels: Int? = nil,
    validation: Double = 0, test: Double = 0.2
  ) throws -> DataParts {
    let options = PictureFolder.Options(files: files, size: size, channels: channels)
    return try PictureFolder(folder.path, options: options)
      .parts(name: "images", validationFraction: validation, testFraction: test, seed: 1)
  }

  @Test func foldersAreLabels() throws {
    for label in ["cat", "dog"] {
      for index in 0..<10 { try write("\(label)/\(index).png", value: label == "cat" ? 7 : 8) }
    }
    try AtomicFile.write("no image", to: folder("cat/notes.txt"))
    try write("cat/.hidden.png", height: 9)
    let data = try parts(validation: 0.1)
    #expect(data.classNames == ["cat", "dog"] && data.pixelMaximum == 255)
    #expect(data.train.features.shape == [14, 4, 4, 1])
    #expect(data.validation?.labels == [0, 1] && data.test?.labels == [0, 0, 1, 1])
    guard case .bytes(let pixels)? = data.test?.features.storage else { return }
    #expect(pixels == [UInt8](repeating: 7, count: 32) + [UInt8](repeating: 8, count: 32))
    #expect(try parts(validation: 0.1).train.features == data.train.features)
    let upside = try parts(LabeledFolder.Options(classes: ["dog", "cat"]))
    #expect(upside.classNames == ["dog", "cat"] && upside.test?.labels == [1, 1, 0, 0])
  }

  @Test func partsAreFolders() throws {
    for part in ["train", "val", "test"] {
      for label in ["2", "10"] {
        let count = ["train": 10, "val": 2, "test": 3][part] ?? 0
        for index in 0..<count { try write("\(part)/\(label)/\(index).PNG") }
      }
    }
    let all = try parts(
      LabeledFolder.Options(division: .folders(train: "train", validation: "val", test: "test")),
      validation: 0.5, test: 0.5)
    #expect(all.classNames == ["2", "10"])
    #expect([all.train.count, all.validation?.count, all.test?.count] == [20, 4, 6])
    // What is not named is a share of those to train with.
    let some = try parts(
      LabeledFolder.Options(division: .folders(train: "train", validation: nil, test: "test")),
      validation: 0.1)
    #expect([some.train.count, some.validation?.count, some.test?.count] == [18, 2, 6])
    let names = try NamePattern("{index}.PNG")
    let byName = try parts(
      LabeledFolder.Options(
        names: names, division: .folders(train: "train", validation: nil, test: nil)))
    #expect([byName.train.count, byName.test?.count] == [16, 4])
    let message = failure { _ = try parts() }
    #expect(message.contains("name them, for example by data.train: train"), "\(message)")
    try write("test/7/0.png")
    let stray = failure {
      _ = try parts(
        LabeledFolder.Options(division: .folders(train: "train", validation: nil, test: "test")))
    }
    #expect(
      stray.hasSuffix(
        "test/7/0.png: the label '7' is none of the classes; give images to train with that have "
          + "it, or take this one away."), "\(stray)")
    let gone = failure {
      _ = try parts(
        LabeledFolder.Options(division: .folders(train: "training", validation: nil, test: nil)))
    }
    #expect(gone.contains("training: there is no such folder"), "\(gone)")
  }

  @Test func namesAreLabels() throws {
    for index in 0..<5 { for label in ["a", "b"] { try write("\(label)_\(index).png") } }
    let pattern = try NamePattern("{label}_{index}.png")
    let division = LabeledFolder.Division.field(
      "index", validation: [FieldValues("3")], test: [FieldValues("4")])
    let data = try parts(LabeledFolder.Options(names: pattern, division: division))
    #expect([data.train.count, data.validation?.count, data.test?.count] == [6, 2, 2])
    try write("c.png")
    let message = failure { _ = try parts(LabeledFolder.Options(names: pattern)) }
    #expect(message.contains("c.png: the name does not fit the pattern"), "\(message)")
  }

  @Test func imagesOfSeveralSizesAreAnErrorThatNamesTwo() throws {
    for index in 0..<4 { try write("a/\(index).png") }
    try write("b/wide.png", height: 4, width: 6)
    let message = failure { _ = try parts() }
    let path = folder.path
    #expect(
      message == "\(path)/b/wide.png: the image is 4x6 (height x width), and \(path)/a/0.png is "
        + "4x4; give images of one size, or let all be brought to one, for example by data.size: 4."
    )
    let resized = try parts(size: ImageSize(height: 2, width: 3), test: 0)
    #expect(resized.train.features.shape == [5, 2, 3, 1])
    #expect(
      resized.notes == [
        "5 images of other sizes were resized to 2x3 (height x width).",
        "4 of them have other proportions: their middle was taken.",
      ])
    var strict = PictureReader(
      size: ImageSize(height: 4, width: 4), channels: 1, resizes: false)
    let one = failure { _ = try strict.read(folder("b/wide.png")) }
    #expect(one.contains("the image is 4x6 (height x width), and examples are 4x4"), "\(one)")
  }

  @Test func greyAndColourAreMadeAlike() throws {
    for index in 0..<4 { try write("a/\(index).png", value: 50) }
    #expect(try parts().train.features.exampleShape == [4, 4, 1])
    try write("b/colour.png", channels: 3, value: 60)
    try write("b/clear.png", channels: 4, value: 0)
    let colours = try parts(test: 0)
    #expect(colours.train.features.shape == [6, 4, 4, 3])
    #expect(
      colours.notes == [
        "1 images have an alpha channel: they were laid on white.",
        "4 grey images were given three channels.",
      ])
    guard case .bytes(let pixels) = colours.train.features.storage else { return }
    #expect(
      (0..<6).map { pixels[$0 * 48] } == [50, 50, 50, 50, 255, 60], "in the order of their names")
    let grey = try parts(channels: 1, test: 0)
    #expect(grey.train.features.shape == [6, 4, 4, 1])
    #expect(grey.notes.contains("2 images with colours were made grey."))
  }

  @Test func brokenFilesAreNamed() throws {
    for index in 0..<4 { try write("a/\(index).png") }
    let size = ImageSize(height: 4, width: 4)
    try AtomicFile.write(
      Array(try FileContents.read(folder("a/2.png")).dropLast(30)), to: folder("a/2.png"))
    for isKnown in [false, true] {
      let message = failure {
        _ = try parts(size: isKnown ? size : nil, channels: isKnown ? 1 : nil)
      }
      #expect(message.contains("a/2.png: this PNG image cannot be decoded"), "\(message)")
    }
    try AtomicFile.write("text", to: folder("a/2.png"))
    let message = failure { _ = try parts() }
    #expect(message.contains("a/2.png, byte 0: this is neither a PNG nor a JPEG"), "\(message)")
    let none = failure { _ = try PictureFolder(folder("a"), options: .init()) }
    #expect(none.contains("there are no folders with .png, .jpg or .jpeg files"), "\(none)")
  }

  /// Pillow's BILINEAR rounds between its two passes, so one of us may be off by one.
  @Test func resizingIsThatOfPillow() {
    let pixels = (0..<42).map { UInt8($0 * $0 * 7 % 256) }
    let picture = Picture(height: 6, width: 7, channels: 1, pixels: pixels)
    let wanted: [(Int, Int, [Int])] = [
      (3, 2, [78, 162, 98, 164, 129, 144]),
      (
        4, 5,
        [
          47, 55, 95, 144, 211, 85, 58, 168, 181, 214, 78, 120, 128, 92, 194, 136, 144, 107, 139,
          207,
        ]
      ),
      (6, 3, [9, 70, 189, 125, 134, 177, 50, 162, 228, 57, 123, 143, 183, 93, 141, 117, 131, 203]),
      (
        9, 10,
        [
          0, 4, 12, 27, 51, 80, 115, 159, 210, 252, 44, 75, 85, 45, 96, 115, 101, 180, 207, 206, 88,
          131, 136, 52, 143, 163, 109, 204, 209, 173, 91, 77, 51, 12, 148, 214, 198, 218, 226, 226,
          54, 52, 52, 59, 158, 180, 124, 161, 204, 240, 31, 65, 101, 124, 155, 118, 25, 107, 177,
          225, 96, 166, 204, 153, 112, 61, 13, 141, 179, 170, 120, 155, 171, 136, 110, 90, 82, 166,
          199, 202, 127, 119, 112, 111, 119, 133, 153, 182, 217, 247,
        ]
      ),
    ]
    for (height, width, expected) in wanted {
      let resized = picture.resized(ImageSize(height: height, width: width)).pixels.map { Int($0) }
      #expect(resized.count == expected.count)
      let off = zip(resized, expected).map { abs($0 - $1) }
      #expect((off.max() ?? 9) <= 1 && off.reduce(0, +) * 5 < off.count, "\(resized)")
    }
    // A chessboard of single pixels becomes even grey: each of them counts.
    let board = Picture(
      height: 64, width: 64, channels: 1,
      pixels: (0..<4096).map { ($0 / 64 + $0) % 2 == 0 ? 0 : 255 })
    let small = board.resized(ImageSize(height: 4, width: 4)).pixels
    #expect(small.allSatisfy { $0 == 127 || $0 == 128 }, "\(small)")
  }

  @Test func theMiddleIsTaken() {
    let wide = Picture(height: 1, width: 5, channels: 1, pixels: [1, 2, 3, 4, 5])
    #expect(wide.filled(ImageSize(height: 1, width: 1)).pixels == [3])
    #expect(wide.filled(ImageSize(height: 1, width: 2)).pixels == [2, 3])
    let high = Picture(height: 4, width: 2, channels: 1, pixels: [1, 1, 2, 2, 3, 3, 4, 4])
    #expect(high.filled(ImageSize(height: 2, width: 2)).pixels == [2, 2, 3, 3])
    #expect(high.filled(ImageSize(height: 1, width: 9)).pixels.count == 9)
    let line = Picture(height: 1, width: 900, channels: 1, pixels: .init(repeating: 5, count: 900))
    #expect(line.filled(ImageSize(height: 300, width: 1)).pixels == .init(repeating: 5, count: 300))
  }

  @Test func emojiBecomeExamples() throws {
    guard let path = try sharedData("emoji/png32") else { return }
    let names = try NamePattern("emoji_u{label}.png")
    let emoji = try PictureFolder(
      path,
      options: .init(files: .init(names: names), size: ImageSize(height: 16, width: 16)))
    #expect(emoji.shape == [16, 16, 3] && emoji.files.entries.count == 1609)
    let parts = try emoji.parts(
      name: "emoji", validationFraction: 0, testFraction: 0, seed: 0)
    #expect(parts.train.count == 1609)
    guard case .bytes(let pixels) = parts.train.features.storage else { return }
    // Corners are transparent in nearly all of them.
    let white = (0..<1609).count { pixels[$0 * 768] == 255 }
    #expect(white > 1200, "\(white)")
  }
}
