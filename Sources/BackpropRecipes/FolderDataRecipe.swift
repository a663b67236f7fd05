// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats

/// How the recordings or images of a folder get their labels and are divided.
public struct FolderDataRecipe: Hashable, Sendable {
  /// What file names mean, such as `{label}_{speaker}_{index}.wav`; nil: sub-folders are the labels.
  public var names: String?
  /// The field of the names by whose value files are for test or validation; nil: by chance, or by
  /// folders where `train` names one.
  public var splitBy: String?

  private static let keys: [DataKey] = [.names, .split_by]

  /// nil where the source is no folder of files with labels.
  init?(_ keys: Section<DataKey>, source: DataRecipe.Source) throws(RecipeError) {
    guard source == .sound || source == .images else {
      if let key = FolderDataRecipe.keys.first(where: keys.has) {
        throw keys.error(
          key, "is for sounds and images in a folder, and the source is \(source.rawValue)",
          "remove it")
      }
      return nil
    }
    names = try keys.text(.names)
    splitBy = try keys.text(.split_by)
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
    try checkParts(keys)
  }

  /// `train`, `validation` and `test` are folders, or the latter two are values of a field.
  private func checkParts(_ keys: Section<DataKey>) throws(RecipeError) {
    guard keys.has(.train) else {
      if splitBy == nil, let key = [DataKey.test, .validation].first(where: keys.has) {
        throw keys.error(
          key, "names values of a field of the names, or a folder",
          "say by data.split_by of which field, or by data.train which folder is to train with")
      }
      return
    }
    guard splitBy == nil else {
      throw keys.error(
        .train, "names a folder, and data.split_by divides by names", "remove one of them")
    }
    for key in [DataKey.train, .validation, .test] {
      let folders = try keys.alternatives(key)
      guard folders.count <= 1, folders.first != "" else {
        throw keys.error(key, "names \(folders.count) folders", "name one, in data.path")
      }
    }
  }

  func write(_ object: inout JSONObject) {
    object["names"] = names.map { .string($0) }
    object["split_by"] = splitBy.map { .string($0) }
  }
}

extension Recipe {
  /// How the files of this recipe's folder are found and divided.
  func folderOptions(_ folder: FolderDataRecipe) throws(DataError) -> LabeledFolder.Options {
    var pattern: NamePattern?
    if let names = folder.names { pattern = try NamePattern(names) }
    var division = LabeledFolder.Division.chance
    if let train = data.train.first {
      division = .folders(train: train, validation: data.validation.first, test: data.test.first)
    } else if let field = folder.splitBy {
      division = .field(
        field, validation: data.validation.map { FieldValues($0) },
        test: data.test.map { FieldValues($0) })
    }
    return LabeledFolder.Options(names: pattern, division: division, classes: data.classes)
  }
}
