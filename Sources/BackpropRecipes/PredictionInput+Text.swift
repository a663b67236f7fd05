// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats

extension PredictionInput {
  /// Texts: a table, if its first line names the columns of the recipe's texts; else each line that
  /// is not empty is a text.
  static func texts(
    _ path: String, _ predictor: Predictor, _ vocabulary: Vocabulary
  ) throws -> (Examples, [Int]) {
    var options = predictor.recipe.labeledTextOptions
    let text = try TextFile.read(path)
    let encoder = TextEncoder(vocabulary: vocabulary, context: predictor.shape.features)
    let head = text.split(separator: "\n", maxSplits: 1).first ?? ""
    let names = head.split { $0 == "," || $0 == "\t" || $0 == ";" }.map {
      $0.filter { $0 != "\"" && $0 != " " }
    }
    if Set(options.textColumns).isSubset(of: Set(names)) {
      options.csv.header = .present
      options.csv.columnNames = nil
      let table = try TextTable(path, options, needsLabels: false)
      return (try encoder.examples(table.texts), table.lines)
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .filter { !$0.element.isEmpty }
    guard !lines.isEmpty else {
      throw DataError(source: path, what: "there are no texts", remedy: "write one on each line")
    }
    return (try encoder.examples(lines.map { String($0.element) }), lines.map { $0.offset + 1 })
  }

  /// Texts as they are given.
  ///
  /// - Throws: a ``DataError`` where the network reads no texts.
  public init(texts: [String], for predictor: Predictor) throws {
    try predictor.checkPredicts()
    guard let vocabulary = predictor.vocabulary else {
      throw DataError(
        source: predictor.recipe.name, what: "the network reads no texts",
        remedy: "name a file by --input")
    }
    let encoder = TextEncoder(vocabulary: vocabulary, context: predictor.shape.features)
    examples = try encoder.examples(texts)
    lines = []
    dates = []
    isOneFile = false
  }
}
