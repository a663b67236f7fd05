// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Which examples are for training, for validation, for the test: a pure function of the seed.
///
/// The examples are shuffled; the last ones are the test part, those before them validation. With
/// labels each class is divided by itself, so that all parts have it in the same share.
/// Inside a part the examples keep the order of the data.
public struct Split: Hashable, Sendable {
  /// The examples to learn from, in ascending order.
  public let train: [Int]
  /// The examples to validate with, in ascending order.
  public let validation: [Int]
  /// The examples to test with, in ascending order.
  public let test: [Int]

  /// Divides `count` examples. Fractions are of the whole; what is left is for training.
  public init(
    count: Int, validation: Double, test: Double, seed: UInt64, labels: [Int32]? = nil
  ) throws(DataError) {
    guard validation >= 0, test >= 0, validation + test < 1 else {
      throw DataError(
        what: "fractions of \(validation) for validation and \(test) for the test leave nothing "
          + "to train with", remedy: "choose fractions that are not negative and sum to below 1")
    }
    precondition(labels?.count ?? count == count, "as many labels as examples")
    let order = Philox.permutation(count, seed: seed, epoch: 0, purpose: .split)
    var groups: [[Int]] = [order]
    if let labels {
      var classes: [Int32: [Int]] = [:]
      for index in order { classes[labels[index], default: []].append(index) }
      groups = classes.sorted { $0.key < $1.key }.map(\.value)
    }
    var parts: (train: [Int], validation: [Int], test: [Int]) = ([], [], [])
    // What rounding took from one class is given to the next, so that the totals come out right.
    var owed = (validation: 0.0, test: 0.0)
    for group in groups {
      owed.test += Double(group.count) * test
      owed.validation += Double(group.count) * validation
      let tests = min(group.count, max(0, Int(owed.test.rounded())))
      owed.test -= Double(tests)
      let validations = min(group.count - tests, max(0, Int(owed.validation.rounded())))
      owed.validation -= Double(validations)
      let trains = group.count - tests - validations
      parts.train += group[..<trains]
      parts.validation += group[trains..<trains + validations]
      parts.test += group[(trains + validations)...]
    }
    guard !parts.train.isEmpty else {
      throw DataError(
        what: "\(count) examples are too few to be divided", remedy: "give more data")
    }
    train = parts.train.sorted()
    self.validation = parts.validation.sorted()
    self.test = parts.test.sorted()
  }
}
