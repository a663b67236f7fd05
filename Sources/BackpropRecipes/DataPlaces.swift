// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats

/// Where the files of a recipe may lie: where `--data` says, else where the recipe says, else
/// beside the recipe, else in `data/NAME`.
struct DataPlaces {
  private let data: DataRecipe
  private let name: String
  private let location: String?
  private let folder: String?

  init(_ recipe: Recipe, location: String?, folder: String?) {
    data = recipe.data
    name =
      switch recipe.data.source {
      case .csv, .idx, .text, .lines, .labeledText, .pairs, .series, .forecast, .sound, .images:
        recipe.name
      case .digits, .mnist, .fashionMNIST, .cifar10: recipe.data.source.rawValue
      }
    self.location = location
    self.folder = folder
  }

  /// The folder of images or recordings.
  func exampleFolder() throws(DataError) -> String {
    if let location {
      guard isFolder(location) else { throw missing(location, "there is no such folder") }
      return location
    }
    let candidates =
      [data.path, data.path.map(beside)].compactMap { $0 } + ["data/\(name)"]
    if let found = candidates.first(where: isFolder) { return found }
    throw missing(data.path ?? "data/\(name)", "there is no such folder")
  }

  func trainFile() throws(DataError) -> String {
    if let location, !isFolder(location), data.test.isEmpty {
      guard exists(location) else { throw missing(location, "there is no such file") }
      return location
    }
    return try file(data.train)
  }

  func testFile() throws(DataError) -> String? {
    data.test.isEmpty ? nil : try file(data.test)
  }

  func validationFile() throws(DataError) -> String? {
    data.validation.isEmpty ? nil : try file(data.validation)
  }

  /// Two files of pairs.
  func pair(_ names: [String]) throws(DataError) -> TextPairFiles {
    guard names.count == 2 else { throw missing(data.source.rawValue, "no files are named") }
    return TextPairFiles(source: try file(names[0]), target: try file(names[1]))
  }

  /// Two files of pairs; nil where none are named.
  func heldBackPair(_ names: [String]) throws(DataError) -> TextPairFiles? {
    names.isEmpty ? nil : try pair(names)
  }

  /// The first of some names that exists in one of the places.
  private func file(_ names: [String]) throws(DataError) -> String {
    var first: DataError?
    for name in names {
      do throws(DataError) { return try file(name) } catch { first = first ?? error }
    }
    throw first ?? missing(data.source.rawValue, "no file is named")
  }

  private func file(_ name: String) throws(DataError) -> String {
    if let location {
      guard isFolder(location) else {
        throw missing(
          location,
          exists(location)
            ? "this is a file, and the recipe has several"
            : "there is no such folder")
      }
      let path = "\(location)/\(name)"
      guard exists(path) else { throw missing(path, "there is no such file") }
      return path
    }
    var candidates: [String] = []
    if let path = data.path { candidates += ["\(path)/\(name)", beside("\(path)/\(name)")] }
    candidates += [name, beside(name), "data/\(self.name)/\(name)"]
    if let found = candidates.first(where: exists) { return found }
    throw missing(name, "there is no such file")
  }

  private func beside(_ path: String) -> String {
    guard let folder, !path.hasPrefix("/") else { return path }
    return "\(folder)/\(path)"
  }

  private func missing(_ path: String, _ what: String) -> DataError {
    // What is fetched lies in data/NAME, where a recipe of another name may look for it.
    let names =
      [name] + (data.path.map { $0.split(separator: "/").suffix(1).map(String.init) } ?? [])
    let known = names.first { name in DataCatalog.all.contains { $0.name == name } }
    let get = known.map { "run 'backprop data get \($0)' or " } ?? ""
    return DataError(
      source: path, what: what, remedy: get + "give the folder with the files by --data")
  }

  private func exists(_ path: String) -> Bool { FileKind(of: path) != .nothing }

  private func isFolder(_ path: String) -> Bool { FileKind(of: path) == .folder }
}
