// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Runs whose files are not as they were") struct RunMisuseTests {
  /// A finished run of the table `t.csv` in a folder of its own.
  private func finished() throws -> BadFiles {
    let files = try BadFiles()
    _ = try Program.succeed(["train", "t.yaml", "--run", "r"], in: files.folder.path)
    return files
  }

  /// Runs the program and returns its one sentence; expects the status and no other output.
  private func sentence(
    _ arguments: String, _ files: BadFiles, status: Int32 = 1,
    at location: SourceLocation = #_sourceLocation
  ) throws -> String {
    let outcome = try Program.run(
      arguments.split(separator: " ").map(String.init), in: files.folder.path)
    #expect(outcome.status == status, "\(outcome)", sourceLocation: location)
    #expect(outcome.errors.hasPrefix("backprop: "), "\(outcome)", sourceLocation: location)
    #expect(outcome.errors.split(separator: "\n").count == 1, sourceLocation: location)
    return String(outcome.errors.dropFirst("backprop: ".count).dropLast())
  }

  private func expect(
    _ arguments: String, _ files: BadFiles, status: Int32 = 1, _ message: String,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let sentence = try sentence(arguments, files, status: status, at: location)
    #expect(sentence == message, "\(arguments)", sourceLocation: location)
  }

  @Test func rowsThatDoNotFitAreSaidSo() throws {
    let files = try finished()
    let cases = [
      (
        "predict r --input gone.csv",
        "gone.csv: there is no such file; check the path."
      ),
      (
        "predict r --input empty.csv",
        "empty.csv: the table is empty; give a file with at least one row."
      ),
      (
        "predict r --input header.csv",
        "header.csv: the table has no rows; give at least one."
      ),
      (
        "predict r --input other.csv",
        "other.csv, line 1: no header, and 2 fields where the model knows 3 columns (4 with "
          + "the target); give a header with the columns' names."
      ),
      (
        "predict r --input text.csv",
        "text.csv, line 11, column 'p': 'soon' is no number; correct the value, list it as a "
          + "mark of missing values, or declare the column categorical."
      ),
      (
        "predict r --input binary.csv",
        "binary.csv, line 1: a zero byte; this is no text; save the table as UTF-8 text."
      ),
      (
        "predict r --input cut.csv.gz",
        "cut.csv.gz, byte 173: the gzip data end early; fetch the file again."
      ),
      (
        "predict r --input short",
        "short: this is a folder; name a file in it."
      ),
      (
        "evaluate r --data nokind.csv",
        "nokind.csv, column 'kind': there is no such column; there are p, q, r."
      ),
    ]
    for (arguments, message) in cases {
      let sentence = try sentence(arguments, files)
      #expect(sentence == message, "\(arguments)")
    }
    // Without the target there is all that a prediction needs.
    #expect(
      try Program.succeed(["predict", "r", "--input", "nokind.csv"], in: files.folder.path)
        .lines.count == 1)
  }

  @Test func damagedFilesOfARunAreNamed() throws {
    let files = try finished()
    func path(_ name: String) -> String { files.folder("r/\(name)") }
    let weights = try bytes(path("weights.safetensors"))
    try AtomicFile.write(Array(weights.dropLast(5)), to: path("weights.safetensors"))
    try expect(
      "evaluate r", files,
      "r/weights.safetensors, 'layers.2.bias': its bytes 176 to 184 are not within the 179 "
        + "bytes of data; the file is damaged or made by something else.")
    try AtomicFile.write([], to: path("weights.safetensors"))
    try expect(
      "evaluate r", files,
      "r/weights.safetensors: 0 bytes are too few for a safetensors file; it was cut short; "
        + "fetch or write it again.")
    try SafetensorsWriter.write(
      [SafetensorsTensor(name: "w", type: .float32, shape: [1], bytes: [0, 0, 0, 0])],
      to: path("weights.safetensors"))
    try expect(
      "evaluate r", files,
      "r/weights.safetensors, 'embeddings.0.weight': there is no such tensor; the file "
        + "belongs to another model; train again.")
    unlink(path("weights.safetensors"))
    try expect(
      "predict r --input t.csv", files,
      "r/weights.safetensors: there is no such file; check the path.")
    try AtomicFile.write(weights, to: path("weights.safetensors"))
    _ = try Program.succeed(["evaluate", "r"], in: files.folder.path)
    let record = String(decoding: try bytes(path("run.json")), as: UTF8.self)
    try write(String(record.prefix(200)), to: path("run.json"))
    try expect(
      "evaluate r", files,
      "r/run.json, line 11, column 7: a string is never closed; the text must be strict JSON.")
    try write(record.replacing("\"hidden\"", with: "\"hiden\""), to: path("run.json"))
    try expect(
      "inspect r", files,
      "r/run.json, 'recipe': 'hiden' is no key of 'model'; the file is damaged or made by another "
        + "version; train again.")
  }

  @Test func dataThatChangedIsNoticed() throws {
    let files = try finished()
    let table = String(decoding: try bytes(files.folder("t.csv")), as: UTF8.self)
    try write(table.replacing("5.3", with: "5.4"), to: files.folder("t.csv"))
    try expect(
      "evaluate r", files,
      "r: the data has changed since the run, so its test part may hold what was learned; "
        + "put the old data back, or name other data by --data.")
  }

  @Test func earlierRunsAreNotOverwrittenByAccident() throws {
    let files = try finished()
    let before = try bytes(files.folder("r/weights.safetensors"))
    try expect(
      "train t.yaml --run r", files,
      "r: there is a complete run; name another folder or add --overwrite.")
    // A mistake found before training harms nothing, even with --overwrite.
    _ = try sentence("train one.yaml --run r --overwrite", files)
    _ = try sentence("train t.yaml --run r --overwrite --set training.batch=100", files)
    #expect(try bytes(files.folder("r/weights.safetensors")) == before)
    _ = try Program.succeed(
      ["train", "t.yaml", "--run", "r", "--overwrite", "--seed", "4"], in: files.folder.path)
    #expect(try bytes(files.folder("r/weights.safetensors")) != before)
  }
}
