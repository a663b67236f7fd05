// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

extension RecipeTree {
  /// Applies `training.epochs=5`, an argument of `--set`.
  mutating func apply(_ override: String) throws(RecipeError) {
    let place = RecipeError.Place.argument("--set \(override)")
    let usage = "write --set training.epochs=5"
    guard let equals = override.firstIndex(of: "=") else {
      throw RecipeError(place, what: "there is no '='", remedy: usage)
    }
    let path = override[..<equals].split(separator: ".", omittingEmptySubsequences: false)
      .map(String.init)
    guard path.allSatisfy({ !$0.isEmpty }), path.count <= 2 else {
      throw RecipeError(
        place, what: "'\(override[..<equals])' is no key of a recipe", remedy: usage)
    }
    let value = try RecipeTree(
      argument: String(override[override.index(after: equals)...]), place: place)
    set(path[...], to: value)
  }

  /// A recipe from the JSON of a run.
  init(json: JSONValue, place: RecipeError.Place) {
    self.place = place
    switch json {
    case .null: value = .text("", isQuoted: false)
    case .bool(let flag): value = .text(flag ? "true" : "false", isQuoted: false)
    case .integer(let number): value = .text(String(number), isQuoted: false)
    case .number(let number): value = .text(number.description, isQuoted: false)
    case .string(let text): value = .text(text, isQuoted: true)
    case .array(let elements):
      value = .list(elements.map { RecipeTree(json: $0, place: place) })
    case .object(let object):
      value = .mapping(
        object.members.map {
          Member(key: $0.key, keyPlace: place, value: RecipeTree(json: $0.value, place: place))
        })
    }
  }
}
