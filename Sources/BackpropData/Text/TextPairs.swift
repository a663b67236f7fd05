// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A text and what it is to become, such as a sentence and its translation.
public struct TextPair: Hashable, Sendable {
  /// The text that is read.
  public let source: String
  /// The text that is written.
  public let target: String

  /// Puts both together.
  public init(source: String, target: String) {
    self.source = source
    self.target = target
  }

  /// The lines of a text file; behind its last line break nothing begins.
  package static func lines(_ path: String) throws -> [Substring] {
    var lines = try TextFile.read(path).split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// The pairs of two files: the texts on lines of the same number belong together.
  public static func read(_ files: TextPairFiles) throws -> [TextPair] {
    let sources = try lines(files.source)
    let targets = try lines(files.target)
    guard sources.count == targets.count else {
      throw DataError(
        source: files.target,
        what: "there are \(targets.count) lines, and \(files.source) has \(sources.count)",
        remedy: "write on each line what belongs to the line of the same number there")
    }
    return zip(sources, targets).map { TextPair(source: String($0), target: String($1)) }
  }
}

/// Where pairs of texts lie.
public struct TextPairFiles: Hashable, Sendable {
  /// The file of the texts that are read, one a line.
  public let source: String
  /// The file of the texts that are written, one a line.
  public let target: String

  /// Puts both together.
  public init(source: String, target: String) {
    self.source = source
    self.target = target
  }
}

/// Pairs of texts as examples, read from pairs of files.
public struct TextPairs: Sendable {
  /// The parts. features: [N, T] int32, filled up with ``Vocabulary/padding``; targets: [N, T]
  /// int32, filled up with ``TextParts/ignored``. Each text ends in ``Vocabulary/end``.
  public let parts: DataParts
  /// The words of both sides.
  public let encoder: TextPairEncoder
  /// The texts of the test part, in its order.
  public let testPairs: [TextPair]

  /// Reads files. Parts without files of their own are taken out of the first by chance.
  ///
  /// Pairs of which a text has no word, or more than `context` − 1, are left out and counted.
  ///
  /// - Parameters:
  ///   - context: the most words of a text, its end among them.
  ///   - leastCount: words that occur less often in training are unknown.
  ///   - limit: the most words of each side.
  public init(
    _ files: TextPairFiles, validation: TextPairFiles? = nil, test: TextPairFiles? = nil,
    context: Int, leastCount: Int = 1, limit: Int = 50_000, validationFraction: Double,
    testFraction: Double, seed: UInt64
  ) throws {
    var dropped = TextPairEncoder.Dropped()
    func fitting(_ files: TextPairFiles) throws -> [TextPair] {
      let pairs = dropped.keeping(try TextPair.read(files), context: context)
      guard !pairs.isEmpty else {
        throw DataError(
          source: files.source,
          what: "no pair has words on both sides and at most \(context - 1) of them",
          remedy: "give texts with words, or set data.context higher")
      }
      return pairs
    }
    let all = try fitting(files)
    let split = try Split(
      count: all.count, validation: validation == nil ? validationFraction : 0,
      test: test == nil ? testFraction : 0, seed: seed)
    let train = split.train.map { all[$0] }
    let encoder = TextPairEncoder(
      source: Vocabulary(
        wordsOf: train.map(\.source), leastCount: leastCount, limit: limit, marksEnds: true),
      target: Vocabulary(
        wordsOf: train.map(\.target), leastCount: leastCount, limit: limit, marksEnds: true),
      context: context)
    func part(_ files: TextPairFiles?, _ indices: [Int]) throws -> [TextPair] {
      try files.map(fitting) ?? indices.map { all[$0] }
    }
    let validationPairs = try part(validation, split.validation)
    testPairs = try part(test, split.test)
    func examples(_ pairs: [TextPair]) throws -> Examples? {
      pairs.isEmpty ? nil : try encoder.examples(pairs)
    }
    let (sourceWords, targetWords) = (encoder.source.wordCount, encoder.target.wordCount)
    parts = DataParts(
      name: files.source, train: try encoder.examples(train),
      validation: try examples(validationPairs), test: try examples(testPairs),
      notes: ["\(sourceWords) different words to read, \(targetWords) to write."] + dropped.notes)
    self.encoder = encoder
  }
}

/// Pairs of texts as rows of tokens.
public struct TextPairEncoder: Hashable, Sendable {
  /// The words that are read.
  public let source: Vocabulary
  /// The words that are written.
  public let target: Vocabulary
  /// The length of a row: the most words of a text, its end among them.
  public let context: Int

