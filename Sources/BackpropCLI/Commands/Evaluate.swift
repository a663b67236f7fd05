// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropData
import BackpropFormats
import BackpropRecipes
import BackpropTraining

/// `backprop evaluate`: how good a run's network is on its test part, or on other data.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a run's network on its test part or on other data.")

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run")) var path: String
  @Option(
    help: "A table, texts or series with labels, or a folder of images or sounds: its test part.")
  var data: String?
  @Option(help: "The type of products, float32 or bfloat16 (default: that of the training).")
  var precision: String?
  @Option(help: "How many translations are looked at side by side (default: 1, word by word).")
  var beams: Int?
  @Option(help: "Threads to compute with (default: one for each core).") var threads: Int?
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    if let beams, beams < 1 {
      throw ValidationError("--beams is \(beams); choose at least 1.")
    }
  }

  mutating func run() throws {
    try System.setThreads(threads)
    let precision = try TrainingRecipe.Precision.named(precision)
    let folder = RunFolder(path)
    var record = try RunRecord(folder)
    record.recipe.training.precision = precision ?? record.recipe.training.precision
    try Predict.check(beams, record)
    let predictor = try Predictor(record, in: folder)
    let evaluation = try predictor.evaluate(try examples(record), beams: beams ?? 1)
    if json {
      var object = JSONObject([("event", "evaluated"), ("run", .string(folder.path))])
      object["examples"] = .integer(evaluation.count)
      object["test"] = evaluation.metrics.json
      if let classes = evaluation.classes {
        object["classes"] = .array((evaluation.classNames ?? []).map { .string($0) })
        object["confusion"] = .array(
          (0..<classes.classCount).map { label in
            .array((0..<classes.classCount).map { .integer(classes.confusion[label, $0]) })
          })
      }
      return Output.print(try JSONValue.object(object).text())
    }
    Output.print("\(folder.path): \(Text.grouped(evaluation.count)) examples")
    let lines =
      ForecastTable(record.series)?.lines(evaluation.metrics)
      ?? MetricsText.lines(evaluation.metrics)
    for line in lines { Output.print(line) }
    if let classes = evaluation.classes, classes.classCount <= 30 {
      Output.print("")
      for line in ConfusionTable(classes.confusion, evaluation.classNames ?? []).lines {
        Output.print(line)
      }
    }
  }

  /// The examples to measure on: a table as a whole, or a test part.
  private func examples(_ record: RunRecord) throws -> Examples {
    if let data, let preprocessor = record.preprocessor {
      let table = try preprocessor.read(data, skippedRows: record.recipe.data.skipRows)
      let rows = try preprocessor.rowsWithTarget(table).rows
      guard !rows.isEmpty else {
        throw DataError(
          source: data, column: preprocessor.target.name, what: "no row has a value of the target",
          remedy: "give rows with it, or use 'backprop predict'")
      }
      return try preprocessor.examples(table, rows: rows, needsTarget: true)
    }
    if let data, record.recipe.data.source == .labeledText {
      return try LabeledExamples(data, record).examples
    }
    if let data, record.recipe.data.source == .pairs {
      return try record.examplesOfPairs(in: data)
    }
    if let data, let series = record.series { return try series.examples(data, record.recipe) }
    let read =
      try data.map { try RecipeData(of: record, at: $0) }
      ?? RecipeData(record.recipe, location: record.location, folder: record.folder)
    guard let test = read.parts.test else {
      throw DataError(
        source: read.parts.name, what: "there is no test part", remedy: "name data by --data")
    }
    guard data != nil || read.fingerprint == record.fingerprint else {
      throw Failure.failed(
        "\(path): the data has changed since the run, so its test part may hold what was learned; "
          + "put the old data back, or name other data by --data.")
    }
    guard test.features.exampleShape == record.shape.example else {
      throw DataError(
        source: data,
        what: "the examples are \(test.features.exampleShape), and the network "
          + "reads \(record.shape.example)", remedy: "give data of that shape")
    }
    guard read.shape.classNames == record.shape.classNames else {
      throw DataError(
        source: data, what: "the data has other classes than the network",
        remedy: "give data with \(record.shape.classNames?.joined(separator: ", ") ?? "none")")
    }
    return test
  }
}
