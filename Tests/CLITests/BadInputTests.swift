// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import Foundation
import TestSupport
import Testing

/// A folder with good and bad files, in which the program is used wrongly.
struct BadFiles {
  let folder = TemporaryFolder()

  init() throws {
    let rows = (0..<40).map { row in
      let kind = row % 3 == 0 ? "a" : "b"
      return "\(row % 7),\(kind == "a" ? 5 : 1).\(row % 10),\(["x", "y"][row % 2]),\(kind)"
    }
    let table = "p,q,r,kind\n" + rows.joined(separator: "\n") + "\n"
    func lines(_ change: (Int, String) -> String) -> String {
      "p,q,r,kind\n" + rows.enumerated().map { change($0, $1) }.joined(separator: "\n") + "\n"
    }
    let tables: [(String, String)] = [
      ("t", table), ("empty", ""), ("header", "p,q,r,kind\n"),
      ("one", lines { $1.dropLast() + "a" }),
      ("text", lines { $0 == 9 ? "soon" + $1.dropFirst() : $1 }),
      ("inf", lines { $0 == 9 ? "inf" + $1.dropFirst() : $1 }),
      ("ragged", lines { $0 == 9 ? $1 + ",7" : $1 }),
      ("quote", lines { $0 == 9 ? "\"" + $1 : $1 }),
      ("few", "p,q,r,kind\n1,2,x,a\n2,3,y,b\n"),
      ("nokind", "p,q,r\n1,2,x\n"), ("other", "u,v\n1,2\n"),
    ]
    for (name, text) in tables { try write(text, to: folder("\(name).csv")) }
    try AtomicFile.write([1, 2, 0, 0, 3, 0xff, 0, 9], to: folder("binary.csv"))
    try AtomicFile.write(
      Gzip.compress(Array(table.utf8)).dropLast(9) + [], to: folder("cut.csv.gz"))
    for (name, text) in BadFiles.recipes { try write(text, to: folder("\(name).yaml")) }
    try BadFiles.images(folder)
  }

  private static var recipes: [(String, String)] {
    func recipe(_ train: String, _ more: String = "") -> String {
      "task: classification\ndata:\n  source: csv\n  train: \(train)\n  target: kind\n\(more)"
        + "model:\n  hidden: [4]\ntraining:\n  epochs: 2\n  batch: 8\n"
    }
    let names = ["t", "empty", "header", "one", "text", "inf", "ragged", "quote", "few", "binary"]
    return names.map { ($0, recipe("\($0).csv", "  numeric: [p]\n")) } + [
      ("cut", recipe("cut.csv.gz")), ("gone", recipe("gone.csv")),
      ("nocolumn", recipe("t.csv", "  log: [w]\n")),
      ("notarget", recipe("t.csv").replacing("kind", with: "sort")),
      ("number", recipe("t.csv").replacing("classification", with: "regression")),
      ("key", recipe("t.csv").replacing("hidden", with: "hiden")),
      ("broken", "task: [classification\n"), ("nothing", ""),
      ("folder", "task: classification\ndata:\n  source: images\ntraining:\n  batch: 1\n"),
    ]
  }

