// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropRuntime
import BackpropTraining

/// `backprop bench --profile`: where the time of a step goes, kernel by kernel, beside what the
/// machine reaches at its best in the same run.
struct Profile {
  let workload: String
  let dtype: DType
  let seconds: Double
  let json: Bool

  func run() throws {
    let steps = try Steps(workload, dtype: dtype)
    // The first steps have no running averages and buffers of their own yet.
    for _ in 0..<4 { try steps.run() }
    guard let plan = Evaluator.latestPlan else { return }
    let peak = Peak(CPU.current)
    let limit = dtype == .bfloat16 ? peak.bfloat16 : peak.float32
    Evaluator.takeTimes()
    let whole = Stopwatch()
    var count = 0
    while whole.seconds < seconds || count < 3 {
      try steps.run()
      count += 1
    }
    let total = whole.seconds / Double(count)
    let times = Evaluator.times.map { $0 / Double(count) }
    if !json { printHead(peak, total) }
    for (time, step) in zip(times, plan.steps).sorted(by: { $0.0 > $1.0 }) {
      // What bounds a kernel is the larger of its arithmetic and its memory traffic.
      let ideal = max(Double(step.operations) / limit, Double(step.bytesMoved) / peak.copy)
      let line = Line(
        name: name(step), seconds: time, share: time / total,
        flops: Double(step.operations) / time, bytes: Double(step.bytesMoved) / time,
        ofLimit: ideal / time)
      if json { try Output.print(line.json(workload).text()) } else { Output.print(line.text) }
    }
    let rest = total - times.reduce(0, +)
    if !json {
      Output.print(
        Text.left("tracing, finding the plan, waiting", 44)
          + Text.right(Text.fixed(rest * 1e6, 1), 11)
          + " µs" + Text.right(Text.percent(rest / total), 8))
    }
  }

  private func printHead(_ peak: Peak, _ total: Double) {
    Output.print(
      "\(workload): \(Text.fixed(total * 1e3, 3)) ms a step; multiply-adds "
        + "\(Text.short(peak.float32 / 1e9)) GFLOP/s, copy \(Text.short(peak.copy / 1e9)) GB/s")
    Output.print(
      Text.left("kernel", 44) + Text.right("time", 14) + Text.right("share", 8)
        + Text.right("GFLOP/s", 10) + Text.right("GB/s", 8) + Text.right("of limit", 10))
  }

  /// The kernel and its size, in few words.
  private func name(_ step: Step) -> String {
    switch step {
    case .matmul(let step):
      let batch = step.batch == 1 ? "" : "\(step.batch) × "
      let then = step.epilogue.map { " + \($0.instructions.count) words" } ?? ""
      return "product \(batch)\(step.m)×\(step.k)×\(step.n)" + then
    case .pass(let pass):
      return "pass \(pass.mode) \(pass.dims), \(pass.instructions.count) words"
    case .scan(let scan):
      return "loop of \(scan.steps) steps, \(scan.body.steps.count) kernels each"
    case .attention(let step):
      return (step.gradient == nil ? "attention " : "its gradient ") + step.text
    case .fourier(let step): return "transform \(step.rows) × \(step.count)"
    case .convolution, .convolutionKernelGradient, .pooling, .copy, .zero, .gather, .scatterAdd,
      .put,
      .argument, .cumulativeSum, .sort, .reduceRows:
      let text = step.description.split(separator: " ").prefix(8).joined(separator: " ")
      return String(text.prefix(43))
    }
  }

  private struct Line {
    let name: String
    let seconds: Double
    let share: Double
    let flops: Double
    let bytes: Double
    let ofLimit: Double

    var text: String {
      Text.left(name, 44) + Text.right(Text.fixed(seconds * 1e6, 1), 11) + " µs"
        + Text.right(Text.percent(share), 8) + Text.right(Text.fixed(flops / 1e9, 1), 10)
        + Text.right(Text.fixed(bytes / 1e9, 1), 8) + Text.right(Text.percent(ofLimit), 10)
    }

    func json(_ workload: String) -> JSONValue {
      .object(
        JSONObject([
          ("workload", .string(workload)), ("kernel", .string(name)),
          ("microseconds", JSONValue(significant: seconds * 1e6)),
          ("share", JSONValue(significant: share)),
          ("gflop_per_s", JSONValue(significant: flops / 1e9)),
          ("gb_per_s", JSONValue(significant: bytes / 1e9)),
          ("share_of_limit", JSONValue(significant: ofLimit)),
        ]))
    }
  }
}
