// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropRuntime
import BackpropTraining
import CBackprop

/// `backprop bench --kernels`: each kernel's rate and its share of what the machine reaches in the
/// same run, by a loop of multiply-adds, or by the faster of a copy and a loop that only reads.
struct KernelBench {
  let seconds: Double
  let json: Bool

  func run() throws {
    let cpu = CPU.current
    let level = cpu.level
    let threads = cpu.pool.threadCount
    let peak = Peak(cpu)
    if !json {
      Output.print(
        "\(String(cString: bp_level_name(level))), \(threads) thread\(threads == 1 ? "" : "s"): "
          + "multiply-adds \(Text.short(peak.float32 / 1e9)) GFLOP/s, bfloat16 products "
          + "\(Text.short(peak.bfloat16 / 1e9)) GFLOP/s, \(peak.memoryText)")
    }
    for kernel in KernelCase.all { try measure(kernel, peak, threads) }
  }

  private func measure(_ kernel: KernelCase, _ peak: Peak, _ threads: Int) throws {
    let inputs = kernel.inputs()
    try evaluate(inputs)
    var times: [Double] = []
    let whole = Stopwatch()
    // The first run plans, the next few wake the caches.
    for _ in 0..<3 { try evaluate(kernel.body(inputs)) }
    while whole.seconds < min(seconds, 1) || times.count < 5 {
      let watch = Stopwatch()
      let result = kernel.body(inputs)
      try evaluate(result)
      times.append(watch.seconds)
    }
    times.sort()
    let median = times[times.count / 2]
    let (rate, unit, best): (Double, String, Double) =
      switch kernel.measure {
      case .operations(let count, let type):
        (count / median, "GFLOP/s", type == .bfloat16 ? peak.bfloat16 : peak.float32)
      case .bytes(let count): (count / median, "GB/s", peak.memory)
      }
    if json {
      try Output.print(
        JSONValue.object(
          JSONObject([
            ("kernel", .string(kernel.name)), ("threads", .integer(threads)),
            (unit == "GB/s" ? "gb_per_s" : "gflop_per_s", JSONValue(significant: rate / 1e9)),
            ("share_of_peak", JSONValue(significant: rate / best)),
            ("microseconds", JSONValue(significant: median * 1e6)),
          ])
        ).text())
    } else {
      Output.print(
        Text.left(kernel.name, 34) + Text.right(Text.fixed(median * 1e6, 1), 12) + " µs"
          + Text.right(Text.fixed(rate / 1e9, 1), 10) + " " + Text.left(unit, 8)
          + Text.right(Text.percent(rate / best), 9))
    }
  }
}

/// What the machine reaches at its best, with all threads at once.
struct Peak {
  let float32: Double
  let bfloat16: Double
  /// Bytes read and written per second by copying.
  let copy: Double
  /// Bytes read per second by summing.
  let read: Double

  /// Bytes per second that a kernel can move at most, whatever it reads and writes.
  var memory: Double { max(copy, read) }

  /// `copy 50 GB/s, read 43 GB/s`
  var memoryText: String {
    "copy \(Text.short(copy / 1e9)) GB/s, read \(Text.short(read / 1e9)) GB/s"
  }

  init(_ cpu: CPU) {
    let level = cpu.level
    let threads = cpu.pool.threadCount
    float32 = Peak.sum(cpu) { _ in bp_peak_flops(level, 0.3) }
    let bfloat = Peak.sum(cpu) { _ in bp_peak_bf16(level, 0.3) }
    // Without dot products of bfloat16 the multiply-adds of float32 are the limit.
    bfloat16 = bfloat > 0 ? bfloat : float32
    let size = 32 << 20
    let blocks = (0..<2 * threads).map { _ -> HostBuffer in
      let block = HostBuffer(byteCount: size)
      block.pointer.initializeMemory(as: UInt8.self, repeating: 1, count: size)
      return block
    }
    copy = Peak.sum(cpu) { thread in
      bp_copy_bandwidth(
        blocks[2 * thread].pointer, blocks[2 * thread + 1].pointer, size, 0.3)
    }
    read = ReadLoop(cpu).best(seconds: 0.3)
  }

  /// The sum of what each thread reaches while all work.
  private static func sum(_ cpu: CPU, _ body: (Int) -> Double) -> Double {
    let threads = cpu.pool.threadCount
    let results = HostBuffer(byteCount: threads * MemoryLayout<Double>.stride)
    let rates = results.pointer.bindMemory(to: Double.self, capacity: threads)
    cpu.pool.run(tasks: threads) { task, _ in rates[task] = body(task) }
    return (0..<threads).reduce(0) { $0 + rates[$1] }
  }
}
