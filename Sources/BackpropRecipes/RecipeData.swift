// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropFormats

/// The examples of a recipe, read, divided and turned into numbers.
public struct RecipeData: Sendable {
  /// Training, validation and test part.
  public let parts: DataParts
  /// What was learned from the training part of a table; nil for images.
  public let preprocessor: TablePreprocessor?
  /// The tokens of texts; nil for others.
  public let vocabulary: Vocabulary?
  /// The labels of texts as their files have them, in the order of the classes; nil for others.
  public let labels: [String]?
  /// Pairs of texts: the words of both sides and the texts of the test part; nil for others.
  public let pairs: TextPairs?
  /// What was learned from the training part of series; nil for others.
  public let series: SeriesLearned?
  /// The shape of one example and what is predicted from it.
  public let shape: DataShape

  /// Reads the data of a recipe.
  ///
  /// - Parameter location: a folder or file that is given instead of the recipe's; nil: none.
  /// - Parameter folder: the folder of the recipe file, where relative names may lie.
  public init(_ recipe: Recipe, location: String? = nil, folder: String? = nil) throws {
    try self.init(recipe, location: location, folder: folder, known: nil)
  }

  /// The data of a run's recipe at another place, in the words of the run.
  public init(of record: RunRecord, at location: String) throws {
    var recipe = record.recipe
    if recipe.data.source == .lines { recipe.data.text?.context = record.shape.features }
    try self.init(
      recipe, location: location, folder: record.folder,
      known: recipe.task == .generation ? record.vocabulary : nil)
  }

  private init(
    _ recipe: Recipe, location: String?, folder: String?, known: Vocabulary?
  ) throws {
    let places = DataPlaces(recipe, location: location, folder: folder)
    let seed = UInt64(recipe.seed)
    var parts: DataParts
    if let text = try RecipeData.text(recipe, places, known: known) {
      (self.parts, vocabulary, preprocessor) = (text.parts, text.vocabulary, nil)
      (labels, pairs) = (text.labels, text.pairs)
      series = nil
      shape = DataShape(text)
      return
    }
    pairs = nil
    let read = try RecipeData.series(recipe, places)
    series = read?.series
    if let read {
      (self.parts, vocabulary, preprocessor, labels) = (read.parts, nil, nil, nil)
      shape = DataShape(read.parts, series: read.series)
      return
    }
    vocabulary = nil
    labels = nil
    if let sounds = try RecipeData.sound(recipe, places) {
      (self.parts, preprocessor) = (sounds, nil)
      shape = DataShape(sounds)
      return
    }
    if let pictures = try RecipeData.pictures(recipe, places) {
      (self.parts, preprocessor) = (pictures, nil)
      shape = DataShape(pictures)
      return
    }
    switch recipe.data.source {
    case .text, .lines, .labeledText, .pairs, .series, .forecast, .sound, .images:
      preconditionFailure("texts, series, sounds and folders of images were read above")
    case .digits:
      guard location == nil else {
        throw DataError(
          source: location, what: "the digits are built in", remedy: "leave out --data")
      }
      parts = try Digits.parts(
        validation: recipe.data.validationFraction, test: recipe.data.testFraction, seed: seed)
    case .mnist: parts = try ImageFolder.mnist(try places.exampleFolder())
    case .fashionMNIST: parts = try ImageFolder.fashionMNIST(try places.exampleFolder())
    case .cifar10: parts = try ImageFolder.cifar10(try places.exampleFolder())
    case .idx:
      parts = try ImageFolder.idx(
        try places.exampleFolder(), name: recipe.name, classNames: recipe.data.classes ?? [])
    case .csv:
      let table = try TableData(
        try places.trainFile(), testPath: try places.testFile(), options: recipe.tableOptions,
        validationFraction: recipe.data.validation.isEmpty ? recipe.data.validationFraction : 0,
        testFraction: recipe.data.testFraction, seed: seed)
      parts = table.parts
      if let path = try places.validationFile() {
        let csv = try table.preprocessor.read(path, skippedRows: recipe.data.skipRows)
        let rows = try table.preprocessor.rowsWithTarget(csv).rows
        let examples = try table.preprocessor.examples(csv, rows: rows, needsTarget: true)
        parts = parts.replacing(validation: examples)
      }
      preprocessor = table.preprocessor
      self.parts = parts
      shape = try DataShape(table.preprocessor, names: recipe.data.classes)
      return
    }
    if recipe.data.source != .digits {
      if recipe.data.validation == ["test"] {
        parts = parts.replacing(validation: parts.test)
      } else if recipe.data.validationFraction > 0 {
        parts = try parts.holdingOutValidation(recipe.data.validationFraction, seed: seed)
      }
    }
    preprocessor = nil
    self.parts = parts
    shape = DataShape(parts)
  }