  /// An encoder with vocabularies that mark ends; see ``Vocabulary/marksEnds``.
  public init(source: Vocabulary, target: Vocabulary, context: Int) {
    precondition(source.marksEnds && target.marksEnds, "the vocabularies have marks of ends")
    self.source = source
    self.target = target
    self.context = context
  }

  /// What was left out, and why.
  struct Dropped {
    private var empty = 0
    private var long = 0
    private var most = 0

    /// The pairs that have words on both sides and fit the context.
    mutating func keeping(_ pairs: [TextPair], context: Int) -> [TextPair] {
      most = context - 1
      return pairs.filter { pair in
        let counts = [pair.source, pair.target].map { Vocabulary.words(of: $0).count }
        if counts.contains(0) {
          empty += 1
          return false
        }
        if counts.contains(where: { $0 > most }) {
          long += 1
          return false
        }
        return true
      }
    }

    /// What people should know, in sentences.
    var notes: [String] {
      var notes: [String] = []
      if empty > 0 { notes.append("\(empty) pairs with a text without words were left out.") }
      if long > 0 { notes.append("\(long) pairs with more than \(most) words were left out.") }
      return notes
    }
  }

  /// The examples of pairs that fit; see ``TextPairs/parts``.
  func examples(_ pairs: [TextPair]) throws(DataError) -> Examples {
    var features = [Int32](repeating: Vocabulary.padding, count: pairs.count * context)
    var targets = [Int32](repeating: TextParts.ignored, count: pairs.count * context)
    for (row, pair) in pairs.enumerated() {
      for (place, token) in try ended(pair.source, source).enumerated() {
        features[row * context + place] = token
      }
      for (place, token) in try ended(pair.target, target).enumerated() {
        targets[row * context + place] = token
      }
    }
    let shape = [pairs.count, context]
    return Examples(
      features: DataArray(shape: shape, storage: .int(features), padding: Vocabulary.padding),
      targets: DataArray(shape: shape, storage: .int(targets), padding: TextParts.ignored))
  }

  /// All pairs of files for a network that was trained before.
  ///
  /// - Throws: a ``DataError`` where no pair fits.
  public func examples(_ files: TextPairFiles) throws -> Examples {
    var dropped = Dropped()
    let pairs = dropped.keeping(try TextPair.read(files), context: context)
    guard !pairs.isEmpty else {
      throw DataError(
        source: files.source,
        what: "no pair has words on both sides and at most \(context - 1) of them",
        remedy: "give shorter texts")
    }
    return try examples(pairs)
  }

  /// The tokens of a text to be read, with its end.
  ///
  /// - Throws: a ``DataError`` where it has more than `context` − 1 words.
  public func tokens(_ text: String) throws(DataError) -> [Int32] {
    let tokens = try ended(text, source)
    guard tokens.count <= context else {
      throw DataError(
        what: "the text has \(tokens.count - 1) words and marks, and the model reads at most "
          + "\(context - 1)", remedy: "divide it into sentences")
    }
    return tokens
  }

  private func ended(_ text: String, _ vocabulary: Vocabulary) throws(DataError) -> [Int32] {
    try vocabulary.encode(text) + [Vocabulary.end]
  }
}
