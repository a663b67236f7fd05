// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

/// A look at the data before anything is trained: what is there, and what would spoil the result.
public struct DataReport: Sendable {
  /// The name of the data.
  public let name: String
  /// The number of examples of each part that is there.
  public let counts: [(part: String, count: Int)]
  /// The examples of each class in the training part; nil where numbers are predicted.
  public let classCounts: [Int]?
  /// Plain facts, in sentences.
  public let facts: [String]
  /// What makes the result doubtful, in sentences, each with what to do.
  public let warnings: [String]

  /// Looks at the data. `featureNames` are used where a feature has to be named.
  public init(_ parts: DataParts, featureNames: [String]? = nil) {
    var survey = DataSurvey(parts, featureNames: featureNames)
    survey.lookAtClasses()
    survey.lookAtValues()
    survey.lookAtDuplicates()
    survey.lookAtLeaks()
    name = parts.name
    counts = survey.named.map { ($0.name, $0.examples.count) }
    classCounts = survey.classCounts
    facts = survey.facts + parts.notes
    warnings = survey.warnings
  }

  /// The report as lines of text.
  public var text: String {
    var lines = [
      "\(name): " + counts.map { "\($0.count) to \($0.part)" }.joined(separator: ", ") + "."
    ]
    lines += facts
    lines += warnings.map { "warning: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// The report as JSON.
  public var json: JSONValue {
    var object = JSONObject([
      ("name", .string(name)),
      ("counts", .object(JSONObject(counts.map { ($0.part, .integer($0.count)) }))),
    ])
    if let classCounts { object["classes"] = .array(classCounts.map { .integer($0) }) }
    object["facts"] = .array(facts.map { .string($0) })
    object["warnings"] = .array(warnings.map { .string($0) })
    return .object(object)
  }
}
