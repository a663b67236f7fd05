// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// How often each true class was predicted as each class.
public struct ConfusionMatrix: Hashable, Sendable {
  /// The number of classes, C.
  public let classCount: Int
  /// Row-major counts [C, C]: the row is the true class, the column the predicted one.
  public private(set) var counts: [Int]

  /// A matrix of zeros.
  public init(classCount: Int) {
    self.classCount = classCount
    counts = Array(repeating: 0, count: classCount * classCount)
  }

  /// The matrix of predictions against labels, two lists of equal length.
  ///
  /// - Precondition: every class is in 0 ..< classCount.
  public init(predicted: [Int32], labels: [Int32], classCount: Int) {
    precondition(predicted.count == labels.count, "each label needs one prediction")
    self.init(classCount: classCount)
    for (prediction, label) in zip(predicted, labels) {
      add(label: Int(label), predicted: Int(prediction))
    }
  }

  /// Counts one example.
  public mutating func add(label: Int, predicted: Int) {
    precondition(
      label >= 0 && label < classCount && predicted >= 0 && predicted < classCount,
      "a class is in 0 ..< \(classCount)")
    counts[label * classCount + predicted] += 1
  }

  /// How often `label` was predicted as `predicted`.
  public subscript(label: Int, predicted: Int) -> Int { counts[label * classCount + predicted] }

  /// All examples.
  public var total: Int { counts.reduce(0, +) }

  /// Examples of a class.
  public func support(_ label: Int) -> Int {
    (0..<classCount).reduce(0) { $0 + self[label, $1] }
  }

  /// How often a class was predicted.
  public func predictions(of label: Int) -> Int {
    (0..<classCount).reduce(0) { $0 + self[$1, label] }
  }

  /// The share of examples on the diagonal; 0 without examples.
  public var accuracy: Double {
    ratio((0..<classCount).reduce(0) { $0 + self[$1, $1] }, total)
  }

  /// True positives / predicted positives; 0 for a class that was never predicted.
  public func precision(_ label: Int) -> Double {
    ratio(self[label, label], predictions(of: label))
  }

  /// True positives / examples of the class; 0 for a class without examples.
  public func recall(_ label: Int) -> Double { ratio(self[label, label], support(label)) }

  /// The harmonic mean of precision and recall: 2·tp / (2·tp + fp + fn).
  public func f1(_ label: Int) -> Double {
    ratio(2 * self[label, label], predictions(of: label) + support(label))
  }

  /// How the classes' figures become one.
  public enum Averaging: Sendable, CaseIterable {
    /// The mean over the classes that have examples or were predicted.
    case macro
    /// The mean weighted by each class's examples.
    case weighted
  }

  /// The classes' precision in one figure.
  public func precision(_ averaging: Averaging) -> Double { average(precision, averaging) }
  /// The classes' recall in one figure.
  public func recall(_ averaging: Averaging) -> Double { average(recall, averaging) }
  /// The classes' F1 in one figure.
  public func f1(_ averaging: Averaging) -> Double { average(f1, averaging) }

  private func average(_ value: (Int) -> Double, _ averaging: Averaging) -> Double {
    var sum = 0.0
    var weight = 0.0
    for label in 0..<classCount {
      let share: Double =
        switch averaging {
        case .macro: support(label) + predictions(of: label) > 0 ? 1 : 0
        case .weighted: Double(support(label))
        }
      guard share > 0 else { continue }
      sum += share * value(label)
      weight += share
    }
    return weight > 0 ? sum / weight : 0
  }
}

private func ratio(_ part: Int, _ whole: Int) -> Double {
  whole == 0 ? 0 : Double(part) / Double(whole)
}
