// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// `metrics.jsonl`: one JSON object for each complete epoch.
package enum RunLog {
  /// Writes all reports.
  package static func write(_ reports: [EpochReport], to path: String) throws {
    var text = ""
    for report in reports { text += try report.logged.text() + "\n" }
    try AtomicFile.write(text, to: path)
  }

  /// Reads the reports of the first `count` epochs.
  package static func read(_ path: String, count: Int) throws -> [EpochReport] {
    var reports: [EpochReport] = []
    let text = String(decoding: try FileContents.read(path, limit: 1 << 30), as: UTF8.self)
    for line in text.split(separator: "\n") where reports.count < count {
      let json = try JSONValue(parsing: String(line), file: path)
      guard let report = EpochReport(logged: json), report.epoch == reports.count + 1 else {
        throw FormatError(
          file: path, position: .line(reports.count + 1),
          what: "this is not the report of epoch \(reports.count + 1)", remedy: "train again")
      }
      reports.append(report)
    }
    guard reports.count == count else {
      throw FormatError(
        file: path, what: "there are \(reports.count) epochs, and \(count) were trained",
        remedy: "train again")
    }
    return reports
  }
}

extension EpochReport {
  /// The line of `--json`, with what people look at later.
  fileprivate var logged: JSONValue {
    guard var object = json.object else { return json }
    object["learning_rate"] = JSONValue(significant: learningRate)
    object["examples_per_second"] = JSONValue(significant: examplesPerSecond)
    object["best"] = .bool(isBest)
    object["gradient_norms"] = .object(
      JSONObject(gradientNorms.map { ($0.path, JSONValue(significant: $0.norm)) }))
    return .object(object)
  }

  fileprivate init?(logged json: JSONValue) {
    guard let epoch = json["epoch"]?.integer, json["train"]?.object != nil else { return nil }
    self.init(
      epoch: epoch, train: Metrics(json: json["train"]),
      validation: json["validation"].map { Metrics(json: $0) },
      learningRate: json["learning_rate"]?.number ?? 0,
      examplesPerSecond: json["examples_per_second"]?.number ?? 0,
      isBest: json["best"]?.bool ?? false,
      gradientNorms: json["gradient_norms"]?.object?.members.map {
        LayerNorm(path: $0.key, norm: $0.value.number ?? .nan)
      } ?? [],
      seconds: json["seconds"]?.number ?? 0)
  }
}
