// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import Foundation
import TestSupport
import Testing

@Suite("Runs that are killed", .serialized) struct KillTests {
  private static let training = [
    "train", "digits", "--threads", "1", "--set", "training.epochs=200", "--set",
    "training.weight_average=0.99",
  ]

  /// The weights of the run that nobody kills.
  private static let whole: [UInt8]? = {
    let folder = TemporaryFolder()
    guard
      let outcome = try? Program.run(training + ["--run", "r"], in: folder.path),
      outcome.status == 0
    else { return nil }
    return try? bytes(folder("r/weights.safetensors"))
  }()

  @Test func endWithTheSameWeightsAllTheSame() throws {
    let whole = try #require(KillTests.whole)
    var random = Random(seed: UInt64(51))
    var resumed: [Int] = []
    for attempt in 0..<4 {
      let folder = TemporaryFolder()
      var arguments = KillTests.training + ["--run", "r", "--json"]
      var kills = 0
      while true {
        let running = try Running(arguments, in: folder.path)
        if kills < 2 {
          // Anywhere in the run: before its folder is there, or within some epoch.
          if attempt > 0 { _ = running.waits(for: "\"epoch\":\(1 + random.below(150)),") }
          usleep(UInt32(random.below(attempt > 0 ? 10_000 : 50_000)))
          running.send(SIGKILL)
        }
        let outcome = running.outcome()
        if let started = try? outcome.json().first(where: { $0["event"]?.string == "started" }) {
          resumed.append(started["position"]?.integer ?? 0)
        }
        if outcome.status == 0 { break }
        try #require(outcome.status == -SIGKILL, "\(outcome)")
        kills += 1
        // Killed before the record was there, it is begun again; else it goes on.
        let isThere = FileManager.default.fileExists(atPath: folder("r/run.json"))
        arguments =
          isThere
          ? ["train", "--threads", "1", "--run", "r", "--resume", "--json"]
          : KillTests.training + ["--run", "r", "--json"]
      }
      let weights = try bytes(folder("r/weights.safetensors"))
      #expect(weights == whole, "attempt \(attempt), begun at \(resumed)")
    }
    #expect(resumed.contains { $0 > 0 }, "\(resumed)")
  }

  @Test func anInterruptedRunSaysHowToGoOn() throws {
    let whole = try #require(KillTests.whole)
    let folder = TemporaryFolder()
    let running = try Running(KillTests.training + ["--run", "r", "--json"], in: folder.path)
    #expect(running.waits(for: "\"event\":\"epoch\""))
    running.send(SIGINT)
    let outcome = running.outcome()
    #expect(outcome.status == 1)
    #expect(
      outcome.errors == "backprop: interrupted; go on with 'backprop train --run r --resume'.\n")
    let stopped = try outcome.result()
    #expect(stopped["event"]?.string == "stopped" && stopped["reason"]?.string == "interrupted")
    // Beginning anew in its folder needs a word; other settings are refused.
    let again = try Program.run(KillTests.training + ["--run", "r"], in: folder.path)
    #expect(again.status == 1)
    #expect(
      again.errors
        == "backprop: r: there is an interrupted run; add --resume to go on with it or --overwrite "
        + "to begin anew.\n")
    let other = try Program.run(["train", "digits", "--run", "r", "--resume"], in: folder.path)
    #expect(other.status == 2)
    #expect(other.errors.contains("training.epochs is 200 there and 30 here"), "\(other)")
    let inspected = try Program.succeed(["inspect", "r"], in: folder.path)
    #expect(inspected.output.contains("go on with 'backprop train --run r --resume'"))

    let rest = try Program.succeed(
      ["train", "--threads", "1", "--run", "r", "--resume", "--json"], in: folder.path)
    let started = try #require(try rest.json().first)
    #expect(try #require(started["position"]?.integer) > 0)
    #expect(try bytes(folder("r/weights.safetensors")) == whole)
    let complete = try Program.run(["train", "--run", "r", "--resume"], in: folder.path)
    #expect(complete.status == 1 && complete.errors.contains("the run is complete"), "\(complete)")
  }

  @Test func leaveNoFilesBehindForever() throws {
    // Killed while its record was written: no run yet, and nothing in the way of one.
    let folder = TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder("r"), withIntermediateDirectories: false)
    try write("{", to: folder("r/.run.json.123-1.tmp"))
    _ = try Program.succeed(
      ["train", "digits", "--set", "training.epochs=1", "--run", "r"], in: folder.path)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder("r"))
    #expect(names.sorted() == ["metrics.jsonl", "run.json", "weights.safetensors"])
  }
}
