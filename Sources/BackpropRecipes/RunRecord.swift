// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropFormats
public import BackpropTraining

/// `run.json`: what a run is of, and how it ended. All that using the weights takes is in it.
public struct RunRecord: Sendable {
  /// The version of Backprop that wrote it.
  public var version = Version.current
  /// The recipe with all defaults.
  public var recipe: Recipe
  /// Where the data was said to lie; nil: where the recipe says.
  public var location: String?
  /// The folder of the recipe file.
  public var folder: String?
  /// Tells whether the data is still the same.
  public var fingerprint: String
  /// The shape of the data that the network is made for.
  public var shape: DataShape
  /// What was learned from a table's training part.
  public var preprocessor: TablePreprocessor?
  /// The tokens of texts; nil for others.
  public var vocabulary: Vocabulary?
  /// The words that are written where a text becomes another one; nil for others.
  public var targetVocabulary: Vocabulary?
  /// The labels of texts as their files have them, in the order of the classes; nil for others.
  public var labels: [String]?
  /// What was learned from the training part of series; nil for others.
  public var series: SeriesLearned?
  /// How it ended; nil while it is not complete.
  public var result: Result?

  /// How a run ended.
  public struct Result: Hashable, Sendable {
    /// Epochs that were trained.
    public var epochs: Int
    /// The epoch whose weights are kept; nil: the last.
    public var bestEpoch: Int?
    /// The figures of that epoch on the validation part.
    public var validation: Metrics?
    /// The figures on the test part.
    public var test: Metrics?
    /// Seconds that the training took, over all processes.
    public var seconds: Double

    /// Puts the facts together.
    public init(
      epochs: Int, bestEpoch: Int?, validation: Metrics?, test: Metrics?, seconds: Double
    ) {
      self.epochs = epochs
      self.bestEpoch = bestEpoch
      self.validation = validation
      self.test = test
      self.seconds = seconds
    }
  }

  /// The record of a run that begins.
  public init(
    recipe: Recipe, data: RecipeData, location: String? = nil, folder: String? = nil
  ) {
    self.recipe = recipe
    self.location = location
    self.folder = folder
    fingerprint = data.fingerprint
    shape = data.shape
    preprocessor = data.preprocessor
    vocabulary = data.vocabulary
    targetVocabulary = data.pairs?.encoder.target
    labels = data.labels
    series = data.series
  }

  /// Reads the record of a run's folder.
  public init(_ folder: RunFolder) throws {
    guard try folder.contents() == .run else {
      throw FormatError(
        file: folder.path, what: "there is no run here (no run.json)",
        remedy: "name a folder that 'backprop train' made; 'backprop list' shows them")
    }
    let file = folder.record
    let json = try JSONValue(
      parsing: try FileContents.read(file, limit: 64 << 20), file: file)
    func wrong(_ key: String) -> FormatError {
      FormatError(
        file: file, position: .entry(key), what: "what the run needs is not there",
        remedy: "train again")
    }
    guard json["format"]?.integer == 1 else { throw wrong("format") }
    guard let recipe = json["recipe"] else { throw wrong("recipe") }
    do throws(RecipeError) {
      self.recipe = try Recipe(json: recipe, file: file)
    } catch {
      // Not the mistake of whoever uses the run.
      throw FormatError(
        file: file, position: .entry("recipe"), what: error.what,
        remedy: "the file is damaged or made by another version; train again")
    }
    version = json["version"]?.string ?? ""
    location = json["location"]?.string
    self.folder = json["folder"]?.string
    guard let fingerprint = json["data"]?["fingerprint"]?.string else { throw wrong("data") }
    self.fingerprint = fingerprint
    guard let shape = DataShape(json: json["data"]) else { throw wrong("data") }
    self.shape = shape
    if let table = json["preprocessing"], table != .null {
      preprocessor = try TablePreprocessor(json: table, file: file)
    }
    if shape.vocabularySize != nil {
      guard let tokens = json["vocabulary"] else { throw wrong("vocabulary") }
      vocabulary = try Vocabulary(json: tokens, file: file)
      if let tokens = json["target_vocabulary"] {
        targetVocabulary = try Vocabulary(json: tokens, file: file)
      }
      labels = json["labels"]?.array?.compactMap(\.string)
    }
    if shape.series != nil {
      guard let series = json["series"] else { throw wrong("series") }
      self.series = try SeriesLearned(
        json: series, file: file, isForecast: self.recipe.data.source == .forecast)
    }
    guard isOfOnePiece else {
      throw FormatError(
        file: file, what: "the recipe, the shape of the data and the preprocessing disagree",
        remedy: "train again")
    }
    if let result = json["result"], result != .null { self.result = Result(json: result) }
  }

