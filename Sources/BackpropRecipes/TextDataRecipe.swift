// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats

/// How the texts of a recipe become tokens.
public struct TextDataRecipe: Hashable, Sendable {
  /// The columns that make up a text, where texts have labels.
  public var columns: [String]
  /// The most tokens of an example; nil: as many as the longest line needs.
  public var context: Int?
  /// The most words, besides padding and unknown.
  public var vocabularyLimit: Int

  /// nil where the source is no text.
  init?(_ keys: Section<DataKey>, source: DataRecipe.Source) throws(RecipeError) {
    let own: [DataKey] = [.text, .context, .vocabulary]
    switch source {
    case .text, .lines, .labeledText, .pairs: break
    case .digits, .mnist, .fashionMNIST, .cifar10, .idx, .csv, .series, .forecast, .sound, .images:
      if let key = own.first(where: keys.has) {
        throw keys.error(key, "is for texts, and the source is \(source.rawValue)", "remove it")
      }
      return nil
    }
    if source != .labeledText, keys.has(.text) {
      throw keys.error(.text, "is for texts with labels", "remove it")
    }
    if source == .text || source == .lines, keys.has(.vocabulary) {
      throw keys.error(.vocabulary, "is for texts of words", "remove it")
    }
    columns = try keys.texts(.text) ?? ["text"]
    context =
      try keys.integer(.context, in: (source == .pairs ? 2 : 1)...(1 << 20))
      ?? (source == .lines ? nil : 64)
    vocabularyLimit = try keys.integer(.vocabulary, in: 1...(1 << 24), default: 50_000)
  }

  func write(_ object: inout JSONObject, source: DataRecipe.Source) {
    object["context"] = context.map { .integer($0) }
    if source == .labeledText { object["text"] = .array(columns.map { .string($0) }) }
    if source == .labeledText || source == .pairs {
      object["vocabulary"] = .integer(vocabularyLimit)
    }
  }
}

extension Recipe {
  /// How the labeled texts of this recipe are read.
  var labeledTextOptions: LabeledText.Options {
    LabeledText.Options(
      textColumns: data.text?.columns ?? [], labelColumn: data.target ?? "", csv: csvOptions,
      context: data.text?.context ?? 64, leastCount: data.leastCount,
      vocabularyLimit: data.text?.vocabularyLimit ?? .max, classNames: data.classes)
  }
}

/// Texts as they were read.
struct ReadText {
  let parts: DataParts
  let vocabulary: Vocabulary
  var labels: [String]?
  var pairs: TextPairs?
}

extension RecipeData {
  /// The texts of a recipe; nil where its data are none.
  ///
  /// - Parameter known: the vocabulary of a language model; nil: that of the text.
  static func text(
    _ recipe: Recipe, _ places: DataPlaces, known: Vocabulary?
  ) throws -> ReadText? {
    let data = recipe.data
    let seed = UInt64(recipe.seed)
    switch data.source {
    case .digits, .mnist, .fashionMNIST, .cifar10, .idx, .csv, .series, .forecast, .sound, .images:
      return nil
    case .text:
      let path = try places.trainFile()
      let text = try TextParts(
        text: try TextFile.read(path), name: path, context: data.text?.context ?? 64,
        validationFraction: data.validationFraction, testFraction: data.testFraction,
        known: known)
      return ReadText(parts: text.parts, vocabulary: text.vocabulary)
    case .lines:
      let path = try places.trainFile()
      let text = try TextParts(
        lines: try TextFile.read(path), name: path, context: data.text?.context,
        validationFraction: data.validationFraction, testFraction: data.testFraction,
        known: known, seed: seed)
      return ReadText(parts: text.parts, vocabulary: text.vocabulary)
    case .labeledText:
      let text = try LabeledText(
        try places.trainFile(), validationPath: try places.validationFile(),
        testPath: try places.testFile(), options: recipe.labeledTextOptions,
        validationFraction: data.validationFraction, testFraction: data.testFraction, seed: seed)
      return ReadText(parts: text.parts, vocabulary: text.vocabulary, labels: text.labels)
    case .pairs:
      let pairs = try TextPairs(
        try places.pair(data.train), validation: try places.heldBackPair(data.validation),
        test: try places.heldBackPair(data.test), context: data.text?.context ?? 64,
        leastCount: data.leastCount, limit: data.text?.vocabularyLimit ?? .max,
        validationFraction: data.validationFraction, testFraction: data.testFraction, seed: seed)
      return ReadText(parts: pairs.parts, vocabulary: pairs.encoder.source, pairs: pairs)
    }
  }
}

extension DataShape {
  /// The shape of texts.
  init(_ text: ReadText) {
    let parts = text.parts
    self.init(
      example: parts.train.features.exampleShape, codeCounts: [],
      outputs: parts.classNames?.count
        ?? (text.pairs?.encoder.target ?? text.vocabulary).count, classNames: parts.classNames,
      pixelMaximum: 1, vocabularySize: text.vocabulary.count,
      // Windows of a text are full; lines are filled up.
      padsTargets: parts.classNames == nil && parts.train.shifts == 0)
  }
}
