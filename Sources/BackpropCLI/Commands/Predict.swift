// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropData
import BackpropFormats
import BackpropRecipes
import BackpropTraining

/// `backprop predict`: what a run's network says about new examples.
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Predict rows of a table, texts, images, series or recordings with a run's network.",
    usage: """
      backprop predict <run> --input FILE ...
      backprop predict <run> TEXT ...
      """,
    discussion: """
      For a table FILE is a CSV file with raw rows: columns by their names, missing values left \
      empty; a forecast is made from the last of them. For texts it is a table with the columns of \
      the recipe, or a text on each line. For images it is a PNG, JPEG or IDX file, or a CSV file \
      with the pixels of an image in each row. For series with classes it is a file of the UCR/UEA \
      archive; its labels are not looked at. For sounds it is a WAVE file. Images and recordings \
      are brought to the size, channels, rate and length of those that were learned from, as far \
      as the recipe does so; texts are cut off at its context. A model that translates writes a \
      line for each text, or for each line of FILE.

      There may be several PNG, JPEG or WAVE files, and folders of them. Each has a line of its \
      own, with its name; one that cannot be read is named on standard error, and the others are \
      told.
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run")) var path: String
  @Argument(help: "Texts, where the network reads texts.") var texts: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "A text, CSV, IDX, PNG, JPEG or WAVE file; texts and IDX may be gzipped. Or several images or "
        + "recordings, and folders of them.", valueName: "file"))
  var input: [String] = []
  @Option(help: "How many translations are looked at side by side (default: 1, word by word).")
  var beams: Int?
  @Option(help: "Threads to compute with (default: one for each core).") var threads: Int?
  @Flag(help: "Print a JSON line for each example.") var json = false

  func validate() throws {
    guard texts.isEmpty != input.isEmpty else {
      throw ValidationError(
        input.isEmpty
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
    let files = try PredictionInput.files(input, for: predictor)
    if record.recipe.task == .translation { return try translate(predictor, files.first) }
    if files.isEmpty {
      return try tell(predictor.predict(PredictionInput(texts: texts, for: predictor).examples))
    }
    let width = min(60, files.map(\.count).max() ?? 0)
    var failures = 0
    for (place, file) in files.enumerated() {
      do {
        let read = try PredictionInput(file, for: predictor)
        guard read.isOneFile || files.count == 1 else {
          throw DataError(
            source: file, what: "the file is no single image or recording",
            remedy: "give it alone")
        }
        let predictions = try predictor.predict(read.examples)
        if let table = ForecastTable(record.series) {
          let lines =
            try json
            ? table.json(predictions, read.dates) : table.lines(predictions, read.dates)
          for line in lines { Output.print(line) }
        } else if read.isOneFile {
          try tell(predictions, file: (file, place + 1, width))
        } else {
          try tell(predictions)
        }
      } catch  where files.count > 1 {
        // The others' results are not lost.
        failures += 1
        Output.printError("backprop: \(error)")
      }
    }
    if failures > 0 {
      throw Failure.failed(
        "\(failures) of \(files.count) files could not be read; what is wrong with each is said "
          + "above.")
    }
  }

  /// Prints a line for each example; that of a file which is one example names the file.
  private func tell(
    _ predictions: Predictions, file: (path: String, number: Int, width: Int)? = nil
  ) throws {
    for index in 0..<predictions.count {
      let row = file?.number ?? index + 1
      guard json else {
        let name = file.map { Text.left($0.path, $0.width) } ?? Text.right("\(row)", 6)
        Output.print("\(name)  \(text(predictions, index))")
        continue
      }
      var object = JSONObject([("row", .integer(row))])
      object["file"] = file.map { .string($0.path) }
      Output.print(try line(predictions, index, object))
    }
  }

  /// Beams are for models that translate.
  static func check(_ beams: Int?, _ record: RunRecord) throws {
    guard beams != nil, record.recipe.task != .translation else { return }
    throw Failure.usage("--beams is for models that translate; leave it out.")
  }

  private func translate(_ predictor: Predictor, _ file: String?) throws {
    let texts = try file.map { try Translator.lines($0) } ?? texts
    let translations: [Translator.Translation]
    do {
      translations = try Translator(predictor).translate(texts, beams: beams ?? 1)
    } catch let error as DataError {
      throw DataError(
        source: file, line: error.line, what: error.what, remedy: error.remedy)
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
    if predictions.classNames.isEmpty { return "\(predictions.numbers[index])" }
    let best = predictions.best(index)
    return "\(Text.left(predictions.classNames[best.label], 20)) "
      + Text.percent(Double(best.probability))
  }

  private func line(
    _ predictions: Predictions, _ index: Int, _ object: JSONObject
  ) throws -> String {
    var object = object
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
