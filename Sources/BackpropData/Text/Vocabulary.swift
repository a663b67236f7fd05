// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

/// The tokens that a model knows, each with its number.
public struct Vocabulary: Hashable, Sendable {
  /// What a token is.
  public enum Level: String, Hashable, Sendable, CaseIterable {
    /// A Unicode scalar. There is no token for others.
    case characters
    /// A run of letters and digits, or any other character that is no blank; in lower case.
    /// Token 0 is padding, token 1 stands for every word that is not known; where texts are written
    /// word by word, token 2 begins one and token 3 ends it.
    case words
  }

  /// What a token is.
  public let level: Level
  /// The texts of the tokens, by their numbers.
  public let tokens: [String]
  private let numbers: [String: Int32]

  /// The number of the token that fills up texts of words.
  public static let padding: Int32 = 0
  /// The number of the token that stands for unknown words.
  public static let unknown: Int32 = 1
  /// The number of the token that stands before a text that is written; see ``marksEnds``.
  public static let begin: Int32 = 2
  /// The number of the token that ends a text; see ``marksEnds``.
  public static let end: Int32 = 3

  private static let marks = ["<padding>", "<unknown>", "<begin>", "<end>"]

  /// The number of tokens.
  public var count: Int { tokens.count }
  /// Whether the tokens are words, with those that begin and end a text.
  public var marksEnds: Bool { level == .words && tokens.starts(with: Vocabulary.marks) }
  /// The number of tokens that are words of texts.
  public var wordCount: Int { level == .words ? count - (marksEnds ? 4 : 2) : 0 }

  private init(level: Level, tokens: [String]) {
    self.level = level
    self.tokens = tokens
    numbers = Dictionary(tokens.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
  }

  /// The characters of a text, in the order of Unicode. Those that are the same by canonical
  /// equivalence, such as K and the sign of Kelvin, are one token, as they are equal texts.
  public init(charactersOf text: String) {
    var seen: Set<String> = []
    let scalars = Set(text.unicodeScalars).sorted()
    self.init(
      level: .characters, tokens: scalars.map { String($0) }.filter { seen.insert($0).inserted })
  }

  /// The words of some texts, the most frequent first (of equally frequent ones in the order of
  /// their letters).
  ///
  /// - Parameters:
  ///   - leastCount: words that occur less often are unknown.
  ///   - limit: the most words, besides padding and unknown.
  ///   - marksEnds: whether there are tokens that begin and end a text.
  public init(
    wordsOf texts: [String], leastCount: Int = 1, limit: Int = .max, marksEnds: Bool = false
  ) {
    var counts: [String: Int] = [:]
    for text in texts { for word in Vocabulary.words(of: text) { counts[word, default: 0] += 1 } }
    let known = counts.filter { $0.value >= leastCount }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    self.init(
      level: .words,
      tokens: Vocabulary.marks.prefix(marksEnds ? 4 : 2) + known.prefix(limit).map(\.key))
  }

  /// The words of a text.
  public static func words(of text: String) -> [String] {
    var words: [String] = []
    var word = ""
    func end() {
      if !word.isEmpty { words.append(word) }
      word = ""
    }
    for character in text.lowercased() {
      if character.isLetter || character.isNumber {
        word.append(character)
      } else {
        end()
        if !character.isWhitespace { words.append(String(character)) }
      }
    }
    end()
    return words
  }

  /// The numbers of a text's tokens.
  ///
  /// - Parameter source: the file that an error names.
  /// - Throws: a ``DataError`` at a character that is not known; words that are not known become
  ///   ``unknown``.
  public func encode(_ text: String, source: String? = nil) throws(DataError) -> [Int32] {
    switch level {
    case .words: return Vocabulary.words(of: text).map { numbers[$0] ?? Vocabulary.unknown }
    case .characters: break
    }
    // Most texts are ASCII: one look for each.
    let ascii = (0..<128).map { numbers[String(Unicode.Scalar(UInt8($0)))] ?? -1 }
    var result: [Int32] = []
    result.reserveCapacity(text.utf8.count)
    var line = 1
    for scalar in text.unicodeScalars {
      let number =
        scalar.value < 128 ? ascii[Int(scalar.value)] : numbers[String(scalar)] ?? -1
      guard number >= 0 else {
        throw DataError(
          source: source, line: source == nil ? nil : line,
          what: "the character \(Vocabulary.shown(scalar)) is not among the \(count) that the "
            + "model knows", remedy: "leave it out or write it otherwise")
      }
      if scalar == "\n" { line += 1 }
      result.append(number)
    }
    return result
  }

  /// The text of tokens: characters side by side, words with blanks between them. Numbers that no
  /// token has are left out.
  public func decode(_ numbers: some Sequence<Int32>) -> String {
    let texts = numbers.compactMap { tokens.indices.contains(Int($0)) ? tokens[Int($0)] : nil }
    return texts.joined(separator: level == .words ? " " : "")
  }

  /// The text of words as it is usually written: marks stand close to their words. What was in
  /// capitals is not known any more.
  public func sentence(_ numbers: some Sequence<Int32>) -> String {
    let texts = numbers.compactMap { tokens.indices.contains(Int($0)) ? tokens[Int($0)] : nil }
    var result = ""
    var isJoined = true
    var isQuoted = false
    for text in texts {
      let isMark = text.count == 1 && !text.allSatisfy { $0.isLetter || $0.isNumber }
      // Hyphens and apostrophes join, brackets open, all else closes.
      let joins = ["-", "'", "’", "/"].contains(text)
      if text == "\"" { isQuoted.toggle() }
      let opens = ["(", "[", "„", "“", "$", "#"].contains(text) || (text == "\"" && isQuoted)
      if !isJoined && !(isMark && !opens) { result += " " }
      result += text
      isJoined = isMark && (joins || opens)
    }
    return result
  }

  /// The number of a token.
  public func number(of token: String) -> Int32? { numbers[token] }

  private static func shown(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return scalar.properties.isWhitespace || scalar.value < 32 ? code : "'\(scalar)' (\(code))"
  }

  /// The vocabulary as JSON.
  public var json: JSONValue {
    .object(
      JSONObject([
        ("level", .string(level.rawValue)), ("tokens", .array(tokens.map { .string($0) })),
      ]))
  }

  /// Reads what ``json`` wrote.
  public init(json: JSONValue, file: String) throws(FormatError) {
    guard let level = json["level"]?.string.flatMap(Level.init), let array = json["tokens"]?.array,
      !array.isEmpty
    else {
      throw FormatError(
        file: file, position: .entry("vocabulary"), what: "what the run needs is not there",
        remedy: "train again")
    }
    let tokens = array.compactMap(\.string)
    guard tokens.count == array.count, Set(tokens).count == tokens.count else {
      throw FormatError(
        file: file, position: .entry("vocabulary"),
        what: "the tokens must be texts that all differ", remedy: "train again")
    }
    self.init(level: level, tokens: tokens)
  }
}
