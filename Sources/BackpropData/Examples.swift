// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Examples with what is to be predicted from them: one part of a data set, or one batch.
public struct Examples: Sendable {
  /// features: [N, …] float, [N, T, C] for series, or uint8 for images [N, H, W, C].
  public let features: DataArray
  /// codes: [N, columns] int32, the categories that go through an embedding; nil where none do.
  public let codes: DataArray?
  /// targets: [N] int32 for classes, [N] float for numbers, [N, T] int32 for the tokens that come
  /// next, [N, H · K] float for the next H steps of K columns; nil where they are not known.
  public let targets: DataArray?
  /// lengths: [N] int32, how many steps of each series count; behind them it is filled up with
  /// zeros. nil where all count.
  public let lengths: DataArray?
  /// What simple rules say the targets are, which a network has to beat; empty where there are none.
  public let baselines: [Baseline]
  /// How many places further on the numbers of all examples may begin: 0, but for windows of a text.
  public let shifts: Int

  /// Makes examples; all arrays must have as many.
  public init(
    features: DataArray, codes: DataArray? = nil, targets: DataArray? = nil,
    lengths: DataArray? = nil, baselines: [Baseline] = []
  ) {
    self.init(
      features: features, codes: codes, targets: targets, lengths: lengths, baselines: baselines,
      shifts: 0)
  }

  init(
    features: DataArray, codes: DataArray? = nil, targets: DataArray? = nil,
    lengths: DataArray? = nil, baselines: [Baseline] = [], shifts: Int
  ) {
    let count = features.count
    self.shifts = shifts
    precondition(
      [codes, targets, lengths].allSatisfy { $0?.count ?? count == count }
        && baselines.allSatisfy { $0.values.count == count },
      "features, codes, targets and lengths must be of equally many examples")
    self.lengths = lengths
    self.baselines = baselines
    self.features = features
    self.codes = codes
    self.targets = targets
  }

  /// The number of examples.
  public var count: Int { features.count }

  /// How many numbers of each example are no padding, features and targets together; nil where
  /// nothing is filled up.
  package var paddedLengths: [Int]? {
    let arrays = [features, targets].compactMap { $0 }.filter { $0.padding != nil }
    guard !arrays.isEmpty else { return nil }
    return (0..<count).map { index in arrays.reduce(0) { $0 + $1.length(of: index) } }
  }

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
      targets: targets?.examples(at: indices), lengths: lengths?.examples(at: indices),
      baselines: baselines.map {
        Baseline(name: $0.name, values: $0.values.examples(at: indices))
      })
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

/// What a simple rule says the targets are.
public struct Baseline: Sendable {
  /// The name in figures, such as `seasonal_naive`.
  public let name: String
  /// values: as the targets, in shape and scale.
  public let values: DataArray

  /// Puts both together.
  public init(name: String, values: DataArray) {
    self.name = name
    self.values = values
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
