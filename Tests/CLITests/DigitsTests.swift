// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite("The first run that anybody makes") struct DigitsTests {
  @Test func trainEvaluateInspectAndList() throws {
    let folder = TemporaryFolder()
    let trained = try Program.succeed(["train", "digits", "--json"], in: folder.path)
    let done = try trained.result()
    #expect(done.object?.keys == ["event", "test", "run", "seconds", "peak_rss_mib"])
    #expect(done["event"]?.string == "done" && done["run"]?.string == "runs/digits-1")
    let accuracy = try #require(done["test"]?["accuracy"]?.number)
    #expect(accuracy >= 0.97)
    #expect(try #require(done["peak_rss_mib"]?.integer) < 500)

    let epochs = try trained.json().filter { $0["event"]?.string == "epoch" }
    #expect(epochs.compactMap { $0["epoch"]?.integer } == Array(1...30))
    for epoch in epochs {
      #expect(epoch.object?.keys == ["event", "epoch", "train", "validation", "seconds"])
      #expect(epoch["train"]?.object?.keys == ["loss"])
      #expect(epoch["validation"]?.object?.keys == ["loss", "accuracy"])
    }
    let started = try #require(try trained.json().first { $0["event"]?.string == "started" })
    #expect(started["position"]?.integer == 0 && started["examples"]?.integer == 1258)

    let evaluated = try Program.succeed(["evaluate", "runs/digits-1", "--json"], in: folder.path)
    let result = try evaluated.result()
    #expect(result["test"] == done["test"])
    #expect(result["examples"]?.integer == 359)
    let confusion = try #require(result["confusion"]?.array).map { $0.array ?? [] }
    let right = confusion.indices.reduce(0) { $0 + (confusion[$1][$1].integer ?? 0) }
    #expect(abs(Double(right) / 359 - accuracy) < 1e-6)

    let inspected = try Program.succeed(["inspect", "runs/digits-1", "--json"], in: folder.path)
      .result()
    #expect(inspected["complete"]?.bool == true && inspected["test"] == done["test"])
    let listed = try Program.succeed(["list", "--json"], in: folder.path).json()
    let recipes = listed.compactMap { $0["recipe"]?.string }
    #expect(recipes.contains("fashion-mnist"))
    #expect(listed.last?["run"]?.string == "runs/digits-1")
    #expect(listed.last?["accuracy"]?.number == done["test"]?["accuracy"]?.number)
    // For people.
    for arguments in [["evaluate", "runs/digits-1"], ["inspect", "runs/digits-1"], ["list"]] {
      #expect(try Program.succeed(arguments, in: folder.path).output.contains("digits"))
    }
    // A complete run has what it needs and nothing else.
    #expect(
      try Program.shell("ls -A runs/digits-1", in: folder.path).lines
        == ["metrics.jsonl", "run.json", "weights.safetensors"])
  }

  @Test func aRunForPeopleSaysWhatCanBeDoneNext() throws {
    let folder = TemporaryFolder()
    let outcome = try Program.succeed(
      ["train", "digits", "--set", "training.epochs=2", "--run", "r"], in: folder.path)
    #expect(outcome.output.contains("Test, 359 examples never seen before:"))
    #expect(outcome.output.contains("backprop evaluate r"))
    #expect(!outcome.output.contains("\u{1b}["), "no control codes where there is no terminal")
  }

  @Test func theSeedDecidesEveryBit() throws {
    let folder = TemporaryFolder()
    func weights(_ name: String, _ more: String...) throws -> [UInt8] {
      _ = try Program.succeed(
        ["train", "digits", "--set", "training.epochs=3", "--run", name] + more, in: folder.path)
      return try bytes(folder("\(name)/weights.safetensors"))
    }
    let first = try weights("a", "--threads", "1")
    #expect(try weights("b", "--threads", "3") == first)
    #expect(try weights("c", "--seed", "1") != first)
  }

  @Test func thePrecisionOfProductsIsAnOption() throws {
    let folder = TemporaryFolder()
    func weights(_ name: String, _ more: String...) throws -> [UInt8] {
      _ = try Program.succeed(
        ["train", "digits", "--set", "training.epochs=2", "--run", name] + more, in: folder.path)
      return try bytes(folder("\(name)/weights.safetensors"))
    }
    let halves = try weights("a", "--precision", "bfloat16")
    #expect(try weights("b", "--set", "training.precision=bfloat16") == halves)
    #expect(try weights("c", "--precision", "float32") != halves)
    func loss(_ more: String...) throws -> Double {
      let result = try Program.succeed(["evaluate", "a", "--json"] + more, in: folder.path).result()
      return try #require(result["test"]?["log_loss"]?.number)
    }
    let (trained, exact) = (try loss(), try loss("--precision", "float32"))
    #expect(try loss("--precision", "bfloat16") == trained)
    #expect(exact != trained && abs(exact - trained) < 0.02 * trained, "\(exact), \(trained)")
  }

  @Test func pixelsArePredictedFromCSVAndIDX() throws {
    let folder = TemporaryFolder()
    _ = try Program.succeed(
      ["train", "digits", "--set", "training.epochs=4", "--run", "r"], in: folder.path)
    let pixels = (0..<3).map { image in (0..<64).map { ($0 * 7 + image) % 17 } }
    try write(
      pixels.map { $0.map(String.init).joined(separator: ",") }.joined(separator: "\n"),
      to: folder("p.csv"))
    let idx = IDX(
      type: .uint8, shape: [3, 8, 8], bytes: pixels.flatMap { $0.map(UInt8.init) })
    try AtomicFile.write(Gzip.compress(idx.encoded()), to: folder("p.idx.gz"))
    let outputs = try ["p.csv", "p.idx.gz"].map {
      try Program.succeed(["predict", "r", "--input", $0, "--json"], in: folder.path).json()
    }
    #expect(outputs[0] == outputs[1] && outputs[0].count == 3)
    for (row, line) in outputs[0].enumerated() {
      #expect(line.object?.keys == ["row", "prediction", "probabilities"])
      #expect(line["row"]?.integer == row + 1)
      let probabilities = try #require(line["probabilities"]?.object).members
      let sum = probabilities.reduce(0) { $0 + ($1.value.number ?? 0) }
      #expect(probabilities.count == 10 && abs(sum - 1) < 1e-4)
      let best = probabilities.max { ($0.value.number ?? 0) < ($1.value.number ?? 0) }
      #expect(best?.key == line["prediction"]?.string)
    }
    #expect(
      try Program.succeed(["predict", "r", "--input", "p.csv"], in: folder.path).lines.count == 3)
  }

  @Test func aDryRunReadsNoDataAndMakesNoFile() throws {
    let folder = TemporaryFolder()
    let plan = try Program.succeed(["train", "mnist", "--dry-run", "--json"], in: folder.path)
      .result()
    #expect(
      plan.object?.keys == [
        "event", "name", "parameters", "operations_per_step", "bytes_moved_per_step",
        "kernels_per_step", "peak_bytes",
      ])
    #expect(plan["parameters"]?.integer == 535_818)
    let text = try Program.succeed(["train", "mnist", "--dry-run"], in: folder.path).output
    #expect(text.contains("535,818") && text.contains("peak memory"))
    #expect(folder.names.isEmpty)
  }

  @Test func theBenchmarkPrintsTheKeysOfItsPeers() throws {
    let result = try Program.succeed(
      ["bench", "--workload", "tiny", "--seconds", "0.1", "--json"]
    ).result()
    #expect(
      result.object?.keys == [
        "workload", "system", "dtype", "threads", "items_per_s_median", "items_per_s_best",
        "step_ms_median", "first_step_s", "peak_rss_mib",
      ])
    #expect(result["workload"]?.string == "tiny" && result["system"]?.string == "backprop")
    for (key, value) in result.object?.members ?? [] where value.string == nil {
      #expect(try #require(value.number) > 0, "\(key)")
    }
    #expect(
      try Program.succeed(["bench", "--workload", "tiny", "--seconds", "0.1"]).lines.count == 1)
  }

  @Test func helpAndVersionAreResults() throws {
    for arguments in [["--help"], ["help", "train"], ["train", "--help"], ["--version"], []] {
      #expect(try !Program.succeed(arguments).output.isEmpty)
    }
    #expect(try Program.succeed(["data", "list"]).output.contains("mnist"))
  }

  @Test func aReaderThatLeavesEndsTheProgramQuietly() throws {
    let folder = TemporaryFolder()
    let outcome = try Program.shell(
      "(\"$0\" list; echo $? >&2) | true; wait", in: folder.path)
    #expect(outcome.errors == "0\n")
  }
}
