// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What is wrong with a file, where in it, and what to do: the one error of this room.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A place in a file.
  public enum Position: Hashable, Sendable {
    /// The file as a whole.
    case whole
    /// An offset in bytes, counted from 0.
    case byte(Int)
    /// A line of a text file, counted from 1.
    case line(Int)
    /// A line and a column, both counted from 1.
    case lineColumn(Int, Int)
    /// A named part, such as a tensor.
    case entry(String)
  }

  /// The path as it was given.
  public let file: String
  /// Where in the file.
  public let position: Position
  /// What is wrong, with the values that show it.
  public let what: String
  /// What to do about it; may be empty.
  public let remedy: String

  /// Makes an error; `what` and `remedy` start in lower case and carry no full stop.
  public init(file: String, position: Position = .whole, what: String, remedy: String = "") {
    self.file = file
    self.position = position
    self.what = what
    self.remedy = remedy
  }

  /// One sentence: the file, the place, what is wrong, what to do.
  public var description: String {
    let place =
      switch position {
      case .whole: ""
      case .byte(let offset): ", byte \(offset)"
      case .line(let line): ", line \(line)"
      case .lineColumn(let line, let column): ", line \(line), column \(column)"
      case .entry(let name): ", '\(name)'"
      }
    let text = "\(file)\(place): \(what)\(remedy.isEmpty ? "" : "; \(remedy)")"
    return text.hasSuffix("?") ? text : text + "."
  }
}
