// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropRuntime
import BackpropTraining

/// `backprop bench --profile`: where the time of a step goes, kernel by kernel, beside what the
/// machine reaches at its best in the same run. Kernels of the same name and sizes share a line.
struct Profile {
  let workload: String
  let dtype: DType
  let seconds: Double
  /// Whether each kernel of the step gets a line of its own.
  let each: Bool
  let json: Bool

  func run() throws {
    let steps = try Steps(workload, dtype: dtype)
    // The first steps have no running averages and buffers of their own yet.
    for _ in 0..<4 { try steps.next() }
    guard let plan = Evaluator.latestPlan else { return }
    let peak = Peak(CPU.current)
    let limit = dtype == .bfloat16 ? peak.bfloat16 : peak.float32
    Evaluator.takeTimes()
    let whole = Stopwatch()
    var (sum, count) = (0.0, 0)
    while whole.seconds < seconds || count < 3 {
      try steps.prepare()
      let watch = Stopwatch()
      try steps.run()
      sum += watch.seconds
      count += 1
    }
    let total = sum / Double(count)
    let times = Evaluator.times.map { $0 / Double(count) }
    if !json { printHead(peak, total) }
    var lines: [Line] = []
    var places: [String: Int] = [:]
    for (time, step) in zip(times, plan.steps) {
      // What bounds a kernel is the larger of its arithmetic and its memory traffic.
      let ideal = max(Double(step.operations) / limit, Double(step.bytesMoved) / peak.memory)
      let name = name(step)
      if !each, let place = places[name] {
        lines[place].add(time, step, ideal: ideal)
      } else {
        places[name] = lines.count
        lines.append(Line(name))
        lines[lines.count - 1].add(time, step, ideal: ideal)
      }
    }
    for line in lines.sorted(by: { $0.seconds > $1.seconds }) {
      if json {
        try Output.print(line.json(workload, total).text())
      } else {
        Output.print(line.text(total))
      }
    }
    let rest = total - times.reduce(0, +)
    if !json {
      Output.print(
        Text.left("tracing, finding the plan, waiting", 49)
          + Text.right(Text.fixed(rest * 1e6, 1), 11)
          + " µs" + Text.right(Text.percent(rest / total), 8))
    }
  }

  private func printHead(_ peak: Peak, _ total: Double) {
    Output.print(
      "\(workload): \(Text.fixed(total * 1e3, 3)) ms a step; multiply-adds "
        + "\(Text.short(peak.float32 / 1e9)) GFLOP/s, \(peak.memoryText)")
    Output.print(
      Text.left("kernel", 44) + Text.right("count", 5) + Text.right("time", 14)
        + Text.right("share", 8)
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
    case .zero(_, let count): return "zero \(count)"
    case .argument(_, _, let extremum, let outer, let count, let inner):
      return "argument \(extremum) \(outer) × \(count) × \(inner)"
    case .cumulativeSum(_, _, _, let outer, let count, let inner):
      return "cumulativeSum \(outer) × \(count) × \(inner)"
    case .convolution, .convolutionKernelGradient, .pooling, .copy, .gather, .scatterAdd, .put,
      .sort, .reduceRows:
      // What comes before the first operand.
      return String(step.description.prefix { $0 != "%" }.dropLast().prefix(43))
    }
  }

  /// Equal kernels of a step, or one of them.
  private struct Line {
    let name: String
    private var count = 0
    private(set) var seconds = 0.0
    private var operations = 0.0
    private var bytes = 0.0
    private var ideal = 0.0

    init(_ name: String) { self.name = name }

    mutating func add(_ time: Double, _ step: Step, ideal: Double) {
      count += 1
      seconds += time
      operations += Double(step.operations)
      bytes += Double(step.bytesMoved)
      self.ideal += ideal
    }

    func text(_ total: Double) -> String {
      Text.left(name, 44) + Text.right("\(count)", 5)
        + Text.right(Text.fixed(seconds * 1e6, 1), 11) + " µs"
        + Text.right(Text.percent(seconds / total), 8)
        + Text.right(Text.fixed(operations / seconds / 1e9, 1), 10)
        + Text.right(Text.fixed(bytes / seconds / 1e9, 1), 8)
        + Text.right(Text.percent(ideal / seconds), 10)
    }

    func json(_ workload: String, _ total: Double) -> JSONValue {
      .object(
        JSONObject([
          ("workload", .string(workload)), ("kernel", .string(name)), ("count", .integer(count)),
          ("microseconds", JSONValue(significant: seconds * 1e6)),
          ("share", JSONValue(significant: seconds / total)),
          ("gflop_per_s", JSONValue(significant: operations / seconds / 1e9)),
          ("gb_per_s", JSONValue(significant: bytes / seconds / 1e9)),
          ("share_of_limit", JSONValue(significant: ideal / seconds)),
        ]))
    }
  }
}
