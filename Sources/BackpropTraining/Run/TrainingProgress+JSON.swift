// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

extension TrainingProgress {
  /// All but the history, which a run keeps in a file of its own.
  var json: JSONObject {
    var object = JSONObject()
    object["position"] = .integer(position)
    // A Float is a Double exactly, and a Double is written such that reading gives its bits.
    object["loss_sum"] = .number(Double(lossSum))
    object["loss_count"] = .integer(lossCount)
    object["best_epoch"] = bestEpoch.map { .integer($0) }
    object["best_metrics"] = bestMetrics.map { $0.exactJSON }
    object["waited"] = .integer(waited)
    object["seconds"] = .number(secondsBefore + Stopwatch.process.seconds)
    object["epochs_done"] = .integer(epochsDone)
    return object
  }

  /// Reads ``json``; nil where something is missing or impossible. The history then has to be added.
  init?(json: JSONValue) {
    guard let position = json["position"]?.count, let lossSum = json["loss_sum"]?.number,
      let lossCount = json["loss_count"]?.count, let waited = json["waited"]?.count,
      let seconds = json["seconds"]?.number, let epochsDone = json["epochs_done"]?.count
    else { return nil }
    self.init()
    self.position = position
    self.lossSum = Float(lossSum)
    self.lossCount = lossCount
    bestEpoch = json["best_epoch"]?.integer
    bestMetrics = json["best_metrics"].map { Metrics(json: $0) }
    self.waited = waited
    secondsBefore = seconds
    self.epochsDone = epochsDone
  }
}

extension JSONValue {
  /// A number of things: a whole number from 0 that can be added to without care.
  var count: Int? { integer.flatMap { (0..<1 << 48).contains($0) ? $0 : nil } }
}

extension Metrics {
  /// Every bit; what is not finite is left out.
  fileprivate var exactJSON: JSONValue {
    .object(
      JSONObject(values.filter(\.value.isFinite).map { ($0.name, JSONValue.number($0.value)) }))
  }
}
