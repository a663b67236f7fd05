// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropData
import BackpropFormats
import BackpropRecipes
import BackpropTraining

/// `backprop predict`: what a run's network says about new examples.
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict rows of a table, texts, images, series or a recording with a run's network.",
    usage: """
      backprop predict <run> --input FILE
      backprop predict <run> TEXT ...
      """,
    discussion: """
      For a table FILE is a CSV file with raw rows: columns by their names, missing values left
      empty; a forecast is made from the last of them. For texts it is a table with the columns of the recipe, or a text on each line. For
      images it is a PNG, JPEG or IDX file, or a CSV file with the pixels of an image in each row. For series with
      classes it is a file of the UCR/UEA archive; its labels are not looked at. For
      sounds it is a WAVE file. Images and recordings are brought to the size, channels, rate and length
      of those that were learned from, as far as the recipe does so; texts are cut off at its context.
      A model that translates writes a line for each text, or for each line of FILE.
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run")) var path: String
  @Argument(help: "Texts, where the network reads texts.") var texts: [String] = []
  @Option(help: "A text, CSV, IDX, PNG, JPEG or WAVE file; texts and IDX may be gzipped.")
  var input: String?
  @Option(help: "How many translations are looked at side by side (default: 1, word by word).")
  var beams: Int?
  @Option(help: "Threads to compute with (default: one for each core).") var threads: Int?
  @Flag(help: "Print a JSON line for each example.") var json = false

  func validate() throws {
    guard texts.isEmpty == (input != nil) else {
      throw ValidationError(
        input == nil
          ? "Nothing is to be predicted; give texts, or a file by --input FILE."
          : "There are texts and --input; give one of them.")
    }
    if let beams, beams < 1 {
      throw ValidationError("--beams is \(beams); choose at least 1.")
    }
  }

  mutating func run() throws {
    try System.setThreads(threads)
    let folder = RunFolder(path)
    let record = try RunRecord(folder)
    try Predict.check(beams, record)
    let predictor = try Predictor(record, in: folder)
    if record.recipe.task == .translation { return try translate(predictor) }
    let input =
      try self.input.map { try PredictionInput($0, for: predictor) }
      ?? PredictionInput(texts: texts, for: predictor)
    let predictions = try predictor.predict(input.examples)
    if let table = ForecastTable(record.series) {
      let lines =
        try json ? table.json(predictions, input.dates) : table.lines(predictions, input.dates)
      for line in lines { Output.print(line) }
      return
    }
    for index in 0..<predictions.count {
      Output.print(json ? try line(predictions, index) : text(predictions, index))
    }
  }

  /// Beams are for models that translate.
  static func check(_ beams: Int?, _ record: RunRecord) throws {
    guard beams != nil, record.recipe.task != .translation else { return }
    throw Failure.usage("--beams is for models that translate; leave it out.")
  }

  private func translate(_ predictor: Predictor) throws {
    let texts = try input.map { try Translator.lines($0) } ?? texts
    let translations: [Translator.Translation]
    do {
      translations = try Translator(predictor).translate(texts, beams: beams ?? 1)
    } catch let error as DataError {
      throw DataError(
        source: input, line: error.line, what: error.what, remedy: error.remedy)
    }
    for (index, translation) in translations.enumerated() {
      guard json else {
        Output.print(translation.text)
        continue
      }
      let object = JSONObject([
        ("row", .integer(index + 1)), ("source", .string(translation.source)),
        ("prediction", .string(translation.text)),
        ("unknown_words", .array(translation.unknownWords.map { .string($0) })),
      ])
      Output.print(try JSONValue.object(object).text())
    }
  }

  private func text(_ predictions: Predictions, _ index: Int) -> String {
    let number = Text.right("\(index + 1)", 6)
    if predictions.classNames.isEmpty { return "\(number)  \(predictions.numbers[index])" }
    let best = predictions.best(index)
    return "\(number)  \(Text.left(predictions.classNames[best.label], 20)) "
      + Text.percent(Double(best.probability))
  }

  private func line(_ predictions: Predictions, _ index: Int) throws -> String {
    var object = JSONObject([("row", .integer(index + 1))])
    if predictions.classNames.isEmpty {
      object["prediction"] = JSONValue(significant: predictions.numbers[index])
    } else {
      object["prediction"] = .string(predictions.classNames[predictions.best(index).label])
      object["probabilities"] = .object(
        JSONObject(
          zip(predictions.classNames, predictions.row(index)).map {
            ($0, JSONValue(significant: Double($1)))
          }))
    }
    return try JSONValue.object(object).text()
  }
}
