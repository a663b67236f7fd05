// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import TestSupport
import Testing

@Suite struct ReportTests {
  private func examples(_ features: [[Float]], _ labels: [Int32]) -> Examples {
    Examples(
      features: DataArray(
        shape: [features.count, features.first?.count ?? 1],
        storage: .float(features.flatMap { $0 })),
      targets: DataArray(shape: [labels.count], storage: .int(labels)))
  }

  @Test func whatSpoilsAResultIsTold() {
    let train = examples(
      (0..<60).map { [Float($0 % 50), 1, Float($0 % 7)] }, (0..<60).map { Int32($0 / 55) })
    let test = examples([[3, 1, 3], [90, 1, 1]], [0, 0])
    let report = DataReport(
      DataParts(name: "toy", train: train, test: test, classNames: ["a", "b"]),
      featureNames: ["x", "one", "z"])
    #expect(
      report.text == """
        toy: 60 to train, 2 to test.
        classes: a 91.7 %, b 8.3 %.
        always the same in training: one.
        warning: no example of 'b' among the 2 to test; give more data or divide it otherwise.
        warning: the classes are unbalanced (55 of the largest, 5 of the smallest): look at recall \
        and F1 beside accuracy, or weight the classes.
        warning: 1 of the 2 examples to test (50.0 %) also occur in training: the result will look \
        better than on new data; take them out of one part.
        """)
  }

  @Test func duplicatesConflictsAndLeaksAreFound() {
    let rows = (0..<60).map { [Float($0 / 2), Float(($0 * 37) % 11)] }
    let train = examples(rows + [rows[0], rows[1]], (0..<60).map { Int32($0 / 30) } + [0, 1])
    let report = DataReport(
      DataParts(name: "toy", train: train, classNames: ["a", "b"]), featureNames: ["x", "z"])
    #expect(report.facts.contains("2 of the 62 examples to train (3.2 %) occur there before."))
    #expect(
      report.warnings.contains {
        $0.hasPrefix("1 of the 62 examples to train (1.6 %) equal another one")
      })
    let clean = DataReport(
      DataParts(
        name: "toy", train: examples(rows, (0..<60).map { Int32($0 / 30) }),
        classNames: ["a", "b"]), featureNames: ["x", "z"])
    #expect(
      clean.warnings == [
        "'x' alone tells the target in training: if it is not known before the target is, "
          + "declare it ignored."
      ])
  }

  @Test func imagesAreLookedAt() throws {
    let report = DataReport(try Digits.parts())
    #expect(report.warnings.isEmpty, "\(report.text)")
    #expect(report.classCounts?.count == 10)
    #expect(try JSONValue(parsing: report.json.text()) == report.json)
    guard let folder = try sharedData("mnist") else { return }
    let mnist = DataReport(try ImageFolder.mnist(folder))
    #expect(mnist.warnings.isEmpty, "\(mnist.text)")
    #expect(mnist.facts.contains("67 of 784 features are always the same in training."))
  }
}
