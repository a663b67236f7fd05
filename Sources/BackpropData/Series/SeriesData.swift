// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// Labeled series, read from files of the UCR/UEA archive.
public struct SeriesData: Sendable {
  /// The parts. features: [N, T, C] float, T being the steps of the longest series in any part;
  /// lengths: [N] int32, nil where all series have T steps; targets: [N] int32.
  public let parts: DataParts
  /// What was learned from the training part.
  public let preprocessor: SeriesPreprocessor

  /// Reads the parts. Those without a file of their own are taken out of the first, each class in
  /// the same share; scaling is learned from what is left for training.
  ///
  /// - Parameter classNames: what the classes are called; nil: as the labels are.
  public init(
    _ path: String, validationPath: String? = nil, testPath: String? = nil,
    scaling: Scaling = .standard, classNames: [String]? = nil, validationFraction: Double,
    testFraction: Double, seed: UInt64
  ) throws {
    let all = try SeriesFile.read(path)
    let labels = try SeriesData.labels(all)
    if let classNames, classNames.count != labels.count {
      throw DataError(
        source: path,
        what: "\(classNames.count) classes are named, and the series have \(labels.count)",
        remedy: "name as many in data.classes, in the order of \(labels.joined(separator: ", "))")
    }
    let plain = SeriesPreprocessor(channels: [], labels: labels)
    let numbers = try all.cases.map { try plain.label(of: $0, path, isNeeded: true) }
    let split = try Split(
      count: all.cases.count, validation: validationPath == nil ? validationFraction : 0,
      test: testPath == nil ? testFraction : 0, seed: seed, labels: numbers)
    let preprocessor = SeriesPreprocessor(
      split.train.map { all.cases[$0] }, scaling: scaling, labels: labels)
    let others = try [validationPath, testPath].map { try $0.map { try SeriesFile.read($0) } }
    let steps = others.reduce(all.longest) { max($0, $1?.longest ?? 0) }
    func part(_ indices: [Int]) throws -> Examples? {
      if indices.isEmpty { return nil }
      return try preprocessor.examples(
        indices.map { all.cases[$0] }, path, steps: steps,
        targets: DataArray(
          shape: [indices.count], storage: .int(indices.map { numbers[$0] })))
    }
    func part(_ file: SeriesFile) throws -> Examples {
      try preprocessor.examples(file, steps: steps, needsLabels: true)
    }
    guard let train = try part(split.train) else {
      preconditionFailure("a split without examples to train with is an error before")
    }
    self.preprocessor = preprocessor
    parts = DataParts(
      name: path, train: train, validation: try others[0].map(part) ?? part(split.validation),
      test: try others[1].map(part) ?? part(split.test), classNames: classNames ?? labels,
      notes: SeriesData.notes(all, split.train, preprocessor))
  }

  /// The labels in the order of the file's header, else as numbers, else by the alphabet.
  private static func labels(_ file: SeriesFile) throws(DataError) -> [String] {
    let found = Set(file.cases.compactMap(\.label))
    guard found.count > 1 else {
      throw DataError(
        source: file.file,
        what: found.first.map { "all series have the class '\($0)'" }
          ?? "the series have no labels",
        remedy: "give series of two classes")
    }
    if let declared = file.declaredClasses { return declared }
    return found.sorted { a, b in
      if let x = Double(a), let y = Double(b), x != y { return x < y }
      return a < b
    }
  }

  private static func notes(
    _ file: SeriesFile, _ train: [Int], _ preprocessor: SeriesPreprocessor
  ) -> [String] {
    let lengths = train.map { file.cases[$0].length }
    let (least, most) = (lengths.min() ?? 0, lengths.max() ?? 0)
    let steps = least == most ? "\(most)" : "\(least) to \(most)"
    let channels = preprocessor.channels
    var notes = [
      "series of \(steps) steps, \(channels.count) channel\(channels.count == 1 ? "" : "s")."
    ]
    let missing = channels.reduce(0) { $0 + $1.missingCount }
    if missing > 0 { notes.append("\(missing) values are missing and were filled in.") }
    for channel in channels where channel.minimum == channel.maximum {
      notes.append("\(channel.name) is always the same in training and tells nothing.")
    }
    return notes
  }
}
