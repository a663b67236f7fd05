// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats

/// How the recordings of a recipe become examples.
public struct SoundDataRecipe: Hashable, Sendable {
  /// The samples in a second of every example.
  public var sampleRate: Int
  /// The length of every example.
  public var seconds: Double

  /// The samples of every example.
  public var samples: Int { Int((seconds * Double(sampleRate)).rounded()) }

  private static let keys: [DataKey] = [.sample_rate, .seconds]

  /// nil where the source is no sound.
  init?(_ keys: Section<DataKey>, source: DataRecipe.Source) throws(RecipeError) {
    guard source == .sound else {
      if let key = SoundDataRecipe.keys.first(where: keys.has) {
        throw keys.error(key, "is for sounds, and the source is \(source.rawValue)", "remove it")
      }
      return nil
    }
    sampleRate = try keys.integer(.sample_rate, in: 1...768_000, default: 16_000)
    seconds = try keys.number(.seconds, .positive, default: 1)
    let exact = (seconds * Double(sampleRate)).rounded()
    guard exact >= 1, exact < 16_777_216 else {
      throw keys.error(
        .seconds, "is \(seconds), at \(sampleRate) samples in a second",
        "examples have from 1 to 16,777,215 samples")
    }
  }

  func write(_ object: inout JSONObject) {
    object["sample_rate"] = .integer(sampleRate)
    object["seconds"] = .number(seconds)
  }
}

extension Recipe {
  /// How the recordings of this recipe are found and made alike; nil where there are none.
  func soundOptions() throws(DataError) -> SoundFolder.Options? {
    guard let sound = data.sound, let folder = data.folder else { return nil }
    return SoundFolder.Options(
      files: try folderOptions(folder), sampleRate: sound.sampleRate, samples: sound.samples)
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
      try options.files.classes
      ?? SoundFolder(try places.exampleFolder(), options: options).files.classNames
    self.init(
      example: [options.samples], codeCounts: [], outputs: classes.count, classNames: classes,
      pixelMaximum: 1)
  }
}
