// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What is wrong in a recipe, where, and what to write instead.
public struct RecipeError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Where a value was written.
  public enum Place: Hashable, Sendable, CustomStringConvertible {
    /// A file, with its line and column counted from 1.
    case file(String, line: Int, column: Int)
    /// A file as a whole.
    case whole(String)
    /// An argument of the command line, as it was typed.
    case argument(String)

    /// The place as messages name it.
    public var description: String {
      switch self {
      case .file(let name, let line, let column): "\(name), line \(line), column \(column)"
      case .whole(let name): name
      case .argument(let text): text
      }
    }
  }

  /// Where.
  public let place: Place
  /// What is wrong, with the values that show it.
  public let what: String
  /// What to do about it; may be empty.
  public let remedy: String

  /// Makes an error; `what` and `remedy` start in lower case and carry no full stop.
  public init(_ place: Place, what: String, remedy: String = "") {
    self.place = place
    self.what = what
    self.remedy = remedy
  }

  /// One sentence: the place, what is wrong, what to do.
  public var description: String {
    let sentence = "\(place): \(what)\(remedy.isEmpty ? "" : "; \(remedy)")"
    return sentence.hasSuffix("?") ? sentence : sentence + "."
  }
}
