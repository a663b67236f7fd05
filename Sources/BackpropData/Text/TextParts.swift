// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Texts as examples for a language model: at each place of the features the target is the token
/// that comes next.
public struct TextParts: Sendable {
  /// The target of a place behind the end of a line, which counts nothing.
  public static let ignored: Int32 = -1

  /// The parts. features: [N, T] int32; targets: [N, T] int32.
  public let parts: DataParts
  /// The tokens.
  public let vocabulary: Vocabulary

  /// A text cut into windows of `context` tokens, one behind the other.
  ///
  /// The end of the text is held back: the last `testFraction` of it for the test, what lies before
  /// for validation. Each epoch begins its windows at another place of the first window, so that
  /// they are cut differently each time; see ``Examples/shifts``. What does not fill a window at
  /// the end of a part is left out.
  ///
  /// - Parameter known: the vocabulary of a model; nil: that of the whole text.
  public init(
    text: String, name: String, context: Int, validationFraction: Double, testFraction: Double,
    known: Vocabulary? = nil, seed: UInt64 = 0
  ) throws(DataError) {
    guard !text.isEmpty else {
      throw DataError(source: name, what: "the text is empty", remedy: "give some text")
    }
    vocabulary = known ?? Vocabulary(charactersOf: text)
    let tokens = try vocabulary.encode(text, source: name)
    let tests = Int(Double(tokens.count) * testFraction)
    let validations = Int(Double(tokens.count) * validationFraction)
    let ends = (tokens.count - tests - validations, tokens.count - tests)
    func part(
      _ what: String, _ range: Range<Int>, moves: Bool = false
    ) throws(DataError) -> Examples? {
      if range.isEmpty { return nil }
      guard range.count > context else {
        throw DataError(
          source: name,
          what: "\(range.count) tokens \(what) do not fill a window of \(context) and its next",
          remedy: "give more text, or set data.context to less than \(range.count)")
      }
      return Examples(windowsOf: Array(tokens[range]), length: context, moves: moves)
    }
    guard let train = try part("to train", 0..<ends.0, moves: true) else {
      throw DataError(
        source: name, what: "nothing is left to train with", remedy: "hold back less")
    }
    parts = DataParts(
      name: name, train: train, validation: try part("to validate", ends.0..<ends.1),
      test: try part("to test", ends.1..<tokens.count),
      notes: [
        "\(tokens.count) characters, \(vocabulary.count) different ones; windows of \(context)."
      ])
  }

  /// Lines of a text, each an example of its own: a line break, the line, a line break. Shorter
  /// ones are filled up, and what is filled up counts nothing. Empty lines are left out, as are
  /// lines that were there before.
  ///
  /// - Parameters:
  ///   - context: the most tokens of an example; nil: as many as the longest line needs. A line that
  ///     is longer is an error.
  ///   - known: the vocabulary of a model; nil: that of the whole text.
  public init(
    lines text: String, name: String, context: Int?, validationFraction: Double,
    testFraction: Double, known: Vocabulary? = nil, seed: UInt64
  ) throws(DataError) {
    vocabulary = known ?? Vocabulary(charactersOf: text + "\n")
    let end = try vocabulary.encode("\n", source: name)[0]
    var seen: Set<Substring> = []
    var lines: [(number: Int, text: Substring)] = []
    var repeated = 0
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty {
      if seen.insert(line).inserted { lines.append((index + 1, line)) } else { repeated += 1 }
    }
    guard !lines.isEmpty else {
      throw DataError(source: name, what: "there are no lines", remedy: "give some text")
    }
    let longest = lines.map(\.text.unicodeScalars.count).max() ?? 0
    let length = context ?? longest + 1
    if let line = lines.first(where: { $0.text.unicodeScalars.count >= length }) {
      throw DataError(
        source: name, line: line.number,
        what: "the line has \(line.text.unicodeScalars.count) characters, and \(length - 1) fit",
        remedy: "set data.context to at least \(longest + 1), or shorten the line")
    }
    var features = [Int32](repeating: end, count: lines.count * length)
    var targets = [Int32](repeating: TextParts.ignored, count: lines.count * length)
    for (row, line) in lines.enumerated() {
      let tokens = try vocabulary.encode(String(line.text), source: name)
      for (place, token) in tokens.enumerated() {
        features[row * length + place + 1] = token
        targets[row * length + place] = token
      }
      targets[row * length + tokens.count] = end
    }
    let all = Examples(
      features: DataArray(shape: [lines.count, length], storage: .int(features), padding: end),
      targets: DataArray(
        shape: [lines.count, length], storage: .int(targets), padding: TextParts.ignored))
    let split = try Split(
      count: lines.count, validation: validationFraction, test: testFraction, seed: seed)
    func part(_ indices: [Int]) -> Examples? {
      indices.isEmpty ? nil : all.examples(at: indices)
    }
    var notes = ["\(lines.count) lines of at most \(longest) characters."]
    if repeated > 0 { notes.append("\(repeated) lines that were there before were left out.") }
    parts = DataParts(
      name: name, train: all.examples(at: split.train), validation: part(split.validation),
      test: part(split.test), notes: notes)
  }
}

extension Examples {
  /// Windows of `length` tokens, one behind the other, with the token that follows each place.
  ///
  /// - Parameter moves: whether one window less is made where there are several, so that all of
  ///   them can be moved on by a window's length.
  init(windowsOf tokens: [Int32], length: Int, moves: Bool) {
    let whole = (tokens.count - 1) / length
    let count = moves && whole > 1 ? whole - 1 : whole
    self.init(
      features: DataArray(windowsOf: tokens, from: 0, count: count, length: length),
      targets: DataArray(windowsOf: tokens, from: 1, count: count, length: length),
      shifts: moves ? min(length - 1, tokens.count - 1 - count * length) : 0)
  }
}
