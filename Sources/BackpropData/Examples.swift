// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Examples with what is to be predicted from them: one part of a data set, or one batch.
public struct Examples: Sendable {
  /// features: [N, …] float, or uint8 for images [N, H, W, C].
  public let features: DataArray
  /// codes: [N, columns] int32, the categories that go through an embedding; nil where none do.
  public let codes: DataArray?
  /// targets: [N] int32 for classes, [N] float for numbers, [N, T] int32 for the tokens that come
  /// next; nil where they are not known.
  public let targets: DataArray?
  /// How many places further on the numbers of all examples may begin: 0, but for windows of a text.
  public let shifts: Int

  /// Makes examples; all arrays must have as many.
  public init(features: DataArray, codes: DataArray? = nil, targets: DataArray? = nil) {
    self.init(features: features, codes: codes, targets: targets, shifts: 0)
  }

  init(features: DataArray, codes: DataArray? = nil, targets: DataArray? = nil, shifts: Int) {
    let count = features.count
    self.shifts = shifts
    precondition(
      codes?.count ?? count == count && targets?.count ?? count == count,
      "features, codes and targets must be of equally many examples")
    self.features = features
    self.codes = codes
    self.targets = targets
  }

  /// The number of examples.
  public var count: Int { features.count }

  /// How far the examples are moved on in an epoch: a pure function of seed and epoch.
  package func shift(seed: UInt64, epoch: Int) -> Int {
    guard shifts > 0 else { return 0 }
    let word = Philox.word(seed: seed, epoch: epoch, purpose: .shift)
    return Int(word.multipliedFullWidth(by: UInt64(shifts + 1)).high)
  }

  /// The examples at `indices`, in that order.
  public func examples(at indices: some Collection<Int>) -> Examples {
    Examples(
      features: features.examples(at: indices), codes: codes?.examples(at: indices),
      targets: targets?.examples(at: indices))
  }

  /// The classes, where the targets are classes.
  public var labels: [Int32]? {
    if let targets, targets.shape.count == 1, case .int(let labels) = targets.storage {
      labels
    } else {
      nil
    }
  }
}

/// A data set in its parts.
public struct DataParts: Sendable {
  /// The name, for people.
  public let name: String
  /// What is learned from.
  public let train: Examples
  /// What decides when to stop and which settings are best.
  public let validation: Examples?
  /// What is looked at once, at the end.
  public let test: Examples?
  /// The names of the classes in label order; nil where numbers are predicted.
  public let classNames: [String]?
  /// For images, the pixel value of full white: divide by it. 1 for tables.
  public let pixelMaximum: Float
  /// What was done to the data that people should know, in sentences.
  public let notes: [String]

  /// Puts the parts together.
  public init(
    name: String, train: Examples, validation: Examples? = nil, test: Examples? = nil,
    classNames: [String]? = nil, pixelMaximum: Float = 1, notes: [String] = []
  ) {
    self.name = name
    self.train = train
    self.validation = validation
    self.test = test
    self.classNames = classNames
    self.pixelMaximum = pixelMaximum
    self.notes = notes
  }

  /// The same data with a validation part taken out of the training part, the same share of
  /// each class, chosen by the seed.
  public func holdingOutValidation(_ fraction: Double, seed: UInt64) throws(DataError) -> DataParts
  {
    let split = try Split(
      count: train.count, validation: fraction, test: 0, seed: seed, labels: train.labels)
    return DataParts(
      name: name, train: train.examples(at: split.train),
      validation: train.examples(at: split.validation), test: test, classNames: classNames,
      pixelMaximum: pixelMaximum, notes: notes)
  }
}
