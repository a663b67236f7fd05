// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData

/// Texts with labels, read whole for a network that was trained before.
public struct LabeledExamples: Sendable {
  /// The examples.
  public let examples: Examples

  /// Reads a table with the columns that the run's recipe names.
  public init(_ path: String, _ record: RunRecord) throws {
    guard let vocabulary = record.vocabulary, let labels = record.labels ?? record.shape.classNames
    else {
      throw DataError(source: path, what: "the run reads no texts", remedy: "name another run")
    }
    examples = try LabeledText.examples(
      path, options: record.recipe.labeledTextOptions, labels: labels,
      encoder: TextEncoder(vocabulary: vocabulary, context: record.shape.features))
  }
}
