// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A recipe as written, before anything is known about its keys: texts, lists and mappings, each
/// with its place.
struct RecipeTree: Sendable {
  indirect enum Value: Sendable {
    /// A scalar; `isQuoted` tells `"5"` from `5`.
    case text(String, isQuoted: Bool)
    case list([RecipeTree])
    case mapping([Member])
  }

  struct Member: Sendable {
    var key: String
    var keyPlace: RecipeError.Place
    var value: RecipeTree
  }

  var value: Value
  var place: RecipeError.Place

  /// What a reader of the message calls this kind of value.
  var kind: String {
    switch value {
    case .text(let text, let isQuoted):
      isQuoted ? "the text \"\(text)\"" : (text.isEmpty ? "nothing" : "'\(text)'")
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }

  /// Whether nothing is written: `key:`, `key: ~` or `key: null`.
  var isNull: Bool {
    guard case .text(let text, false) = value else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// Sets the value at a dotted path, making the mappings on the way.
  mutating func set(_ path: ArraySlice<String>, to new: RecipeTree) {
    guard let key = path.first else {
      self = new
      return
    }
    var members: [Member]
    if case .mapping(let own) = value { members = own } else { members = [] }
    let index = members.firstIndex { $0.key == key }
    var child =
      index.map { members[$0].value } ?? RecipeTree(value: .mapping([]), place: new.place)
    child.set(path.dropFirst(), to: new)
    if let index {
      members[index].value = child
    } else {
      members.append(Member(key: key, keyPlace: new.place, value: child))
    }
    value = .mapping(members)
  }
}
