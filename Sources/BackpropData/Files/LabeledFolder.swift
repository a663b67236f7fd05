// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// Files in a folder, an example each, with a label: in the file's name, or the name of the
/// sub-folder that it lies in.
public struct LabeledFolder: Sendable {
  /// What the files hold.
  public enum Kind: Hashable, Sendable {
    /// Recordings: `.wav`.
    case sounds
    /// Images: `.png`, `.jpg`, `.jpeg`.
    case images

    var endings: [String] {
      switch self {
      case .sounds: [".wav"]
      case .images: [".png", ".jpg", ".jpeg"]
      }
    }

    /// What one is called, for people.
    var noun: String {
      switch self {
      case .sounds: "recording"
      case .images: "image"
      }
    }

    /// What the files are called, for people.
    var files: String {
      switch self {
      case .sounds: ".wav files"
      case .images: ".png, .jpg or .jpeg files"
      }
    }
  }

  /// What says to which part a file belongs. Where nothing is named for validation or for the test,
  /// chance takes a share of what is left.
  public enum Division: Hashable, Sendable {
    /// Chance says it.
    case chance
    /// A field of the names has one of some values.
    case field(String, validation: [FieldValues], test: [FieldValues])
    /// The parts are folders in the folder.
    case folders(train: String, validation: String?, test: String?)
  }

  /// How files are found and divided.
  public struct Options: Hashable, Sendable {
    /// What file names mean; without a field `label` the sub-folders are the labels. nil: names mean
    /// nothing.
    public var names: NamePattern?
    /// What says to which part a file belongs.
    public var division: Division
    /// The labels in the order of the classes; nil: those to train with, in order.
    public var classes: [String]?

    /// Puts the facts together.
    public init(
      names: NamePattern? = nil, division: Division = .chance, classes: [String]? = nil
    ) {
      self.names = names
      self.division = division
      self.classes = classes
    }
  }

  /// The parts that can be named.
  public enum HeldOut: Hashable, Sendable {
    /// For validation.
    case validation
    /// For the test.
    case test
  }

  /// A file, and what its place and name say.
  public struct Entry: Hashable, Sendable {
    /// The path.
    public let path: String
    /// What is to be told.
    public let label: String
    /// The fields of the name.
    public let fields: [String: String]
    /// The part that it was named for; nil: to train with, or chance says it.
    public internal(set) var part: HeldOut?
  }

  /// The folder.
  public let path: String
  /// What the files hold.
  public let kind: Kind
  /// The files, part after part, in the order of their paths.
  public let entries: [Entry]
  /// The labels in the order of the classes.
  public let classNames: [String]
  private let options: Options

  /// Looks at the names in a folder; no file is read.
  public init(_ folder: String, _ kind: Kind, options: Options) throws(DataError) {
    path = folder
    self.kind = kind
    self.options = options
    var entries: [Entry] = []
    switch options.division {
    case .chance: entries = try LabeledFolder.list(folder, kind, options.names)
    case .field(let field, let validation, let test):
      entries = try LabeledFolder.list(folder, kind, options.names)
      try LabeledFolder.mark(&entries, .validation, field, validation, folder, kind)
      try LabeledFolder.mark(&entries, .test, field, test, folder, kind)
    case .folders(let train, let validation, let test):
      let parts: [(String?, HeldOut?)] = [(train, nil), (validation, .validation), (test, .test)]
      for case (let name?, let part) in parts {
        var inner = try LabeledFolder.list("\(folder)/\(name)", kind, options.names)
        for index in inner.indices { inner[index].part = part }
        entries += inner
      }
    }
    self.entries = entries
    let learned = entries.filter { $0.part == nil }
    guard !learned.isEmpty else {
      throw DataError(
        source: path, what: "no \(kind.noun) is left to train with",
        remedy: "give more \(kind.noun)s, or hold out fewer")
    }
    let found = LabeledFolder.ordered(Set(learned.map(\.label)))
    classNames = options.classes ?? found
    let known = Set(classNames)
    if let stray = entries.first(where: { !known.contains($0.label) }) {
      throw DataError(
        source: stray.path, what: "the label '\(stray.label)' is none of the classes",
        remedy: options.classes == nil
          ? "give \(kind.noun)s to train with that have it, or take this one away"
          : "name all of them as classes: "
            + LabeledFolder.ordered(Set(entries.map(\.label))).joined(separator: ", "))
    }
  }

  /// The paths of the files in a folder and in its folders, whatever their labels; no file is read.
  public static func paths(in folder: String, _ kind: Kind) throws(DataError) -> [String] {
    var paths = try entries(folder, kind, label: "", nil).map(\.path)
    for name in try folders(in: folder) {
      paths += try entries("\(folder)/\(name)", kind, label: "", nil).map(\.path)
    }
    guard !paths.isEmpty else {
      throw DataError(
        source: folder, what: "there are no \(kind.files)",
        remedy: "give a folder that holds \(kind.noun)s, or has folders that do")
    }
    return paths
  }

  /// The names of the folders in a folder.
  private static func folders(in folder: String) throws(DataError) -> [String] {
    try Folder.names(in: folder).filter {
      !$0.hasPrefix(".") && FileKind(of: "\(folder)/\($0)") == .folder
    }
  }

