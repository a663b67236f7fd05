// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData

extension DataRecipe {
  /// What must be there, and what has no use, where the data are pairs of texts.
  func checkPairs(_ keys: Section<DataKey>) throws(RecipeError) {
    guard !train.isEmpty else {
      throw RecipeError(
        keys.place, what: "the key 'train' is missing under 'data'",
        remedy: "name two text files, such as [train.de, train.en]: what is read, what is written")
    }
    for (key, names) in [(DataKey.train, train), (.validation, validation), (.test, test)]
    where !names.isEmpty && names.count != 2 {
      throw keys.error(
        key, "names \(names.count) files, and pairs are in two",
        "name the file that is read and the one that is written")
    }
    if keys.has(.classes) {
      throw keys.error(.classes, "has no use: pairs of texts have no classes", "remove it")
    }
  }
}

extension RunRecord {
  /// How texts become tokens of a run that translates; nil for others.
  var pairEncoder: TextPairEncoder? {
    guard recipe.data.source == .pairs, let vocabulary, let targetVocabulary else { return nil }
    return TextPairEncoder(
      source: vocabulary, target: targetVocabulary, context: shape.features)
  }

  /// The test part of pairs in a folder other than the run's, in the words of the run.
  public func examplesOfPairs(in folder: String) throws -> Examples {
    guard let encoder = pairEncoder else {
      throw DataError(source: folder, what: "the run reads no pairs", remedy: "name another run")
    }
    let places = DataPlaces(recipe, location: folder, folder: nil)
    let data = recipe.data
    return try encoder.examples(try places.heldBackPair(data.test) ?? places.pair(data.train))
  }
}
