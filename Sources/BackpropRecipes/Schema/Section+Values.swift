// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

extension Section {
  /// A text, or nil where the key is missing.
  func text(_ key: Key) throws(RecipeError) -> String? {
    guard let tree = tree(key) else { return nil }
    guard case .text(let text, _) = tree.value else {
      throw error(key, "is a text, not \(tree.kind)")
    }
    return text
  }

  /// A text or a list of texts; empty where the key is missing.
  func alternatives(_ key: Key) throws(RecipeError) -> [String] {
    guard let tree = tree(key) else { return [] }
    if case .list = tree.value { return try texts(key) ?? [] }
    return try text(key).map { [$0] } ?? []
  }

  /// A list of texts, or nil where the key is missing.
  func texts(_ key: Key) throws(RecipeError) -> [String]? {
    guard let elements = try list(key, of: "texts") else { return nil }
    var result: [String] = []
    for element in elements {
      guard case .text(let text, _) = element.value else {
        throw RecipeError(
          element.place,
          what: "\(name(key)) is a list of texts, and this element is \(element.kind)")
      }
      result.append(text)
    }
    return result
  }

  /// One of the cases of an enumeration.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: Key, default value: Choice
  ) throws(RecipeError) -> Choice {
    try choice(key) ?? value
  }

  /// One of the cases of an enumeration, or nil where the key is missing.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: Key, of: Choice.Type = Choice.self
  ) throws(RecipeError) -> Choice? {
    guard let tree = tree(key) else { return nil }
    let names = Choice.allCases.map(\.rawValue)
    guard case .text(let text, _) = tree.value, let choice = Choice(rawValue: text) else {
      var remedy = "choose one of \(Section.list(names))"
      if case .text(let text, _) = tree.value, let near = nearestName(to: text, among: names) {
        remedy = "did you mean '\(near)'? Known are \(Section.list(names))"
      }
      throw error(key, "cannot be \(tree.kind)", remedy)
    }
    return choice
  }

  /// `true` or `false`.
  func flag(_ key: Key, default value: Bool) throws(RecipeError) -> Bool {
    guard let tree = tree(key) else { return value }
    switch tree.value {
    case .text("true", false): return true
    case .text("false", false): return false
    default: throw error(key, "is true or false, not \(tree.kind)")
    }
  }

  /// A whole number in a range.
  func integer(
    _ key: Key, in range: ClosedRange<Int>, default value: Int
  ) throws(RecipeError) -> Int {
    try integer(key, in: range) ?? value
  }

  /// A whole number in a range, or nil where the key is missing.
  func integer(_ key: Key, in range: ClosedRange<Int>) throws(RecipeError) -> Int? {
    guard let tree = tree(key) else { return nil }
    return try integer(tree, name(key), in: range)
  }

  /// A list of whole numbers in a range, or nil where the key is missing.
  func integers(_ key: Key, in range: ClosedRange<Int>) throws(RecipeError) -> [Int]? {
    guard let elements = try list(key, of: "whole numbers") else { return nil }
    var result: [Int] = []
    for element in elements {
      result.append(try integer(element, "an element of \(name(key))", in: range))
    }
    return result
  }

  /// Height and width: one whole number for both, or a list of the two; nil where the key is missing.
  func sides(_ key: Key, in range: ClosedRange<Int>) throws(RecipeError) -> [Int]? {
    guard let tree = tree(key) else { return nil }
    guard case .list = tree.value else {
      let side = try integer(tree, name(key), in: range)
      return [side, side]
    }
    let sides = try integers(key, in: range) ?? []
    guard sides.count == 2 else {
      throw error(key, "has \(sides.count) numbers", "write one for squares, or [height, width]")
    }
    return sides
  }

  /// A number that satisfies a stated bound.
  func number(
    _ key: Key, _ bound: NumberBound, default value: Double
  ) throws(RecipeError) -> Double {
    try number(key, bound) ?? value
  }

  /// A number that satisfies a stated bound, or nil where the key is missing.
  func number(_ key: Key, _ bound: NumberBound) throws(RecipeError) -> Double? {
    guard let tree = tree(key) else { return nil }
    guard case .text(let text, false) = tree.value, let number = Double(text), number.isFinite
    else {
      throw error(key, "is a number, not \(tree.kind)")
    }
    guard bound.holds(number) else {
      throw error(key, "is \(bound.description), not \(text)")
    }
    return number
  }

  private func integer(
    _ tree: RecipeTree, _ name: String, in range: ClosedRange<Int>
  ) throws(RecipeError) -> Int {
    guard case .text(let text, false) = tree.value, let number = Int(text) else {
      throw RecipeError(tree.place, what: "\(name) is a whole number, not \(tree.kind)")
    }
    guard range.contains(number) else {
      let bound =
        range.upperBound == .max
        ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
      throw RecipeError(tree.place, what: "\(name) is \(bound), not \(number)")
    }
    return number
  }

  private func list(_ key: Key, of what: String) throws(RecipeError) -> [RecipeTree]? {
    guard let tree = tree(key) else { return nil }
    guard case .list(let elements) = tree.value else {
      throw error(key, "is a list of \(what), not \(tree.kind)", "write [first, second]")
    }
    return elements
  }
}

/// Which numbers a key takes.
enum NumberBound: CustomStringConvertible {
  case positive
  case atLeastZero
  /// 0 <= x < 1.
  case fraction
  /// 0 < x <= 1.
  case share

  func holds(_ number: Double) -> Bool {
    switch self {
    case .positive: number > 0
    case .atLeastZero: number >= 0
    case .fraction: number >= 0 && number < 1
    case .share: number > 0 && number <= 1
    }
  }

  var description: String {
    switch self {
    case .positive: "a number above 0"
    case .atLeastZero: "a number from 0"
    case .fraction: "a number from 0 and below 1"
    case .share: "a number above 0 and at most 1"
    }
  }
}
