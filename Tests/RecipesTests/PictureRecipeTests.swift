// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropRecipes
import BackpropTraining
import Foundation
import TestSupport
import Testing

@Suite("Recipes for folders of images")
struct PictureRecipeTests {
  /// The built-in digits as PNG files: `train/7/12.png` and `test/7/12.png`.
  private func writeDigits(_ folder: TemporaryFolder) throws {
    let digits = try Digits.all()
    guard case .bytes(let pixels) = digits.features.storage, let labels = digits.labels else {
      return
    }
    for part in ["train", "test"] {
      for digit in 0..<10 {
        try FileManager.default.createDirectory(
          atPath: folder("\(part)/\(digit)"), withIntermediateDirectories: true)
      }
    }
    for index in 0..<digits.count {
      let image = pixels[index * 64..<(index + 1) * 64].map { UInt8(Int($0) * 255 / 16) }
      let part = index % 5 == 0 ? "test" : "train"
      try AtomicFile.write(
        PlainPNG.file(height: 8, width: 8, pixels: image),
        to: folder("\(part)/\(labels[index])/\(index).png"))
    }
  }

  private static func images(_ data: String = "", _ model: String = "kind: mlp") -> String {
    """
    name: images
    task: classification
    data:
      source: images
      train: train
      test: test
      \(data.split(separator: "\n").joined(separator: "\n  "))
    model:
      \(model.split(separator: "\n").joined(separator: "\n  "))
    training:
      epochs: 8
      batch: 32
      learning_rate: 0.005
    """
  }