  /// Folders of images, each with something wrong.
  private static func images(_ folder: TemporaryFolder) throws {
    func images(_ count: Int) -> [UInt8] {
      IDX(
        type: .uint8, shape: [count, 28, 28], bytes: [UInt8](repeating: 7, count: count * 784)
      ).encoded()
    }
    func labels(_ count: Int) -> [UInt8] {
      IDX(type: .uint8, shape: [count], bytes: (0..<count).map { UInt8($0 % 10) }).encoded()
    }
    func make(_ name: String, _ train: [UInt8], _ trainLabels: [UInt8]) throws {
      try FileManager.default.createDirectory(
        atPath: folder(name), withIntermediateDirectories: false)
      try AtomicFile.write(train, to: folder("\(name)/train-images-idx3-ubyte"))
      try AtomicFile.write(trainLabels, to: folder("\(name)/train-labels-idx1-ubyte"))
      try AtomicFile.write(images(20), to: folder("\(name)/t10k-images-idx3-ubyte"))
      try AtomicFile.write(labels(20), to: folder("\(name)/t10k-labels-idx1-ubyte"))
    }
    try make("short", Array(images(30).dropLast(100)), labels(30))
    try make("magic", [1, 2, 3, 4] + images(30), labels(30))
    try make("packed", Array(Gzip.compress(images(30)).dropLast(20)), labels(30))
    try make("count", images(30), labels(29))
    try make("label", images(30), labels(29) + [77])
    var wrong = labels(30)
    wrong[20] = 77
    try make("eleven", images(30), wrong)
    try FileManager.default.createDirectory(
      atPath: folder("nothing"), withIntermediateDirectories: false)
    for (place, height) in [("sizes/a/1", 4), ("sizes/b/1", 5), ("broken/a/1", 4)] {
      let path = folder(place)
      try FileManager.default.createDirectory(
        atPath: String(path.dropLast(2)), withIntermediateDirectories: true)
      let file = PlainPNG.file(
        height: height, width: 4, pixels: [UInt8](repeating: 7, count: 4 * height))
      try AtomicFile.write(
        Array(file.dropLast(place.hasPrefix("broken") ? 9 : 0)), to: path + ".png")
    }
  }
}

/// What is typed, how the program must end, and what it must say. `FOLDER` stands for the folder.
struct Misuse: Sendable, CustomTestStringConvertible {
  let arguments: String
  let status: Int32
  let message: String

  init(_ arguments: String, _ status: Int32, _ message: String) {
    self.arguments = arguments
    self.status = status
    self.message = message
  }

  var testDescription: String { arguments }
}

@Suite("Bad input") struct BadInputTests {
  private func check(_ misuse: Misuse) throws {
    let folder = try BadFiles().folder
    let run = "fresh"
    var arguments = misuse.arguments.split(separator: " ").map(String.init)
    let isTraining = arguments.first == "train" && !misuse.arguments.contains("--r")
    if isTraining { arguments += ["--run", run] }
    let outcome = try Program.run(arguments, in: folder.path)
    #expect(outcome.status == misuse.status, "\(outcome)")
    let sentence = String(outcome.errors.dropLast())
    #expect(cut(sentence, like: "backprop: \(misuse.message)") == "backprop: \(misuse.message)")
    #expect(outcome.errors.split(separator: "\n").count == 1)
    #expect(outcome.output.isEmpty)
    // Nothing is left of a run that never began.
    #expect(!FileManager.default.fileExists(atPath: folder(run)))
  }

  @Test(arguments: tables) func inTablesEndsInOneSentence(misuse: Misuse) throws {
    try check(misuse)
  }
  @Test(arguments: images) func inImagesEndsInOneSentence(misuse: Misuse) throws {
    try check(misuse)
  }
  @Test(arguments: recipes) func onTheCommandLineEndsInOneSentence(misuse: Misuse) throws {
    try check(misuse)
  }

