// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A pattern for dotted paths: `*` stands for any characters within one part, `**` for any number
/// of parts, `?` for one character, `{a,b}` for either.
///
/// `encoder.**` matches everything below `encoder`, `**.bias` every bias, `layers.*.weight` the
/// weight of each layer; `**` matches all.
public struct Glob: Hashable, Sendable {
  /// The pattern as it was written.
  public let pattern: String
  private let alternatives: [[[Character]]]

  /// A pattern for paths.
  public init(_ pattern: String) {
    self.pattern = pattern
    alternatives = Glob.expanded(Array(pattern)).map { text in
      text.split(separator: ".", omittingEmptySubsequences: false).map(Array.init)
    }
  }

  /// Whether the whole of `path` fits the pattern.
  public func matches(_ path: String) -> Bool {
    let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(Array.init)
    return alternatives.contains { Glob.match($0[...], parts[...]) }
  }

  /// The patterns without braces that a pattern with braces stands for.
  private static func expanded(_ text: [Character]) -> [[Character]] {
    guard let open = text.firstIndex(of: "{"), let close = text[open...].firstIndex(of: "}") else {
      return [text]
    }
    return text[(open + 1)..<close].split(separator: ",", omittingEmptySubsequences: false)
      .flatMap { expanded(Array(text[..<open] + $0 + text[(close + 1)...])) }
  }

  private static func match(_ pattern: ArraySlice<[Character]>, _ parts: ArraySlice<[Character]>)
    -> Bool
  {
    guard let first = pattern.first else { return parts.isEmpty }
    if first == ["*", "*"] {
      let rest = pattern.dropFirst()
      return (0...parts.count).contains { match(rest, parts.dropFirst($0)) }
    }
    guard let part = parts.first, match(first[...], part[...]) else { return false }
    return match(pattern.dropFirst(), parts.dropFirst())
  }

  private static func match(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>)
    -> Bool
  {
    guard let first = pattern.first else { return text.isEmpty }
    if first == "*" {
      let rest = pattern.dropFirst()
      return (0...text.count).contains { match(rest, text.dropFirst($0)) }
    }
    guard let character = text.first, first == "?" || first == character else { return false }
    return match(pattern.dropFirst(), text.dropFirst())
  }
}
