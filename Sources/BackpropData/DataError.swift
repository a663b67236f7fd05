// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What is wrong with the data, where, and what to do: the one error of this room. (What is wrong
/// with a file as such is a `FormatError`.)
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file or the data set.
  public let source: String?
  /// The line of the file, counted from 1.
  public let line: Int?
  /// The name of the column.
  public let column: String?
  /// What is wrong, with the values that show it.
  public let what: String
  /// What to do about it; may be empty.
  public let remedy: String

  /// Makes an error; `what` and `remedy` start in lower case and carry no full stop.
  public init(
    source: String? = nil, line: Int? = nil, column: String? = nil, what: String,
    remedy: String = ""
  ) {
    self.source = source
    self.line = line
    self.column = column
    self.what = what
    self.remedy = remedy
  }

  /// One sentence: the file, the place, what is wrong, what to do.
  public var description: String {
    var places: [String] = []
    if let source { places.append(source) }
    if let line { places.append("line \(line)") }
    if let column { places.append("column '\(column)'") }
    let place = places.isEmpty ? "" : places.joined(separator: ", ") + ": "
    let text = "\(place)\(what)\(remedy.isEmpty ? "" : "; \(remedy)")"
    return text.hasSuffix("?") ? text : text + "."
  }
}