  /// The files of one folder.
  private static func list(
    _ folder: String, _ kind: Kind, _ names: NamePattern?
  ) throws(DataError) -> [Entry] {
    let isFlat = names?.fields.contains("label") ?? false
    var entries: [Entry] = []
    let folders = isFlat ? [] : try LabeledFolder.folders(in: folder)
    if isFlat {
      entries = try LabeledFolder.entries(folder, kind, label: nil, names)
    }
    for name in folders {
      entries += try LabeledFolder.entries("\(folder)/\(name)", kind, label: name, names)
    }
    if entries.isEmpty {
      throw nothing(folder, kind, isFlat: isFlat, hasTrain: folders.contains("train"))
    }
    return entries
  }

  private static func nothing(
    _ folder: String, _ kind: Kind, isFlat: Bool, hasTrain: Bool
  ) -> DataError {
    if isFlat {
      return DataError(
        source: folder, what: "there are no \(kind.files)",
        remedy: "give the folder that holds the \(kind.noun)s")
    }
    return DataError(
      source: folder, what: "there are no folders with \(kind.files)",
      remedy: hasTrain
        ? "if the parts are folders of their own, name them, for example by data.train: train and "
          + "data.test: test"
        : "give a folder with a folder for each label, or a pattern of names with {label}")
  }

  private static func entries(
    _ folder: String, _ kind: Kind, label: String?, _ pattern: NamePattern?
  ) throws(DataError) -> [Entry] {
    var entries: [Entry] = []
    for name in try Folder.names(in: folder) where !name.hasPrefix(".") {
      let lower = name.lowercased()
      guard kind.endings.contains(where: lower.hasSuffix) else { continue }
      let path = "\(folder)/\(name)"
      guard let fields = pattern.map({ $0.values(in: name) }) ?? [:],
        let label = label ?? fields["label"]
      else {
        throw DataError(
          source: path, what: "the name does not fit the pattern '\(pattern?.text ?? "")'",
          remedy: "rename the file, take it away or correct the pattern")
      }
      entries.append(Entry(path: path, label: label, fields: fields, part: nil))
    }
    return entries
  }

  /// Numbers by their size, else by their letters.
  private static func ordered(_ labels: Set<String>) -> [String] {
    let numbers = labels.compactMap { Int($0) }
    if numbers.count < labels.count { return labels.sorted() }
    return labels.sorted { (Int($0) ?? 0, $0) < (Int($1) ?? 0, $1) }
  }

  /// Names a part for the files whose field has one of some values; each value must occur.
  private static func mark(
    _ entries: inout [Entry], _ part: HeldOut, _ field: String, _ values: [FieldValues],
    _ folder: String, _ kind: Kind
  ) throws(DataError) {
    for value in values {
      let found = entries.indices.filter { entries[$0].fields[field].map(value.contains) ?? false }
      guard !found.isEmpty else {
        throw DataError(
          source: folder,
          what: "no \(kind.noun) has the \(field) '\(value.text)', for "
            + (part == .test ? "test" : "validation"), remedy: "name values that occur")
      }
      for index in found {
        guard entries[index].part == nil || entries[index].part == part else {
          throw DataError(
            source: entries[index].path,
            what: "this \(kind.noun) is both for the test and for validation",
            remedy: "name values that exclude each other")
        }
        entries[index].part = part
      }
    }
  }

  /// The class of a file, by its index.
  func label(_ index: Int) -> Int32 {
    Int32(classNames.firstIndex(of: entries[index].label) ?? 0)
  }

  /// Which files are of which part: as they were named, and where a part was not, by chance, the same
  /// share of each class.
  func divided(
    validationFraction: Double, testFraction: Double, seed: UInt64
  ) throws(DataError) -> (train: [Int], validation: [Int], test: [Int]) {
    let validation = entries.indices.filter { entries[$0].part == .validation }
    let test = entries.indices.filter { entries[$0].part == .test }
    let rest = entries.indices.filter { entries[$0].part == nil }
    let split = try Split(
      count: rest.count, validation: validation.isEmpty ? validationFraction : 0,
      test: test.isEmpty ? testFraction : 0, seed: seed, labels: rest.map(label))
    return (
      split.train.map { rest[$0] }, validation + split.validation.map { rest[$0] },
      test + split.test.map { rest[$0] }
    )
  }

  /// The parts, each made of its files' indices.
  func parts(
    validationFraction: Double, testFraction: Double, seed: UInt64,
    _ features: ([Int]) throws -> DataArray
  ) throws -> (train: Examples, validation: Examples?, test: Examples?) {
    let split = try divided(
      validationFraction: validationFraction, testFraction: testFraction, seed: seed)
    func examples(_ indices: [Int]) throws -> Examples? {
      if indices.isEmpty { return nil }
      return Examples(
        features: try features(indices),
        targets: DataArray(shape: [indices.count], storage: .int(indices.map(label))))
    }
    guard let train = try examples(split.train) else {
      preconditionFailure("a split leaves something to train with")
    }
    return (train, try examples(split.validation), try examples(split.test))
  }
}
