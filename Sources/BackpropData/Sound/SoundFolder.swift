// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// Recordings in a folder of WAVE files, each with a label: in its name, or the name of the
/// sub-folder that it lies in.
public struct SoundFolder: Sendable {
  /// How recordings are found, divided and made alike.
  public struct Options: Hashable, Sendable {
    /// What file names mean; without a field `label` the sub-folders are the labels. nil: names mean
    /// nothing.
    public var names: NamePattern?
    /// The samples in a second of every example.
    public var sampleRate: Int
    /// The samples of every example. Shorter recordings get zeros on both sides, of longer ones the
    /// middle is taken.
    public var samples: Int
    /// The field of the names that says to which part a recording belongs; nil: chance does.
    public var splitField: String?
    /// The field's values of the test part; empty: a share of all.
    public var test: [FieldValues]
    /// The field's values of the validation part; empty: a share of all.
    public var validation: [FieldValues]
    /// The labels in the order of the classes; nil: those that are there, in order.
    public var classes: [String]?

    /// Puts the facts together.
    public init(
      names: NamePattern? = nil, sampleRate: Int, samples: Int, splitField: String? = nil,
      test: [FieldValues] = [], validation: [FieldValues] = [], classes: [String]? = nil
    ) {
      self.names = names
      self.sampleRate = sampleRate
      self.samples = samples
      self.splitField = splitField
      self.test = test
      self.validation = validation
      self.classes = classes
    }
  }

  /// A file, and what its place and name say.
  public struct Entry: Hashable, Sendable {
    /// The path.
    public let path: String
    /// What is heard.
    public let label: String
    /// The fields of the name.
    public let fields: [String: String]
  }

  /// The folder.
  public let path: String
  /// The files, in the order of their paths.
  public let entries: [Entry]
  /// The labels in the order of the classes.
  public let classNames: [String]
  private let options: Options

  /// Looks at the names in a folder; no recording is read.
  public init(_ folder: String, options: Options) throws(DataError) {
    path = folder
    self.options = options
    let isFlat = options.names?.fields.contains("label") ?? false
    var entries: [Entry] = []
    if isFlat {
      entries = try SoundFolder.entries(folder, label: nil, options.names)
    } else {
      for name in try Folder.names(in: folder) where !name.hasPrefix(".") {
        let inner = "\(folder)/\(name)"
        guard FileKind(of: inner) == .folder else { continue }
        entries += try SoundFolder.entries(inner, label: name, options.names)
      }
    }
    guard !entries.isEmpty else {
      throw DataError(
        source: folder,
        what: isFlat ? "there are no .wav files" : "there are no folders with .wav files",
        remedy: isFlat
          ? "give the folder that holds the recordings"
          : "give a folder with a folder for each label, or a pattern of names with {label}")
    }
    self.entries = entries
    let found = SoundFolder.ordered(Set(entries.map(\.label)))
    classNames = options.classes ?? found
    let known = Set(classNames)
    if let stray = entries.first(where: { !known.contains($0.label) }) {
      throw DataError(
        source: stray.path, what: "the label '\(stray.label)' is none of the classes",
        remedy: "name all of them as classes: \(found.joined(separator: ", "))")
    }
  }

  private static func entries(
    _ folder: String, label: String?, _ pattern: NamePattern?
  ) throws(DataError) -> [Entry] {
    var entries: [Entry] = []
    for name in try Folder.names(in: folder)
    where name.lowercased().hasSuffix(".wav") && !name.hasPrefix(".") {
      let path = "\(folder)/\(name)"
      guard let fields = pattern.map({ $0.values(in: name) }) ?? [:],
        let label = label ?? fields["label"]
      else {
        throw DataError(
          source: path, what: "the name does not fit the pattern '\(pattern?.text ?? "")'",
          remedy: "rename the file, take it away or correct the pattern")
      }
      entries.append(Entry(path: path, label: label, fields: fields))
    }
    return entries
  }

  /// Numbers by their size, else by their letters.
  private static func ordered(_ labels: Set<String>) -> [String] {
    let numbers = labels.compactMap { Int($0) }
    if numbers.count < labels.count { return labels.sorted() }
    return labels.sorted { (Int($0) ?? 0, $0) < (Int($1) ?? 0, $1) }
  }

  /// Reads all recordings and divides them: by a field where there is one, else by chance, the same
  /// share of each class.
  public func parts(
    name: String, validationFraction: Double, testFraction: Double, seed: UInt64
  ) throws -> DataParts {
    let split = try divided(validationFraction, testFraction, seed)
    var reader = SoundReader(sampleRate: options.sampleRate, samples: options.samples)
    func examples(_ indices: [Int]) throws -> Examples {
      var samples: [Float] = []
      samples.reserveCapacity(indices.count * options.samples)
      for index in indices { samples += try reader.read(entries[index].path) }
      return Examples(
        features: DataArray(shape: [indices.count, options.samples], storage: .float(samples)),
        targets: DataArray(
          shape: [indices.count], storage: .int(indices.map { Int32(label($0)) })))
    }
    let train = try examples(split.train)
    let validation = split.validation.isEmpty ? nil : try examples(split.validation)
    let test = split.test.isEmpty ? nil : try examples(split.test)
    return DataParts(
      name: name, train: train, validation: validation, test: test, classNames: classNames,
      notes: reader.notes)
  }

  private func label(_ index: Int) -> Int {
    classNames.firstIndex(of: entries[index].label) ?? 0
  }

  private func divided(
    _ validationFraction: Double, _ testFraction: Double, _ seed: UInt64
  ) throws(DataError) -> (train: [Int], validation: [Int], test: [Int]) {
    let test = try members(options.test, "test")
    let validation = try members(options.validation, "validation")
    if let both = test.intersection(validation).min() {
      throw DataError(
        source: entries[both].path, what: "this recording is both for the test and for validation",
        remedy: "name values that exclude each other")
    }
    let rest = entries.indices.filter { !test.contains($0) && !validation.contains($0) }
    guard !rest.isEmpty else {
      throw DataError(
        source: path, what: "no recording is left to train with",
        remedy: "give more recordings, or hold out fewer")
    }
    let split = try Split(
      count: rest.count, validation: options.validation.isEmpty ? validationFraction : 0,
      test: options.test.isEmpty ? testFraction : 0, seed: seed,
      labels: rest.map { Int32(label($0)) })
    return (
      split.train.map { rest[$0] }, validation.sorted() + split.validation.map { rest[$0] },
      test.sorted() + split.test.map { rest[$0] }
    )
  }

  /// The recordings whose field has one of some values; each value must occur.
  private func members(_ values: [FieldValues], _ part: String) throws(DataError) -> Set<Int> {
    guard let field = options.splitField, !values.isEmpty else { return [] }
    var members: Set<Int> = []
    for value in values {
      let found = entries.indices.filter { entries[$0].fields[field].map(value.contains) ?? false }
      guard !found.isEmpty else {
        throw DataError(
          source: path, what: "no recording has the \(field) '\(value.text)', for \(part)",
          remedy: "name values that occur")
      }
      members.formUnion(found)
    }
    return members
  }
}
