// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import Foundation
import TestSupport
import Testing

/// `predict` of many images, named one by one or by their folder.
@Suite("Predictions of files") struct PredictFilesTests {
  private let folder = TemporaryFolder()

  /// An image of one grey, with a little noise.
  private func image(_ name: String, _ grey: Int) throws {
    let pixels = (0..<16).map { UInt8(grey + $0 * 7 % 5) }
    try AtomicFile.write(
      PlainPNG.file(height: 4, width: 4, pixels: pixels), to: folder(name))
  }

  private func make(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder(name), withIntermediateDirectories: true)
  }

  /// A run `r` that tells dark images from bright ones.
  private func train() throws {
    for (label, grey) in [("dark", 20), ("bright", 220)] {
      try make("photos/\(label)")
      for index in 0..<20 { try image("photos/\(label)/\(index).png", grey + index) }
    }
    try write(
      """
      task: classification
      data: {source: images, path: photos}
      model: {kind: mlp, hidden: [4]}
      training: {epochs: 20, batch: 4, learning_rate: 0.02}

      """, to: folder("r.yaml"))
    _ = try Program.succeed(["train", "r.yaml", "--run", "r"], in: folder.path)
  }

  /// The file and the class that each line tells, in both forms of the output.
  private func told(_ outcome: Outcome, isJSON: Bool) throws -> [[String]] {
    if !isJSON {
      return outcome.lines.map { line in
        let parts = line.split(separator: " ").map(String.init)
        #expect(parts.count == 4 && parts.last == "%", "\(line)")
        return Array(parts.prefix(2))
      }
    }
    return try outcome.json().map { object in
      #expect(object.object?.keys == ["row", "file", "prediction", "probabilities"])
      return [object["file"]?.string ?? "", object["prediction"]?.string ?? ""]
    }
  }

  @Test func severalAndAFolder() throws {
    try train()
    try make("new/inner/deeper")
    try make("new/.hidden")
    try image("new/b.png", 15)
    try image("new/a.PNG", 230)
    try image("new/inner/c.png", 240)
    for other in ["inner/deeper/d.png", ".hidden/e.png", ".f.png"] {
      try image("new/\(other)", 20)
    }
    try write("no image", to: folder("new/notes.txt"))
    try image("one.png", 30)
    let wanted = [
      ["one.png", "dark"], ["new/a.PNG", "bright"], ["new/b.png", "dark"],
      ["new/inner/c.png", "bright"],
    ]
    for folderName in ["new", "new/"] {
      for flags in [[], ["--json"]] {
        let outcome = try Program.succeed(
          ["predict", "r", "--input", "one.png", folderName] + flags, in: folder.path)
        #expect(try told(outcome, isJSON: !flags.isEmpty) == wanted, "\(outcome)")
      }
    }
    // The names make a column.
    let lines = try Program.succeed(["predict", "r", "--input", "new"], in: folder.path).lines
    #expect(lines[0].hasPrefix("new/a.PNG        bright "), "\(lines)")
    #expect(lines[2].hasPrefix("new/inner/c.png  bright "), "\(lines)")
  }

  @Test func aBadImageIsNamedAndTheOthersAreTold() throws {
    try train()
    try image("1.png", 20)
    try write("text", to: folder("2.png"))
    try image("4.png", 230)
    try AtomicFile.write(
      PlainPNG.file(height: 5, width: 4, pixels: .init(repeating: 0, count: 20)),
      to: folder("5.png"))
    let names = (1...5).map { "\($0).png" }
    for flags in [[], ["--json"]] {
      let outcome = try Program.run(["predict", "r", "--input"] + names + flags, in: folder.path)
      #expect(outcome.status == 1)
      #expect(
        try told(outcome, isJSON: !flags.isEmpty) == [["1.png", "dark"], ["4.png", "bright"]])
      let errors = outcome.errors.split(separator: "\n")
      #expect(errors.count == 4, "\(errors)")
      for (error, start) in zip(
        errors,
        [
          "backprop: 2.png, byte 0: this is neither a PNG nor a JPEG image",
          "backprop: 3.png: there is no such file",
          "backprop: 5.png: the image is 5x4 (height x width), and examples are 4x4",
          "backprop: 3 of 5 files could not be read",
        ])
      {
        #expect(error.hasPrefix(start), "\(error)")
      }
    }
    // By itself it is the error.
    let alone = try Program.run(["predict", "r", "--input", "2.png"], in: folder.path)
    #expect(alone.status == 1 && alone.lines.isEmpty)
    #expect(alone.errors.split(separator: "\n").count == 1, "\(alone)")
  }

  @Test func whatIsNoSingleImageStandsAlone() throws {
    try train()
    try make("empty/inner")
    let none = try Program.run(["predict", "r", "--input", "empty"], in: folder.path)
    #expect(none.status == 1, "\(none)")
    #expect(none.errors.hasPrefix("backprop: empty: there are no .png, .jpg or .jpeg files; give"))

    _ = try Program.succeed(
      ["train", "digits", "--run", "d", "--set", "training.epochs=1"], in: folder.path)
    let row = [String](repeating: "0", count: 64).joined(separator: ",")
    try write("\(row)\n\(row)\n", to: folder("pixels.csv"))
    try AtomicFile.write(
      PlainPNG.file(height: 8, width: 8, pixels: .init(repeating: 9, count: 64)),
      to: folder("8.png"))
    let mixed = try Program.run(
      ["predict", "d", "--input", "pixels.csv", "8.png"], in: folder.path)
    #expect(mixed.status == 1 && mixed.lines.count == 1, "\(mixed)")
    #expect(
      mixed.errors.hasPrefix(
        "backprop: pixels.csv: the file is no single image or recording; give it alone."))

    try write("x,y\n" + (0..<40).map { "\($0 * 7 % 11),\($0)\n" }.joined(), to: folder("t.csv"))
    try write(
      """
      task: regression
      data: {source: csv, train: t.csv, target: y}
      model: {kind: mlp, hidden: [4]}
      training: {epochs: 1, batch: 8}

      """, to: folder("t.yaml"))
    _ = try Program.succeed(["train", "t.yaml", "--run", "t"], in: folder.path)
    let two = try Program.run(
      ["predict", "t", "--input", "t.csv", "more.csv"], in: folder.path)
    #expect(two.status == 1 && two.lines.isEmpty)
    #expect(two.errors.hasPrefix("backprop: more.csv: this is one file more than is read"))
  }
}
