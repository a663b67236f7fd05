// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Yams

extension RecipeTree {
  /// A recipe fits a screen or two; what is larger is no recipe, and is not parsed at all.
  static let maximumBytes = 64 << 10
  /// Deep nesting makes a parser recurse; a recipe has three levels.
  private static let maximumBrackets = 500
  private static let maximumColumns = 1000
  /// Names for parts (`&name`, `*name`) can repeat each other without end.
  private static let maximumAliases = 16

  /// Reads YAML text.
  init(yaml bytes: [UInt8], file: String) throws(RecipeError) {
    guard bytes.count <= RecipeTree.maximumBytes else {
      throw RecipeError(
        .whole(file), what: "\(bytes.count) bytes are too many for a recipe",
        remedy: "name a YAML file of at most \(RecipeTree.maximumBytes) bytes")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw RecipeError(
        .whole(file), what: "this is not UTF-8 text", remedy: "name a YAML file")
    }
    try RecipeTree.check(bytes, file)
    try self.init(text: text, place: .whole(file), file: file)
  }

  /// Reads the value of `--set key=value`.
  init(argument text: String, place: RecipeError.Place) throws(RecipeError) {
    try RecipeTree.check(Array(text.utf8), place.description)
    try self.init(text: text, place: place, file: nil)
    self = moved(to: place)
  }

  private init(text: String, place: RecipeError.Place, file: String?) throws(RecipeError) {
    let root: Node?
    do {
      // The basic resolver knows no regular expressions: what a text means, the schema decides.
      let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
      root = try parser.singleRoot()
    } catch {
      throw RecipeTree.explained(error, place, file)
    }
    guard let root else {
      guard file != nil else {
        self.init(value: .text("", isQuoted: false), place: place)
        return
      }
      throw RecipeError(
        place, what: "the file is empty", remedy: "write at least `task:`, `data:` and `model:`")
    }
    self = try RecipeTree.converted(root, place, file, depth: 0)
  }

  private func moved(to place: RecipeError.Place) -> RecipeTree {
    let moved: Value =
      switch value {
      case .text: value
      case .list(let elements): .list(elements.map { $0.moved(to: place) })
      case .mapping(let members):
        .mapping(
          members.map { Member(key: $0.key, keyPlace: place, value: $0.value.moved(to: place)) })
      }
    return RecipeTree(value: moved, place: place)
  }

  private static func converted(
    _ node: Node, _ whole: RecipeError.Place, _ file: String?, depth: Int
  ) throws(RecipeError) -> RecipeTree {
    let place: RecipeError.Place =
      if let file, let mark = node.mark {
        .file(file, line: mark.line, column: mark.column)
      } else {
        whole
      }
    guard depth < 8 else {
      throw RecipeError(place, what: "the nesting is too deep", remedy: "a recipe has three levels")
    }
    switch node {
    case .scalar(let scalar):
      let isQuoted = scalar.style != .plain && scalar.style != .any
      return RecipeTree(value: .text(scalar.string, isQuoted: isQuoted), place: place)
    case .sequence(let sequence):
      var elements: [RecipeTree] = []
      for element in sequence {
        elements.append(try converted(element, whole, file, depth: depth + 1))
      }
      return RecipeTree(value: .list(elements), place: place)
    case .mapping(let mapping):
      var members: [Member] = []
      for (key, value) in mapping {
        let name = try converted(key, whole, file, depth: depth + 1)
        guard case .text(let text, _) = name.value else {
          throw RecipeError(
            name.place, what: "\(name.kind) cannot be a key", remedy: "write a name")
        }
        members.append(
          Member(
            key: text, keyPlace: name.place,
            value: try converted(value, whole, file, depth: depth + 1)))
      }
      return RecipeTree(value: .mapping(members), place: place)
    case .alias:
      throw RecipeError(place, what: "an alias leads nowhere", remedy: "write the value itself")
    }
  }

  /// Refuses text that would make a parser recurse or repeat without bound.
  private static func check(_ bytes: [UInt8], _ file: String) throws(RecipeError) {
    var brackets = 0
    var aliases = 0
    var line = 1
    var column = 0
    var previous = UInt8(ascii: "\n")
    for byte in bytes {
      column += 1
      switch byte {
      case UInt8(ascii: "\n"):
        line += 1
        column = 0
      case UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
      case UInt8(ascii: "*"):
        if " [{,\n\t:-".utf8.contains(previous) { aliases += 1 }
      default: break
      }
      previous = byte
      guard column <= maximumColumns && brackets <= maximumBrackets && aliases <= maximumAliases
      else {
        let what =
          column > maximumColumns
          ? "the line is longer than \(maximumColumns) bytes"
          : (brackets > maximumBrackets
            ? "there are too many brackets" : "there are too many aliases")
        throw RecipeError(
          .file(file, line: line, column: max(column, 1)), what: what,
          remedy: "a recipe is a short YAML file")
      }
    }
  }

  private static func explained(
    _ error: any Error, _ place: RecipeError.Place, _ file: String?
  ) -> RecipeError {
    func at(_ mark: Mark) -> RecipeError.Place {
      file.map { .file($0, line: max(mark.line, 1), column: max(mark.column, 1)) } ?? place
    }
    let remedy = "correct the YAML there"
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return RecipeError(at(mark), what: "this is not YAML: \(problem)", remedy: remedy)
    case .duplicatedKeysInMapping(let names, let context):
      let name = names.first ?? ""
      return RecipeError(
        at(context.mark), what: "the key '\(name)' is written twice", remedy: "keep one of them")
    case .reader(let problem, _, _, _):
      return RecipeError(place, what: "this is not YAML text: \(problem)", remedy: remedy)
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded, nil:
      return RecipeError(place, what: "this is not YAML: \(error)", remedy: remedy)
    }
  }
}
