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
    case .text, .lines, .labeledText: break
    case .digits, .mnist, .fashionMNIST, .cifar10, .idx, .csv, .series, .forecast, .sound, .images:
      if let key = own.first(where: keys.has) {
        throw keys.error(key, "is for texts, and the source is \(source.rawValue)", "remove it")
      }
      return nil
    }
    if source != .labeledText, let key = [DataKey.text, .vocabulary].first(where: keys.has) {
      throw keys.error(key, "is for texts with labels", "remove it")
    }
    columns = try keys.texts(.text) ?? ["text"]
    context = try keys.integer(.context, in: 1...(1 << 20)) ?? (source == .lines ? nil : 64)
    vocabularyLimit = try keys.integer(.vocabulary, in: 1...(1 << 24), default: 50_000)
  }

  func write(_ object: inout JSONObject, source: DataRecipe.Source) {
    object["context"] = context.map { .integer($0) }
    guard source == .labeledText else { return }
    object["text"] = .array(columns.map { .string($0) })
    object["vocabulary"] = .integer(vocabularyLimit)
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

extension RecipeData {
  /// The texts of a recipe; nil where its data are none.
  static func text(
    _ recipe: Recipe, _ places: DataPlaces
  ) throws -> (parts: DataParts, vocabulary: Vocabulary, labels: [String]?)? {
    let data = recipe.data
    let seed = UInt64(recipe.seed)
    switch data.source {
    case .digits, .mnist, .fashionMNIST, .cifar10, .idx, .csv, .series, .forecast, .sound, .images:
      return nil
    case .text:
      let path = try places.trainFile()
      let text = try TextParts(
        text: try TextFile.read(path), name: path, context: data.text?.context ?? 64,
        validationFraction: data.validationFraction, testFraction: data.testFraction)
      return (text.parts, text.vocabulary, nil)
    case .lines:
      let path = try places.trainFile()
      let text = try TextParts(
        lines: try TextFile.read(path), name: path, context: data.text?.context,
        validationFraction: data.validationFraction, testFraction: data.testFraction, seed: seed)
      return (text.parts, text.vocabulary, nil)
    case .labeledText:
      let text = try LabeledText(
        try places.trainFile(), validationPath: try places.validationFile(),
        testPath: try places.testFile(), options: recipe.labeledTextOptions,
        validationFraction: data.validationFraction, testFraction: data.testFraction, seed: seed)
      return (text.parts, text.vocabulary, text.labels)
    }
  }
}

extension DataShape {
  /// The shape of texts.
  init(_ parts: DataParts, vocabulary: Vocabulary) {
    self.init(
      example: parts.train.features.exampleShape, codeCounts: [],
      outputs: parts.classNames?.count ?? vocabulary.count, classNames: parts.classNames,
      pixelMaximum: 1, vocabularySize: vocabulary.count,
      // Windows of a text are full; lines are filled up.
      padsTargets: parts.classNames == nil && parts.train.shifts == 0)
  }
}
