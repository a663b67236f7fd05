// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

extension Recipe {
  /// The first key whose value differs, as `training.epochs is 20 there and 5 here`; nil where the
  /// recipes are equal.
  public func firstDifference(from other: Recipe) -> String? {
    Recipe.difference(json, other.json, "")
  }

  private static func difference(_ a: JSONValue?, _ b: JSONValue?, _ path: String) -> String? {
    if let first = a?.object, let second = b?.object {
      for key in first.keys + second.keys.filter({ first[$0] == nil }) {
        let dotted = path.isEmpty ? key : "\(path).\(key)"
        if let found = difference(first[key], second[key], dotted) { return found }
      }
      return nil
    }
    guard a != b else { return nil }
    func text(_ value: JSONValue?) -> String { (try? value?.text()) ?? "not set" }
    return "\(path) is \(text(a)) there and \(text(b)) here"
  }
}
