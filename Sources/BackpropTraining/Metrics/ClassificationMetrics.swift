// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How good predicted probabilities are against the true classes.
public struct ClassificationMetrics: Sendable {
  /// The number of classes, C.
  public let classCount: Int
  /// Predicted probabilities, row-major [N, C].
  public let probabilities: [Float]
  /// The true class of each of the N examples.
  public let labels: [Int32]
  /// The most probable class of each example; of equal ones the first.
  public let predicted: [Int32]
  /// True against predicted classes.
  public let confusion: ConfusionMatrix

  /// Measures probabilities [N, C] against N labels in 0 ..< C.
  public init(probabilities: [Float], classCount: Int, labels: [Int32]) {
    precondition(
      classCount > 0 && probabilities.count == labels.count * classCount,
      "each label needs \(classCount) probabilities")
    self.classCount = classCount
    self.probabilities = probabilities
    self.labels = labels
    predicted = labels.indices.map { row in
      var best = 0
      for c in 1..<max(classCount, 1)
      where probabilities[row * classCount + c] > probabilities[row * classCount + best] {
        best = c
      }
      return Int32(best)
    }
    confusion = ConfusionMatrix(predicted: predicted, labels: labels, classCount: classCount)
  }

  /// The share of examples whose most probable class is the true one.
  public var accuracy: Double { confusion.accuracy }

  /// The share of examples whose true class is among the k most probable; of equal probabilities
  /// the class with the lower number comes first.
  public func topK(_ k: Int) -> Double {
    guard !labels.isEmpty else { return 0 }
    var hits = 0
    for (row, label) in labels.enumerated() {
      let base = row * classCount
      let own = probabilities[base + Int(label)]
      // A NaN is never among the first.
      guard !own.isNaN else { continue }
      var better = 0
      for c in 0..<classCount {
        let other = probabilities[base + c]
        if other > own || (other == own && c < Int(label)) { better += 1 }
      }
      if better < k { hits += 1 }
    }
    return Double(hits) / Double(labels.count)
  }

  /// The mean of −ln p(true class), with p held within [1e-15, 1].
  public var logLoss: Double {
    guard !labels.isEmpty else { return 0 }
    var sum = 0.0
    for (row, label) in labels.enumerated() {
      let p = Double(probabilities[row * classCount + Int(label)])
      sum -= log(p.isNaN ? 1e-15 : min(max(p, 1e-15), 1))
    }
    return sum / Double(labels.count)
  }

  /// The area under the ROC: for two classes that of class 1, for more the mean over the classes
  /// (one against the rest) that have both kinds; nil when none has.
  public var areaUnderROC: Double? {
    func area(_ c: Int) -> Double? {
      BackpropTraining.areaUnderROC(
        scores: labels.indices.map { probabilities[$0 * classCount + c] },
        isPositive: labels.map { $0 == Int32(c) })
    }
    if classCount == 2 { return area(1) }
    let areas = (0..<classCount).compactMap(area)
    return areas.isEmpty ? nil : areas.reduce(0, +) / Double(areas.count)
  }

  /// All of it under the names that reports use.
  ///
  /// Precision, recall and F1 are those of class 1 for two classes, else the mean over classes;
  /// `f1_weighted` weighs the classes by their examples.
  public func summary() -> Metrics {
    var metrics = Metrics()
    metrics["accuracy"] = accuracy
    if classCount > 5 { metrics["top_5_accuracy"] = topK(5) }
    if classCount == 2 {
      metrics["precision"] = confusion.precision(1)
      metrics["recall"] = confusion.recall(1)
      metrics["f1"] = confusion.f1(1)
    } else {
      metrics["precision"] = confusion.precision(.macro)
      metrics["recall"] = confusion.recall(.macro)
      metrics["f1"] = confusion.f1(.macro)
    }
    metrics["f1_weighted"] = confusion.f1(.weighted)
    metrics["roc_auc"] = areaUnderROC
    metrics["log_loss"] = logLoss
    return metrics
  }
}
