// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropTraining

/// What a workload reached.
struct BenchResult {
  let workload: String
  let dtype: DType
  let threads: Int
  let items: Double
  /// Seconds of each step, sorted.
  let times: [Double]
  let firstStep: Double
  /// The most memory of the steps, in MiB.
  let peakMemory: Int
  /// What memory gives and the steps take of it, where it sets their pace.
  let traffic: Traffic?

  private var median: Double { times[times.count / 2] }

  /// The keys that the peers' script prints, and those of the traffic.
  var json: JSONValue {
    var object = JSONObject([
      ("workload", .string(workload)), ("system", "backprop"),
      ("dtype", .string(dtype.description)), ("threads", .integer(threads)),
      ("items_per_s_median", .number(rounded(items / median, 2))),
      ("items_per_s_best", .number(rounded(items / times[0], 2))),
      ("step_ms_median", .number(rounded(median * 1e3, 4))),
      ("first_step_s", .number(rounded(firstStep, 3))),
      ("peak_rss_mib", .integer(peakMemory)),
    ])
    if let traffic {
      object["read_gb_per_s"] = JSONValue(significant: traffic.bytes / median / 1e9)
      object["machine_read_gb_per_s"] = JSONValue(significant: traffic.bandwidth / 1e9)
      object["share_of_machine"] = JSONValue(significant: traffic.share(median))
    }
    return .object(object)
  }

  static let header =
    "workload  threads      items/s (best)         step   first step    memory"

  var text: String {
    let line =
      Text.left(workload, 10) + Text.right("\(threads)", 7)
      + Text.right(Text.grouped(Int(items / median)), 13)
      + Text.right("(\(Text.grouped(Int(items / times[0]))))", 13)
      + Text.right("\(Text.short(median * 1e3)) ms", 13)
      + Text.right("\(Text.fixed(firstStep, 3)) s", 13)
      + Text.right("\(peakMemory) MiB", 10)
    guard let traffic else { return line }
    return line
      + "\n  a step reads \(Text.fixed(traffic.bytes / 1e6, 0)) MB of weights and caches: "
      + "\(Text.fixed(traffic.bytes / median / 1e9, 1)) GB/s, "
      + "\(Text.percent(traffic.share(median))) of the "
      + "\(Text.fixed(traffic.bandwidth / 1e9, 1)) GB/s that a loop reads"
  }

  private func rounded(_ value: Double, _ places: Int) -> Double {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    return (value * scale).rounded() / scale
  }
}

/// The memory that a step reads at least, beside what the machine can read.
struct Traffic {
  /// Bytes of a step.
  let bytes: Double
  /// Bytes per second that all threads together read, in the median of passes between the steps.
  let bandwidth: Double

  /// What a step of so many seconds reaches of the bandwidth.
  func share(_ seconds: Double) -> Double { bytes / seconds / bandwidth }
}
