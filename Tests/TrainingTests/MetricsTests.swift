// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropTraining
import Testing

@Suite("Metrics") struct MetricsTests {
  // Three classes, ten examples. Predicted: 0 0 1 1 1 2 2 0 2 2.
  private let labels: [Int32] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
  private let probabilities: [Float] = [
    0.8, 0.1, 0.1, 0.6, 0.3, 0.1, 0.3, 0.5, 0.2, 0.2, 0.7, 0.1, 0.1, 0.8, 0.1, 0.2, 0.3, 0.5, 0.1,
    0.2, 0.7, 0.5, 0.1, 0.4, 0.1, 0.3, 0.6, 0.05, 0.05, 0.9,
  ]
  private var metrics: ClassificationMetrics {
    ClassificationMetrics(probabilities: probabilities, classCount: 3, labels: labels)
  }

  @Test func theConfusionMatrixCountsTruthByPrediction() {
    let matrix = metrics.confusion
    #expect(metrics.predicted == [0, 0, 1, 1, 1, 2, 2, 0, 2, 2])
    #expect(matrix.counts == [2, 1, 0, 0, 2, 1, 1, 0, 3])
    #expect(matrix[2, 0] == 1 && matrix.total == 10)
    #expect((0..<3).map(matrix.support) == [3, 3, 4])
    #expect((0..<3).map { matrix.predictions(of: $0) } == [3, 3, 4])
  }

  @Test func shareOfRightOnesAndOfTheFirstK() {
    #expect(metrics.accuracy == 0.7)
    // Among the first two: example 2 (0.3 is second), 5 (0.3 second) and 7 (0.4 second).
    #expect(metrics.topK(1) == 0.7 && metrics.topK(2) == 1 && metrics.topK(3) == 1)
    // Of equal probabilities the class with the lower number comes first.
    let ties = ClassificationMetrics(
      probabilities: [0.5, 0.5, 0.5, 0.5], classCount: 2, labels: [0, 1])
    #expect(ties.predicted == [0, 0] && ties.topK(1) == 0.5 && ties.topK(2) == 1)
    let none = ClassificationMetrics(
      probabilities: [.nan, .nan], classCount: 2, labels: [1])
    #expect(none.topK(2) == 0)
  }

  @Test func precisionRecallAndF1() {
    let matrix = metrics.confusion
    // precision = tp / predicted, recall = tp / support, F1 = 2 tp / (predicted + support).
    for (label, value) in [2.0 / 3, 2.0 / 3, 3.0 / 4].enumerated() {
      #expect(matrix.precision(label) == value && matrix.recall(label) == value)
      #expect(matrix.f1(label) == value)
    }
    // macro: (2/3 + 2/3 + 3/4) / 3; weighted by support: (3·2/3 + 3·2/3 + 4·3/4) / 10.
    #expect(abs(matrix.f1(.macro) - 0.694_444_444_444_444_4) < 1e-15)
    #expect(abs(matrix.f1(.weighted) - 0.7) < 1e-15)
    // Unequal: truth 0 0 0 0 1, predicted 0 0 1 1 1.
    let other = ConfusionMatrix(
      predicted: [0, 0, 1, 1, 1], labels: [0, 0, 0, 0, 1], classCount: 3)
    #expect(other.precision(0) == 1 && other.recall(0) == 0.5)
    #expect(other.precision(1) == 1.0 / 3 && other.recall(1) == 1)
    #expect(other.f1(0) == 4.0 / 6 && other.f1(1) == 0.5)
    // A class that neither occurs nor is predicted counts in no average.
    #expect(other.precision(2) == 0 && other.recall(2) == 0 && other.f1(2) == 0)
    #expect(abs(other.f1(.macro) - (4.0 / 6 + 0.5) / 2) < 1e-15)
    #expect(abs(other.f1(.weighted) - (4 * 4.0 / 6 + 0.5) / 5) < 1e-15)
  }

