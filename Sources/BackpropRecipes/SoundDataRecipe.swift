// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats

/// How the recordings of a recipe become examples.
public struct SoundDataRecipe: Hashable, Sendable {
  /// What file names mean, such as `{label}_{speaker}_{index}.wav`; nil: sub-folders are the labels.
  public var names: String?
  /// The samples in a second of every example.
  public var sampleRate: Int
  /// The length of every example.
  public var seconds: Double
  /// The field of the names by whose value recordings are for test or validation; nil: by chance.
  public var splitBy: String?

  /// The samples of every example.
  public var samples: Int { Int((seconds * Double(sampleRate)).rounded()) }

  static let keys: [DataKey] = [.names, .sample_rate, .seconds, .split_by]

  /// nil where the source is no sound.
  init?(_ keys: Section<DataKey>, source: DataRecipe.Source) throws(RecipeError) {
    guard source == .sound else {
      if let key = SoundDataRecipe.keys.first(where: keys.has) {
        throw keys.error(key, "is for sounds, and the source is \(source.rawValue)", "remove it")
      }
      return nil
    }
    if keys.has(.train) {
      throw keys.error(
        .train, "has no use: all recordings lie in one folder", "name the folder as data.path")
    }
    names = try keys.text(.names)
    sampleRate = try keys.integer(.sample_rate, in: 1...768_000, default: 16_000)
    seconds = try keys.number(.seconds, .positive, default: 1)
    splitBy = try keys.text(.split_by)
    let exact = (seconds * Double(sampleRate)).rounded()
    guard exact >= 1, exact < 16_777_216 else {
      throw keys.error(
        .seconds, "is \(seconds), at \(sampleRate) samples in a second",
        "examples have from 1 to 16,777,215 samples")
    }
    var fields: [String] = []
    if let names {
      do throws(DataError) { fields = try NamePattern(names).fields } catch {
        throw keys.error(.names, "is wrong: \(error.what)", error.remedy)
      }
    }
    if let splitBy, !fields.contains(splitBy) {
      throw keys.error(
        .split_by, "is '\(splitBy)', which is no field of the names",
        fields.isEmpty
          ? "say by data.names what names mean" : "choose one of \(fields.joined(separator: ", "))")
    }
    if splitBy == nil, let key = [DataKey.test, .validation].first(where: keys.has) {
      throw keys.error(
        key, "names values of a field of the names", "say by data.split_by of which one")
    }
  }

  func write(_ object: inout JSONObject) {
    object["names"] = names.map { .string($0) }
    object["sample_rate"] = .integer(sampleRate)
    object["seconds"] = .number(seconds)
    object["split_by"] = splitBy.map { .string($0) }
  }
}

extension Recipe {
  /// How the recordings of this recipe are found and made alike; nil where there are none.
  func soundOptions() throws(DataError) -> SoundFolder.Options? {
    guard let sound = data.sound else { return nil }
    var pattern: NamePattern?
    if let names = sound.names { pattern = try NamePattern(names) }
    return SoundFolder.Options(
      names: pattern, sampleRate: sound.sampleRate, samples: sound.samples,
      splitField: sound.splitBy, test: data.test.map { FieldValues($0) },
      validation: data.validation.map { FieldValues($0) }, classes: data.classes)
  }
}

extension RecipeData {
  /// The recordings of a recipe; nil where its data are none.
  static func sound(_ recipe: Recipe, _ places: DataPlaces) throws -> DataParts? {
    guard let options = try recipe.soundOptions() else { return nil }
    return try SoundFolder(try places.exampleFolder(), options: options).parts(
      name: recipe.name, validationFraction: recipe.data.validationFraction,
      testFraction: recipe.data.testFraction, seed: UInt64(recipe.seed))
  }
}

extension DataShape {
  /// The shape of recordings; nil where the data are none. Only their names are looked at.
  init?(sounds recipe: Recipe, _ places: DataPlaces) throws {
    guard let options = try recipe.soundOptions() else { return nil }
    let classes =
      try options.classes ?? SoundFolder(try places.exampleFolder(), options: options).classNames
    self.init(
      example: [options.samples], codeCounts: [], outputs: classes.count, classNames: classes,
      pixelMaximum: 1)
  }
}