  private static let tables = [
    Misuse(
      "train gone.yaml", 1,
      "gone.csv: there is no such file; give the folder with the files by --data."),
    Misuse(
      "train t.yaml --data gone", 1,
      "gone: there is no such file; give the folder with the files by --data."),
    Misuse(
      "train empty.yaml", 1,
      "empty.csv: the table is empty; give a file with at least one row."),
    Misuse(
      "train header.yaml", 1,
      "header.csv: the table is empty: a header and no rows; give a file with at least one "
        + "row."),
    Misuse(
      "train one.yaml", 1,
      "one.csv, column 'kind': the target has only one class ('a') in the 28 rows to train "
        + "with; give rows of at least two classes, or choose another target."),
    Misuse(
      "train text.yaml", 1,
      "text.csv, line 11, column 'p': 'soon' is no number; correct the value, list it as a "
        + "mark of missing values, or declare the column categorical."),
    Misuse(
      "train inf.yaml", 1,
      "inf.csv, line 11, column 'p': 'inf' is infinite; correct the value, or let infinite "
        + "numbers count as missing."),
    Misuse(
      "train ragged.yaml", 1,
      "ragged.csv, line 11: 5 fields where line 1 has 4; check the delimiter (,) and quote "
        + "fields that contain it."),
    Misuse(
      "train quote.yaml", 1,
      "quote.csv, line 11: a quoted field is never closed; close it, or read the file "
        + "without quotes."),
    Misuse(
      "train few.yaml", 1,
      "a batch of 8 is larger than the data (2 examples); choose a batch of at most 2."),
    Misuse(
      "train binary.yaml", 1,
      "binary.csv, line 1: a zero byte; this is no text; save the table as UTF-8 text."),
    Misuse(
      "train cut.yaml", 1,
      "cut.csv.gz, byte 173: the gzip data end early; fetch the file again."),
    Misuse(
      "train nocolumn.yaml", 1,
      "t.csv, column 'w': there is no such column; there are p, q, r, kind."),
    Misuse(
      "train notarget.yaml", 1,
      "t.csv, column 'sort': there is no such column; there are p, q, r, kind."),
    Misuse(
      "train number.yaml", 1,
      "t.csv, line 2, column 'kind': 'a' is no number; correct the value, list it as a mark "
        + "of missing values, or declare the column categorical."),
    Misuse(
      "train t.yaml --set training.batch=100", 1,
      "a batch of 100 is larger than the data (28 examples); choose a batch of at most 28."),
    Misuse(
      "train t.yaml --dry-run --data empty.csv", 1,
      "empty.csv: the table is empty; give a file with at least one row."),
  ]

  private static let images = [
    Misuse(
      "train mnist", 1,
      "data/mnist: there is no such folder; run 'backprop data get mnist' or give the folder "
        + "with the files by --data."),
    Misuse(
      "train mnist --data gone", 1,
      "gone: there is no such folder; run 'backprop data get mnist' or give the folder with "
        + "the files by --data."),
    Misuse(
      "train mnist --data nothing", 1,
      "nothing: no train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, "
        + "t10k-labels-idx1-ubyte here (looked for each with and without .gz); run 'backprop "
        + "data get mnist' or give the folder with --data."),
    Misuse(
      "train mnist --data short", 1,
      "short/train-images-idx3-ubyte, byte 16: the shape [30, 28, 28] needs 23520 bytes, but "
        + "23420 follow; the file was cut short or damaged; fetch it again."),
    Misuse(
      "train mnist --data magic", 1,
      "magic/train-images-idx3-ubyte, byte 0: not an IDX file: the first two bytes should be "
        + "zero; give the file as it was published, gzipped or not."),
    Misuse(
      "train mnist --data packed", 1,
      "packed/train-images-idx3-ubyte, byte 51: the gzip data end early; fetch the file "
        + "again."),
    Misuse(
      "train mnist --data count", 1,
      "count/train-images-idx3-ubyte: 30 images, but count/train-labels-idx1-ubyte has 29 "
        + "labels; fetch both files again."),
    Misuse(
      "train mnist --data eleven", 1,
      "eleven/train-labels-idx1-ubyte: the label 77 of image 12 is not below 10; fetch the "
        + "file again."),
    Misuse(
      "train mnist --data t.csv", 1,
      "t.csv: there is no such folder; run 'backprop data get mnist' or give the folder with "
        + "the files by --data."),
    Misuse(
      "train folder.yaml --data sizes", 1,
      "sizes/b/1.png: the image is 5x4 (height x width), and sizes/a/1.png is 4x4; give images of "
        + "one size, or let all be brought to one, for example by data.size: 4."),
    Misuse(
      "train folder.yaml --data broken", 1,
      "broken/a/1.png: this PNG image cannot be decoded: the data end early; it is damaged or was "
        + "cut short; fetch or write it again."),
    Misuse(
      "train folder.yaml --data nothing", 1,
      "nothing: there are no folders with .png, .jpg or .jpeg files; give a folder with a folder "
        + "for each label, or a pattern of names with {label}."),
    Misuse(
      "train digits --data t.csv", 1,
      "t.csv: the digits are built in; leave out --data."),
  ]

