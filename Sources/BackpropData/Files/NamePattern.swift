// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What the parts of file names mean: `{label}_{speaker}_{index}.wav` says that `7_theo_12.wav` has
/// the label 7, the speaker theo and the index 12.
public struct NamePattern: Hashable, Sendable {
  private enum Part: Hashable, Sendable {
    case text(String)
    case field(String)
  }

  /// The pattern as it was written.
  public let text: String
  private let parts: [Part]

  /// - Throws: a ``DataError`` if a brace is not closed, a field has no name or stands twice, or no
  ///   text parts two fields.
  public init(_ text: String) throws(DataError) {
    func wrong(_ what: String) -> DataError {
      DataError(
        what: "the pattern '\(text)' \(what)",
        remedy: "write, for example, {label}_{speaker}_{index}.wav")
    }
    var parts: [Part] = []
    var rest = Substring(text)
    while let first = rest.first {
      guard first == "{" else {
        let end = rest.firstIndex(of: "{") ?? rest.endIndex
        parts.append(.text(String(rest[..<end])))
        rest = rest[end...]
        continue
      }
      guard let end = rest.firstIndex(of: "}") else {
        throw wrong("has a brace that is not closed")
      }
      let name = String(rest.dropFirst().prefix { $0 != "}" })
      guard !name.isEmpty else { throw wrong("has a field without a name") }
      if case .field? = parts.last { throw wrong("has two fields with nothing between them") }
      guard !parts.contains(.field(name)) else { throw wrong("has the field '\(name)' twice") }
      parts.append(.field(name))
      rest = rest[rest.index(after: end)...]
    }
    self.text = text
    self.parts = parts
  }

  /// The names of the fields, in order.
  public var fields: [String] {
    parts.compactMap { part in
      if case .field(let name) = part { name } else { nil }
    }
  }

  /// The values of the fields in a name; nil if it does not fit. A field has at least one character,
  /// and no more than it must.
  public func values(in name: String) -> [String: String]? { match(Substring(name), parts[...]) }

  private func match(_ name: Substring, _ parts: ArraySlice<Part>) -> [String: String]? {
    switch parts.first {
    case nil: return name.isEmpty ? [:] : nil
    case .text(let text):
      return name.hasPrefix(text) ? match(name.dropFirst(text.count), parts.dropFirst()) : nil
    case .field(let field):
      var end = name.startIndex
      while end < name.endIndex {
        end = name.index(after: end)
        if var values = match(name[end...], parts.dropFirst()) {
          values[field] = String(name[..<end])
          return values
        }
      }
      return nil
    }
  }
}

/// Values of a field: `george`, or the whole numbers of a range, `0-4`.
public struct FieldValues: Hashable, Sendable {
  /// The value or range as it was written.
  public let text: String
  private let range: ClosedRange<Int>?

  /// A value or a range.
  public init(_ text: String) {
    self.text = text
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    if ends.count == 2, let low = ends[0], let high = ends[1], low <= high {
      range = low...high
    } else {
      range = nil
    }
  }

  /// Whether a value is among them.
  public func contains(_ value: String) -> Bool {
    value == text || Int(value).map { range?.contains($0) ?? false } ?? false
  }
}