  @Test func theAreaUnderTheROCCountsPairs() {
    // Pairs (positive above negative, ties half) / all pairs.
    // scikit-learn's example: scores 0.1 0.4 0.35 0.8, truth 0 0 1 1: 3 of 4 pairs.
    #expect(
      areaUnderROC(scores: [0.1, 0.4, 0.35, 0.8], isPositive: [false, false, true, true]) == 0.75)
    // One tie among 2 · 3 pairs: 0.5 beats 0.1 and 0.2, ties with 0.5; 0.9 beats all: 5.5 / 6.
    #expect(
      areaUnderROC(
        scores: [0.5, 0.9, 0.1, 0.5, 0.2], isPositive: [true, true, false, false, false])
        == 5.5 / 6)
    #expect(areaUnderROC(scores: [1, 1, 1], isPositive: [true, false, true]) == 0.5)
    #expect(areaUnderROC(scores: [1, 2], isPositive: [true, true]) == nil)
    #expect(areaUnderROC(scores: [.nan, 2], isPositive: [true, false]) == 0)
    // One against the rest, by hand from the table above: class 0: 0.8 0.6 0.3 against
    // 0.2 0.1 0.2 0.1 0.5 0.1 0.05: 20 of 21; class 1: 0.7 0.8 0.3 against
    // 0.1 0.3 0.5 0.2 0.1 0.3 0.05: 19 of 21; class 2: 0.7 0.4 0.6 0.9 against
    // 0.1 0.1 0.2 0.1 0.1 0.5: 23 of 24.
    let expected = (20.0 / 21 + 19.0 / 21 + 23.0 / 24) / 3
    #expect(abs((metrics.areaUnderROC ?? 0) - expected) < 1e-12)
  }

  @Test func theLogLossIsHeldAwayFromInfinity() {
    // −(ln 0.8 + ln 0.6 + ln 0.3 + ln 0.7 + ln 0.8 + ln 0.3 + ln 0.7 + ln 0.4 + ln 0.6 + ln 0.9) / 10
    #expect(abs(metrics.logLoss - 0.561_088_5) < 1e-6)
    let sure = ClassificationMetrics(probabilities: [0, 1], classCount: 2, labels: [0])
    // −ln 1e-15.
    #expect(abs(sure.logLoss - 34.538_776_394_910_684) < 1e-9)
  }

  @Test func regressionFiguresAreThoseOfTheFormulas() {
    // scikit-learn's example: truth 3 −0.5 2 7, predicted 2.5 0 2 8.
    // Errors −0.5 0.5 0 1: Σe² = 1.5, Σ|e| = 2; Σ(y − ȳ)² = 29.1875; R² = 1 − 1.5 / 29.1875.
    let metrics = RegressionMetrics(predictions: [2.5, 0, 2, 8], targets: [3, -0.5, 2, 7])
    #expect(metrics.meanSquaredError == 0.375 && metrics.meanAbsoluteError == 0.5)
    #expect(abs(metrics.rootMeanSquaredError - 0.612_372_435_695_794_5) < 1e-15)
    #expect(abs((metrics.rSquared ?? 0) - 0.948_608_137_044_967_9) < 1e-15)
    #expect(RegressionMetrics(predictions: [1, 2], targets: [3, 3]).rSquared == nil)
    #expect(RegressionMetrics(predictions: [1], targets: [3]).rSquared == nil)
    #expect(metrics.summary().values.map(\.name) == ["rmse", "mae", "r2"])
  }

  @Test func summariesNameWhatFits() {
    #expect(
      metrics.summary().values.map(\.name) == [
        "accuracy", "precision", "recall", "f1", "f1_weighted", "roc_auc", "log_loss",
      ])
    let two = ClassificationMetrics(
      probabilities: [0.4, 0.6, 0.7, 0.3, 0.2, 0.8], classCount: 2, labels: [1, 0, 0])
    // Class 1: one true positive, one false positive.
    #expect(two.summary()["precision"] == 0.5 && two.summary()["recall"] == 1)
    let six = ClassificationMetrics(
      probabilities: [0.1, 0.2, 0.3, 0.2, 0.1, 0.1], classCount: 6, labels: [5])
    #expect(six.summary()["top_5_accuracy"] == 0)
  }

  @Test func figuresKeepTheirOrder() {
    var metrics: Metrics = ["b": 1, "a": 2]
    metrics["c"] = 3
    metrics["b"] = 4
    #expect(metrics.values.map(\.name) == ["b", "a", "c"] && metrics["b"] == 4)
    metrics["a"] = nil
    #expect(metrics.merging(["c": 5, "d": 6]).values.map(\.value) == [4, 5, 6])
    #expect(Metrics.isBetterWhenLarger("accuracy") && !Metrics.isBetterWhenLarger("rmse"))
  }
}