  private static let recipes = [
    Misuse(
      "train key.yaml", 2,
      "key.yaml, line 7, column 3: 'hiden' is no key of 'model'; did you mean 'hidden'?"),
    Misuse(
      "train broken.yaml", 2,
      "broken.yaml, line 2, column 1: this is not YAML: did not find expected ',' or ']'; "
        + "correct the YAML there."),
    Misuse(
      "train nothing.yaml", 2,
      "nothing.yaml: the file is empty; write at least `task:`, `data:` and `model:`."),
    Misuse(
      "train no.yaml", 1,
      "no.yaml: there is no such file; check the path."),
    Misuse(
      "train digit", 2,
      "there is no recipe 'digit'; did you mean 'digits'? Built in are digits, …"),
    Misuse(
      "train .", 1,
      ".: this is a folder; name a file in it."),
    Misuse(
      "train ./", 1,
      "./: this is a folder; name a file in it."),
    Misuse(
      "train binary.csv", 2,
      "binary.csv: this is not UTF-8 text; name a YAML file."),
    Misuse(
      "train digits --set training.epochs=none", 2,
      "--set training.epochs=none: training.epochs is a whole number, not 'none'."),
    Misuse(
      "train digits --seed=-4", 2,
      "--set seed=-4: seed is at least 0, not -4."),
    Misuse(
      "train digits --precision float16", 2,
      "--precision is 'float16'; choose float32 or bfloat16."),
    Misuse(
      "train digits --threads 0", 2,
      "--threads is 0; choose a number from 1 to 1024."),
    Misuse(
      "inspect gone", 2,
      "there is no recipe 'gone'; built in are digits, …"),
    Misuse(
      "train --resume", 2,
      "--resume needs the folder of the run; add --run DIR."),
    Misuse(
      "train --run gone --resume", 1,
      "gone: there is no run here (no run.json); name a folder that 'backprop train' made; "
        + "'backprop list' shows them."),
    Misuse(
      "train digits --run short", 1,
      "short: the folder has files that are no run; name another folder."),
    Misuse(
      "train digits --run t.csv", 1,
      "t.csv: this is no folder; name a folder for the run."),
    Misuse(
      "train digits --run t.csv/r", 1,
      "t.csv/r: the folder cannot be made: Not a directory; choose another folder."),
    Misuse(
      "train digits --run /proc/none/r", 1,
      "/proc/none: the folder cannot be made: No such file or directory; choose another "
        + "folder."),
    Misuse(
      "evaluate gone --precision half", 2,
      "--precision is 'half'; choose float32 or bfloat16."),
    Misuse(
      "generate gone --precision half", 2,
      "--precision is 'half'; choose float32 or bfloat16."),
    Misuse(
      "evaluate gone", 1,
      "gone: there is no run here (no run.json); name a folder that 'backprop train' made; "
        + "'backprop list' shows them."),
    Misuse(
      "evaluate short", 1,
      "short: there is no run here (no run.json); name a folder that 'backprop train' made; "
        + "'backprop list' shows them."),
    Misuse(
      "predict gone --input t.csv", 1,
      "gone: there is no run here (no run.json); name a folder that 'backprop train' made; "
        + "'backprop list' shows them."),
    Misuse(
      "data get mnisst", 1,
      "there is no data set 'mnisst' to get; did you mean 'mnist'?"),
  ]
}