  /// Whether recipe, shape and preprocessing are of the same data.
  private var isOfOnePiece: Bool {
    let isClasses = recipe.task == .classification
    guard isClasses == (shape.classNames != nil) else { return false }
    guard recipe.task != .regression || shape.outputs == 1 || recipe.data.source == .forecast
    else { return false }
    guard shape.series != nil || series == nil else { return false }
    switch recipe.data.source {
    case .digits, .mnist, .fashionMNIST, .cifar10, .idx:
      return preprocessor == nil && vocabulary == nil && shape.isImage
    case .sound:
      return preprocessor == nil && vocabulary == nil
        && shape.example == [recipe.data.sound?.samples]
    case .images:
      return preprocessor == nil && vocabulary == nil && recipe.data.images?.fits(shape) == true
    case .text, .lines, .labeledText:
      return preprocessor == nil && targetVocabulary == nil
        && shape.example.count == 1
        && vocabulary?.count == shape.vocabularySize
        && (isClasses ? labels?.count == shape.outputs : vocabulary?.count == shape.outputs)
    case .pairs:
      return preprocessor == nil && shape.example.count == 1 && shape.padsTargets
        && vocabulary?.marksEnds == true && vocabulary?.count == shape.vocabularySize
        && targetVocabulary?.marksEnds == true && targetVocabulary?.count == shape.outputs
    case .series, .forecast:
      return preprocessor == nil && vocabulary == nil && series?.fits(shape) == true
        && (series?.forecast != nil) == (recipe.data.source == .forecast)
        && (recipe.model.series?.anchor != .season
          || shape.series.map { $0.season <= shape.example[0] } == true)
    case .csv: break
    }
    guard let preprocessor else { return false }
    return shape.example == [preprocessor.featureCount]
      && shape.codeCounts == preprocessor.embeddedColumns.map(\.codeCount)
      && preprocessor.target.classes?.count == shape.classNames?.count
  }

  /// Writes the record into a run's folder.
  public func write(_ folder: RunFolder) throws {
    var object = JSONObject()
    object["format"] = 1
    object["version"] = .string(version)
    object["recipe"] = recipe.json
    object["location"] = location.map { .string($0) }
    object["folder"] = self.folder.map { .string($0) }
    object["data"] = shape.json(fingerprint)
    object["preprocessing"] = preprocessor?.json
    object["vocabulary"] = vocabulary?.json
    object["target_vocabulary"] = targetVocabulary?.json
    object["labels"] = labels.map { .array($0.map { .string($0) }) }
    object["series"] = series?.json
    object["result"] = result?.json ?? .null
    try AtomicFile.write(try JSONValue.object(object).prettyText(), to: folder.record)
  }
}

extension DataShape {
  fileprivate func json(_ fingerprint: String) -> JSONValue {
    var object = JSONObject()
    object["fingerprint"] = .string(fingerprint)
    object["example"] = .array(example.map { .integer($0) })
    object["code_counts"] = .array(codeCounts.map { .integer($0) })
    object["outputs"] = .integer(outputs)
    object["classes"] = classNames.map { .array($0.map { .string($0) }) }
    object["pixel_maximum"] = .number(Double(pixelMaximum))
    object["vocabulary_size"] = vocabularySize.map { .integer($0) }
    if padsTargets { object["pads_targets"] = .bool(true) }
    object["series"] = series?.json
    return .object(object)
  }

  fileprivate init?(json: JSONValue?) {
    func sizes(_ key: String, from least: Int) -> [Int]? {
      guard let array = json?[key]?.array else { return nil }
      let numbers = array.compactMap(\.integer)
      guard numbers.count == array.count, numbers.allSatisfy({ $0 >= least && $0 < 1 << 31 })
      else { return nil }
      return numbers
    }
    guard let example = sizes("example", from: 0), example.count <= 7,
      let size = checkedElementCount(example), size <= Int(Int32.max),
      let codeCounts = sizes("code_counts", from: 1), let outputs = json?["outputs"]?.integer,
      outputs > 0, outputs < 1 << 24, let maximum = json?["pixel_maximum"]?.number, maximum > 0
    else { return nil }
    let names = json?["classes"]?.array?.compactMap(\.string)
    guard names == nil || names?.count == outputs else { return nil }
    let vocabulary = json?["vocabulary_size"]?.integer
    if let vocabulary, vocabulary < 1 || vocabulary >= 1 << 24 { return nil }
    self.init(
      example: example, codeCounts: codeCounts, outputs: outputs, classNames: names,
      pixelMaximum: Float(maximum), vocabularySize: vocabulary,
      padsTargets: json?["pads_targets"] == .bool(true),
      series: json?["series"].flatMap { SeriesShape(json: $0) })
  }
}

extension RunRecord.Result {
  fileprivate var json: JSONValue {
    var object = JSONObject()
    object["epochs"] = .integer(epochs)
    object["best_epoch"] = bestEpoch.map { .integer($0) }
    object["validation"] = validation?.json
    object["test"] = test?.json
    object["seconds"] = JSONValue(significant: seconds)
    return .object(object)
  }

  fileprivate init?(json: JSONValue) {
    guard let epochs = json["epochs"]?.integer else { return nil }
    self.init(
      epochs: epochs, bestEpoch: json["best_epoch"]?.integer,
      validation: json["validation"].map { Metrics(json: $0) },
      test: json["test"].map { Metrics(json: $0) }, seconds: json["seconds"]?.number ?? 0)
  }
}
