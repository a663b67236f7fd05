// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

/// Texts with a class each, read from tables of texts.
public struct LabeledText: Sendable {
  /// How the tables are read and the texts become numbers.
  public struct Options: Hashable, Sendable {
    /// The columns that make up a text, in this order.
    public var textColumns: [String]
    /// The column of the classes.
    public var labelColumn: String
    /// How the file is read. Without a delimiter it is found out; in files with tabs quotation
    /// marks are part of the text.
    public var csv: CSVOptions
    /// The most tokens of a text; what comes behind is cut off.
    public var context: Int
    /// Words that occur less often in training are unknown.
    public var leastCount: Int
    /// The most words.
    public var vocabularyLimit: Int
    /// What the classes are called, in the order of the sorted labels; nil: as the labels are.
    public var classNames: [String]?

    /// Options; only the columns have no default.
    public init(
      textColumns: [String], labelColumn: String, csv: CSVOptions = CSVOptions(),
      context: Int = 64, leastCount: Int = 1, vocabularyLimit: Int = 50_000,
      classNames: [String]? = nil
    ) {
      self.textColumns = textColumns
      self.labelColumn = labelColumn
      self.csv = csv
      self.context = context
      self.leastCount = leastCount
      self.vocabularyLimit = vocabularyLimit
      self.classNames = classNames
    }
  }

  /// The parts. features: [N, T] int32, filled up with ``Vocabulary/padding``; targets: [N] int32.
  public let parts: DataParts
  /// The words that training texts have.
  public let vocabulary: Vocabulary
  /// The labels of the classes as the files have them, in the order of the classes.
  public let labels: [String]

  /// Reads tables. Parts without a file of their own are taken out of the first, each class in the
  /// same share. Texts without words are left out and counted.
  public init(
    _ path: String, validationPath: String? = nil, testPath: String? = nil, options: Options,
    validationFraction: Double, testFraction: Double, seed: UInt64
  ) throws {
    let all = try TextTable(path, options, needsLabels: true)
    let names = Set(all.labels).sorted()
    guard names.count > 1 else {
      throw DataError(
        source: path, column: options.labelColumn,
        what: "all texts have the class '\(names.first ?? "")'", remedy: "give texts of two classes"
      )
    }
    if let given = options.classNames, given.count != names.count {
      throw DataError(
        source: path, column: options.labelColumn,
        what: "\(given.count) classes are named, and the column has \(names.count)",
        remedy: "name as many in data.classes, in the order of \(names.joined(separator: ", "))")
    }
    let numbers = try all.numbers(names)
    labels = names
    let split = try Split(
      count: all.texts.count, validation: validationPath == nil ? validationFraction : 0,
      test: testPath == nil ? testFraction : 0, seed: seed, labels: numbers)
    let vocabulary = Vocabulary(
      wordsOf: split.train.map { all.texts[$0] }, leastCount: options.leastCount,
      limit: options.vocabularyLimit)
    let encoder = TextEncoder(vocabulary: vocabulary, context: options.context)
    var empty = 0
    var cut = 0
    func part(_ texts: [String], _ labels: [Int32]) throws -> Examples? {
      let rows = try encoder.rows(texts)
      cut += rows.cut
      let kept = rows.tokens.indices.filter { !rows.tokens[$0].isEmpty }
      empty += texts.count - kept.count
      return kept.isEmpty
        ? nil
        : Examples(
          features: encoder.array(kept.map { rows.tokens[$0] }),
          targets: DataArray(shape: [kept.count], storage: .int(kept.map { labels[$0] })))
    }
    func part(_ indices: [Int]) throws -> Examples? {
      try part(indices.map { all.texts[$0] }, indices.map { numbers[$0] })
    }
    func part(file: String) throws -> Examples? {
      let table = try TextTable(file, options, needsLabels: true)
      return try part(table.texts, try table.numbers(names))
    }
    guard let train = try part(split.train) else {
      throw DataError(source: path, what: "no text has a word", remedy: "give texts with words")
    }
    let validation = try validationPath.map { try part(file: $0) } ?? part(split.validation)
    let test = try testPath.map { try part(file: $0) } ?? part(split.test)
    var notes = ["\(vocabulary.count - 2) different words in training."]
    if empty > 0 { notes.append("\(empty) texts without a word were left out.") }
    if cut > 0 { notes.append("\(cut) texts were cut off at \(options.context) words.") }
    self.vocabulary = vocabulary
    parts = DataParts(
      name: path, train: train, validation: validation, test: test,
      classNames: options.classNames ?? names, notes: notes)
  }

  /// All texts of a table for a network that was trained before, empty ones too.
  ///
  /// - Parameter labels: the labels of the classes, in their order.
  public static func examples(
    _ path: String, options: Options, labels: [String], encoder: TextEncoder
  ) throws -> Examples {
    let table = try TextTable(path, options, needsLabels: true)
    let targets = try table.numbers(labels)
    return Examples(
      features: encoder.array(try encoder.rows(table.texts).tokens),
      targets: DataArray(shape: [targets.count], storage: .int(targets)))
  }
}

/// Texts as rows of tokens of one length.
public struct TextEncoder: Hashable, Sendable {
  /// The tokens.
  public let vocabulary: Vocabulary
  /// The length of a row.
  public let context: Int

  /// An encoder of texts; those that are longer than `context` are cut off.
  public init(vocabulary: Vocabulary, context: Int) {
    self.vocabulary = vocabulary
    self.context = context
  }

  /// features: [N, context] int32, filled up with ``Vocabulary/padding``.
  public func examples(_ texts: [String]) throws(DataError) -> Examples {
    Examples(features: array(try rows(texts).tokens))
  }

  func rows(_ texts: [String]) throws(DataError) -> (tokens: [[Int32]], cut: Int) {
    var rows: [[Int32]] = []
    var cut = 0
    for text in texts {
      let tokens = try vocabulary.encode(text)
      if tokens.count > context { cut += 1 }
      rows.append(Array(tokens.prefix(context)))
    }
    return (rows, cut)
  }

  func array(_ rows: [[Int32]]) -> DataArray {
    var numbers = [Int32](repeating: Vocabulary.padding, count: rows.count * context)
    for (row, tokens) in rows.enumerated() {
      for (place, token) in tokens.enumerated() { numbers[row * context + place] = token }
    }
    return DataArray(
      shape: [rows.count, context], storage: .int(numbers), padding: Vocabulary.padding)
  }
}
