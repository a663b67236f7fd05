// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropFormats
import BackpropGraph
import BackpropTraining

/// `backprop bench`: whole training steps, or single kernels, measured on this machine.
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure training steps, or kernels, on this machine.",
    discussion: """
      A step is what a training step is: the Swift code is traced afresh, differentiated, and the
      optimizer updates the weights. Fixed random data; a warm-up before the steps that count.
      """)

  @Option(
    name: .customLong("workload"), parsing: .upToNextOption,
    help: ArgumentHelp(stringLiteral: Workload.names.joined(separator: ", ") + " (default: all)."))
  var workloads: [String] = []
  @Flag(help: "Measure kernels instead, with their share of the machine's peak.")
  var kernels = false
  @Flag(help: "Print the plan of a workload's step: what runs together, and in what memory.")
  var plan = false
  @Flag(help: "Show where the time of a workload's step goes, kernel by kernel.")
  var profile = false
  @Flag(help: "With --profile: a line for each kernel of a step, equal ones apart.")
  var each = false
  @Flag(help: "Measure what it costs to trace, differentiate and find a plan, in ns a node.")
  var tracing = false
  @Option(help: "Seconds for each measurement.") var seconds = 5.0
  @Option(help: "Threads to compute with (default: one for each core).") var threads: Int?
  @Option(help: "float32 or bfloat16.") var dtype = "float32"
  @Flag(help: "Print JSON lines.") var json = false

  func validate() throws {
    guard seconds > 0, seconds <= 3600 else {
      throw ValidationError("--seconds is \(seconds); choose a number from 0 to 3600.")
    }
    guard profile || !each else {
      throw ValidationError("--each is for --profile; add --profile, or leave it out.")
    }
    guard dtype == "float32" || dtype == "bfloat16" else {
      throw ValidationError("--dtype is '\(dtype)'; choose float32 or bfloat16.")
    }
    for name in workloads where !Workload.names.contains(name) {
      let near = nearestName(to: name, among: Workload.names).map { "did you mean '\($0)'? " } ?? ""
      throw ValidationError(
        "there is no workload '\(name)'; \(near)There are \(Workload.names.joined(separator: ", "))."
      )
    }
  }

  mutating func run() throws {
    try System.setThreads(threads)
    let type: DType = dtype == "bfloat16" ? .bfloat16 : .float32
    if tracing { return try TracingBench(seconds: seconds, json: json).run() }
    if kernels { return try KernelBench(seconds: seconds, json: json).run() }
    let names = workloads.isEmpty ? Workload.names : workloads
    if profile {
      for name in names {
        try Profile(workload: name, dtype: type, seconds: seconds, each: each, json: json).run()
      }
      return
    }
    if plan {
      for name in names { Output.print(try Workload.plan(name, dtype: type)) }
      return
    }
    if names.count == 1 {
      let result = try Workload.measure(names[0], seconds: seconds, dtype: type)
      return Output.print(json ? try result.json.text() : result.text)
    }
    // A process for each, so that memory and the time to the first step are its own.
    if !json { Output.print(BenchResult.header) }
    for name in names {
      var arguments = [
        System.executable, "bench", "--workload", name, "--seconds", "\(seconds)", "--dtype", dtype,
      ]
      if let threads { arguments += ["--threads", "\(threads)"] }
      if json { arguments.append("--json") }
      guard System.run(arguments) == 0 else {
        throw Failure.failed("the measurement of '\(name)' failed; see above.")
      }
    }
  }
}