  /// A number that tells whether two runs saw the same examples in the same order.
  public var fingerprint: String {
    var hash: UInt64 = 0x243F_6A88_85A3_08D3  // the fraction of π
    for part in [parts.train, parts.validation, parts.test] {
      hash = mixed(hash ^ UInt64(part?.count ?? 0))
      for array in [part?.features, part?.codes, part?.targets, part?.lengths] {
        array?.withUnsafeBytes { bytes in
          var offset = 0
          while offset + 8 <= bytes.count {
            hash = mixed(hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
          }
          while offset < bytes.count {
            hash = mixed(hash ^ UInt64(bytes[offset]))
            offset += 1
          }
        }
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// A 128-bit product folded, as in wyhash (Wang Yi, 2019).
@inline(__always)
private func mixed(_ value: UInt64) -> UInt64 {
  let product = (value ^ 0xE703_7ED1_A0B4_28DB).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
  return product.high ^ product.low
}

/// What a network must know of the data: the shape of an example and what is predicted.
public struct DataShape: Hashable, Sendable {
  /// The shape of one example's features.
  public let example: [Int]
  /// The number of codes of each embedded column.
  public let codeCounts: [Int]
  /// Outputs: one for each class, or one number.
  public let outputs: Int
  /// The names of the classes; nil where a number is predicted.
  public let classNames: [String]?
  /// The pixel value of full white, by which images are divided; 1 for tables.
  public let pixelMaximum: Float
  /// The number of tokens where an example is a text; nil for others.
  public let vocabularySize: Int?
  /// Whether targets that stand for nothing fill up lines of text.
  public let padsTargets: Bool
  /// What is special to series; nil for others.
  public let series: SeriesShape?

  /// Puts the facts together.
  public init(
    example: [Int], codeCounts: [Int], outputs: Int, classNames: [String]?, pixelMaximum: Float,
    vocabularySize: Int? = nil, padsTargets: Bool = false, series: SeriesShape? = nil
  ) {
    self.series = series
    self.vocabularySize = vocabularySize
    self.padsTargets = padsTargets
    self.example = example
    self.codeCounts = codeCounts
    self.outputs = outputs
    self.classNames = classNames
    self.pixelMaximum = pixelMaximum
  }

  /// The shape of images or recordings.
  init(_ parts: DataParts) {
    self.init(
      example: parts.train.features.exampleShape, codeCounts: [],
      outputs: parts.classNames?.count ?? 1, classNames: parts.classNames,
      pixelMaximum: parts.pixelMaximum)
  }

  /// The shape that a preprocessor makes of a table's rows.
  ///
  /// - Parameter names: what the classes are called instead of the target's texts.
  public init(_ preprocessor: TablePreprocessor, names: [String]? = nil) throws(DataError) {
    let texts = preprocessor.target.classes
    if let names, let texts, names.count != texts.count {
      throw DataError(
        column: preprocessor.target.name,
        what: "\(names.count) classes are named, and the column has \(texts.count)",
        remedy: "name as many in data.classes, in the order of \(texts.joined(separator: ", "))")
    }
    let classes = texts == nil ? nil : names ?? texts
    self.init(
      example: [preprocessor.featureCount],
      codeCounts: preprocessor.embeddedColumns.map(\.codeCount), outputs: classes?.count ?? 1,
      classNames: classes, pixelMaximum: 1)
  }

  /// The number of features of an example.
  public var features: Int { example.reduce(1, *) }
  /// The tokens of a text or the steps of a series; nil for other examples.
  var tokens: Int? {
    series != nil ? example.first : vocabularySize == nil ? nil : features
  }
  /// Examples that are computed at a time when nothing is learned: as many tokens as fit the caches
  /// well, and no more than 64 MiB of outputs where each place has some.
  var evaluationBatch: Int {
    guard let tokens else { return 1024 }
    let most = vocabularySize == nil ? 8192 : min(8192, (1 << 24) / outputs)
    return max(1, min(1024, most / tokens))
  }
  /// Whether an example is an image of bytes.
  public var isImage: Bool {
    example.count == 3 && example.allSatisfy { $0 > 0 } && (example[2] == 1 || example[2] == 3)
  }
}

extension DataParts {
  fileprivate func replacing(validation: Examples?) -> DataParts {
    DataParts(
      name: name, train: train, validation: validation, test: test, classNames: classNames,
      pixelMaximum: pixelMaximum, notes: notes)
  }
}

extension Digits {
  fileprivate static func parts(
    validation: Double, test: Double, seed: UInt64
  ) throws -> DataParts {
    let all = try all()
    let split = try Split(
      count: all.count, validation: validation, test: test, seed: seed, labels: all.labels)
    return DataParts(
      name: "digits", train: all.examples(at: split.train),
      validation: split.validation.isEmpty ? nil : all.examples(at: split.validation),
      test: split.test.isEmpty ? nil : all.examples(at: split.test),
      classNames: (0..<10).map { String($0) }, pixelMaximum: 16)
  }
}
