// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropFormats

extension Event {
  /// The event as one JSON object; nil for `progress`, which is for screens.
  ///
  ///     {"event":"epoch","epoch":1,"train":{"loss":…},"validation":{"loss":…},"seconds":…}
  ///     {"event":"done","test":{"accuracy":…},"run":"runs/digits-1","seconds":…,"peak_rss_mib":…}
  package var json: JSONValue? {
    switch self {
    case .started(let started):
      var object = JSONObject([("event", "started"), ("name", .string(started.name))])
      object["run"] = started.run.map { .string($0) }
      object["parameters"] = .integer(started.parameters)
      object["examples"] = .integer(started.examples)
      object["validation_examples"] = .integer(started.validationExamples)
      object["epochs"] = .integer(started.epochs)
      object["steps_per_epoch"] = .integer(started.stepsPerEpoch)
      object["position"] = .integer(started.position)
      return .object(object)
    case .progress: return nil
    case .epoch(let report): return report.json
    case .warning(let text): return .object([("event", "warning"), ("text", .string(text))])
    case .stopped(let stop):
      let reason: JSONValue =
        switch stop.reason {
        case .noImprovement: "no_improvement"
        case .interrupted: "interrupted"
        }
      var object = JSONObject([
        ("event", "stopped"), ("reason", reason), ("epoch", .integer(stop.epoch)),
      ])
      object["best_epoch"] = stop.bestEpoch.map { .integer($0) }
      return .object(object)
    case .done(let done):
      var object = JSONObject([("event", "done")])
      object["test"] = done.test?.json ?? .null
      object["run"] = done.run.map { .string($0) } ?? .null
      object["seconds"] = .number(places(done.seconds, 3))
      object["peak_rss_mib"] = .integer(done.peakMemory)
      return .object(object)
    }
  }
}

extension EpochReport {
  /// The report as the line that `--json` prints.
  package var json: JSONValue {
    var object = JSONObject([
      ("event", "epoch"), ("epoch", .integer(epoch)), ("train", train.json),
    ])
    object["validation"] = validation?.json
    object["seconds"] = .number(places(seconds, 3))
    return .object(object)
  }
}

extension Metrics {
  /// Names to numbers with six significant digits; what is not finite becomes null.
  package var json: JSONValue {
    .object(JSONObject(values.map { ($0.name, JSONValue(significant: $0.value)) }))
  }

  /// Reads what ``json`` wrote.
  package init(json: JSONValue?) {
    self.init()
    for member in json?.object?.members ?? [] {
      if let number = member.value.number { self[member.key] = number }
    }
  }
}

extension JSONValue {
  /// A number with six significant digits; null where it is not finite.
  package init(significant value: Double) {
    guard value.isFinite else {
      self = .null
      return
    }
    guard value != 0 else {
      self = .number(0)
      return
    }
    var scale = 1.0
    var digits = value.magnitude
    while digits < 100_000 && scale < 1e300 {
      digits *= 10
      scale *= 10
    }
    self = .number(digits >= 1_000_000 ? value : (value * scale).rounded() / scale)
  }

  fileprivate static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(JSONObject(members))
  }
}

/// A number rounded to decimal places.
private func places(_ value: Double, _ count: Int) -> Double {
  var scale = 1.0
  for _ in 0..<count { scale *= 10 }
  return (value * scale).rounded() / scale
}
