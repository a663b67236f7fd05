// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// One mapping of a recipe, its keys checked, read value by value.
struct Section<Key: RecipeKey> {
  /// Where the mapping is written, or where it is missing.
  let place: RecipeError.Place
  private var values: [Key: RecipeTree] = [:]

  /// Checks that `tree` is a mapping with known keys only.
  init(_ tree: RecipeTree?, place: RecipeError.Place) throws(RecipeError) {
    guard let tree, !tree.isNull else {
      self.place = place
      return
    }
    self.place = tree.place
    guard case .mapping(let members) = tree.value else {
      let name = Key.section.isEmpty ? "a recipe" : "'\(Key.section)'"
      throw RecipeError(
        tree.place, what: "\(name) is a mapping of keys to values, not \(tree.kind)",
        remedy: "its keys are \(Section.list(Key.allCases.map(\.rawValue)))")
    }
    for member in members {
      guard let key = Key(rawValue: member.key) else { throw Section.unknown(member) }
      values[key] = member.value
    }
  }

  /// The value of a key, or nil where it is missing or null.
  func tree(_ key: Key) -> RecipeTree? {
    guard let tree = values[key], !tree.isNull else { return nil }
    return tree
  }

  /// Whether the key has a value.
  func has(_ key: Key) -> Bool { tree(key) != nil }

  /// Where a key is written; the mapping's place where it isn't.
  func place(of key: Key) -> RecipeError.Place { values[key]?.place ?? place }

  /// The key's dotted name.
  func name(_ key: Key) -> String { RecipeKeys.dotted(Key.section, key.rawValue) }

  /// An error at a key.
  func error(_ key: Key, _ what: String, _ remedy: String = "") -> RecipeError {
    RecipeError(place(of: key), what: "\(name(key)) \(what)", remedy: remedy)
  }

  private static func unknown(_ member: RecipeTree.Member) -> RecipeError {
    let own = Key.allCases.map(\.rawValue)
    let whole = Key.section.isEmpty ? "a recipe" : "'\(Key.section)'"
    let what = "'\(member.key)' is no key of \(whole)"
    for other in RecipeKeys.sections
    where other.section != Key.section && other.keys.contains(member.key) {
      let where_ =
        other.section.isEmpty
        ? "it belongs to the outermost keys" : "it belongs under '\(other.section)'"
      return RecipeError(member.keyPlace, what: what, remedy: where_)
    }
    if let near = nearestName(to: member.key, among: own) {
      return RecipeError(member.keyPlace, what: what, remedy: "did you mean '\(near)'?")
    }
    for other in RecipeKeys.sections where other.section != Key.section {
      if let near = nearestName(to: member.key, among: other.keys) {
        let dotted = RecipeKeys.dotted(other.section, near)
        return RecipeError(member.keyPlace, what: what, remedy: "did you mean '\(dotted)'?")
      }
    }
    return RecipeError(member.keyPlace, what: what, remedy: "its keys are \(list(own))")
  }

  static func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