  @Test func digitsInFilesAreRead() throws {
    let folder = TemporaryFolder(inMemory: true)
    try writeDigits(folder)
    let recipe = try recipe(Self.images())
    let data = try RecipeData(recipe, location: folder.path)
    #expect(try DataShape(recipe, location: folder.path) == data.shape)
    #expect(data.shape.example == [8, 8, 1] && data.shape.classNames?.count == 10)
    let counts = [data.parts.train.count, data.parts.validation?.count, data.parts.test?.count]
    #expect(counts == [1293, 144, 360])
    let session = try Session(recipe, data: data)
    _ = try session.train()
    let run = RunFolder(folder("run"))
    try run.make()
    try RunSaver(run).save(session.trainer)
    try RunRecord(recipe: recipe, data: data, location: folder.path).write(run)
    let record = try RunRecord(run)
    #expect(record.recipe == recipe)
    let predictor = try Predictor(record, in: run)
    let test = try #require(data.parts.test)
    let accuracy = try predictor.evaluate(test).metrics["accuracy"] ?? 0
    #expect(accuracy > 0.9, "\(accuracy)")
    // A file by itself is told as in its part.
    let all = try predictor.predict(test)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder("test/3")).sorted()
    let first = try #require(test.labels?.firstIndex(of: 3))
    for (place, file) in files.prefix(3).enumerated() {
      let input = try PredictionInput(folder("test/3/\(file)"), for: predictor)
      let one = try predictor.predict(input.examples)
      #expect(one.count == 1 && input.lines.isEmpty)
      #expect(one.best(0).label == all.best(first + place).label)
    }
    let large = PlainPNG.file(height: 9, width: 8, pixels: .init(repeating: 0, count: 72))
    try AtomicFile.write(large, to: folder("large.png"))
    try AtomicFile.write("text", to: folder("text.png"))
    for (name, part) in [
      ("large.png", "large.png: the image is 9x8 (height x width), and examples are 8x8; give"),
      ("text.png", "text.png, byte 0: this is neither a PNG nor a JPEG image"),
      ("none.png", "none.png: there is no such file"),
    ] {
      let message = failure { _ = try PredictionInput(folder(name), for: predictor) }
      #expect(message.contains(part), "\(message)")
    }
  }

  /// A network that learned from another source reads image files, too: here the built-in digits,
  /// whose white is 16.
  @Test func anyNetworkForImagesReadsAFile() throws {
    let recipe = try recipe(
      "task: classification\ndata:\n  source: digits\ntraining:\n  epochs: 1\n")
    let predictor = Predictor(try Session(recipe, data: RecipeData(recipe)))
    let digits = try Digits.all().examples(at: [5])
    guard case .bytes(let pixels) = digits.features.storage else { return }
    let folder = TemporaryFolder()
    try AtomicFile.write(
      PlainPNG.file(height: 8, width: 8, pixels: pixels.map { UInt8(Int($0) * 255 / 16) }),
      to: folder("5.png"))
    let input = try PredictionInput(folder("5.png"), for: predictor)
    let pairs = zip(
      try predictor.predict(input.examples).probabilities,
      try predictor.predict(digits).probabilities)
    #expect(pairs.allSatisfy { abs($0 - $1) < 0.01 })
    let none = IDX(type: .uint8, shape: [0, 8, 8], bytes: [])
    try AtomicFile.write(none.encoded(), to: folder("none.idx"))
    let message = failure { _ = try PredictionInput(folder("none.idx"), for: predictor) }
    #expect(message.hasSuffix("none.idx: there are no images; give at least one."), "\(message)")
  }

  @Test func colouredImagesOfSeveralSizesTrain() throws {
    let folder = TemporaryFolder()
    for index in 0..<24 {
      let (height, width) = (10 + index % 5, 12 + index % 3)
      for (label, colour) in [("blue", [20, 40, 200]), ("red", [210, 30, 20])] {
        try FileManager.default.createDirectory(
          atPath: folder(label), withIntermediateDirectories: true)
        let pixels = (0..<height * width).flatMap { place in
          colour.map { UInt8($0 + (place * 7 + index) % 20) }
        }
        try AtomicFile.write(
          PlainPNG.file(height: height, width: width, channels: 3, pixels: pixels),
          to: folder("\(label)/\(index).png"))
      }
    }
    let text = Self.images("size: [8, 6]", "kind: cnn\nchannels: [4]\nhidden: []")
      .replacing("  train: train\n  test: test\n", with: "")
    let recipe = try recipe(text)
    #expect(try Recipe(json: recipe.json, file: "recipe.json") == recipe)
    let session = try Session(recipe, data: try RecipeData(recipe, location: folder.path))
    #expect(session.data.shape.example == [8, 6, 3])
    _ = try session.train()
    let predictor = Predictor(session)
    let test = try #require(session.data.parts.test)
    #expect(try predictor.evaluate(test).metrics["accuracy"] == 1)
    let input = try PredictionInput(folder("red/3.png"), for: predictor)
    #expect(try predictor.predict(input.examples).best(0).label == 1)
  }

  @Test func mistakesAreErrors() {
    let good = Self.images("size: 8")
    func with(_ old: String, _ new: String) -> String { good.replacing(old, with: new) }
    let cases = [
      (with("  train: train\n", ""), "data.test names values of a field of the names, or a folder"),
      (with("size: 8", "size: 0"), "data.size is from 1 to 4096, not 0"),
      (with("size: 8", "size: [8]"), "has 1 numbers; write one for squares, or [height, width]"),
      (with("size: 8", "size: [4096, 4096]"), "an example has fewer than 16777216 numbers"),
      (with("size: 8", "size: large"), "data.size is a whole number, not 'large'"),
      (with("size: 8", "channels: 2"), "data.channels is 2; write 1 for grey images, 3 for"),
      (with("size: 8", "channels: 4"), "data.channels is from 1 to 3, not 4"),
      (with("size: 8", "seconds: 1"), "data.seconds is for sounds, and the source is images"),
      (with("size: 8", "target: y"), "is for tables"),
      (with("size: 8", "names: \"{label\""), "data.names is wrong"),
      (with("size: 8", "names: \"{label}-{n}.png\"\n  split_by: n"), "data.split_by divides by"),
      (with("test: test", "test: [test, more]"), "data.test names 2 folders"),
      (with("kind: mlp", "kind: log-mel-cnn"), "log-mel-cnn reads sounds"),
      (with("kind: mlp", "kind: table"), "table reads tables, and the source is images"),
      (
        "task: classification\ndata:\n  source: digits\n  size: 8\n",
        "data.size is for images in a folder, and the source is digits"
      ),
      (
        "task: classification\ndata:\n  source: digits\n  names: a\n",
        "data.names is for sounds and images in a folder, and the source is digits"
      ),
    ]
    for (text, part) in cases {
      let message = failure { _ = try recipe(text) }
      #expect(message.contains(part), "\(message)")
    }
  }

  @Test func aNetworkThatNeedsLargerImagesIsAnError() throws {
    let folder = TemporaryFolder()
    for label in ["train/a", "train/b"] {
      try FileManager.default.createDirectory(
        atPath: folder(label), withIntermediateDirectories: true)
      for index in 0..<4 {
        try AtomicFile.write(
          PlainPNG.file(height: 2, width: 2, pixels: [1, 2, 3, UInt8(index)]),
          to: folder("\(label)/\(index).png"))
      }
    }
    let recipe = try recipe(
      Self.images("", "kind: cnn\nchannels: [4, 4, 4]").replacing("  test: test\n", with: ""))
    let message = failure {
      _ = try Session(recipe, data: try RecipeData(recipe, location: folder.path))
    }
    #expect(message.contains("images of 2x2 pixels can be halved 1 times"), "\(message)")
  }
}
