// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import Testing

/// A row whose label is no class is NaN in its gradient too, and leaves the others alone.
@Suite("Labels outside the classes")
struct LabelTests {
  /// A loss of logits [4, 3], by labels [4], that ignores a label or none.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let loss: @Sendable (_ x: Tensor, _ labels: Tensor, _ ignored: Int?) -> Loss
  }

  private static let weights: [Float] = [0.5, 2, 1]

  /// The identity as a head, in blocks of two classes and a rest.
  private static func linear(
    _ x: Tensor, _ labels: Tensor, _ smoothing: Float, _ ignored: Int?
  ) -> Loss {
    let head = Linear(
      weight: Parameter(Tensor([1, 0, 0, 0, 1, 0, 0, 0, 1]).reshaped(to: [3, 3])),
      bias: Parameter(Tensor([0.1, 0, -0.2])))
    return linearCrossEntropy(
      x, head, labels, labelSmoothing: smoothing, ignoring: ignored, block: 2)
  }

  static let ignoring = [
    Case(testDescription: "crossEntropy") { crossEntropy($0, $1, ignoring: $2) },
    Case(testDescription: "smoothed") {
      crossEntropy($0, $1, labelSmoothing: 0.2, ignoring: $2)
    },
    Case(testDescription: "weighted") {
      crossEntropy($0, $1, weights: Tensor(weights), ignoring: $2)
    },
    Case(testDescription: "weighted, smoothed") {
      crossEntropy($0, $1, weights: Tensor(weights), labelSmoothing: 0.2, ignoring: $2)
    },
    Case(testDescription: "linear") { linear($0, $1, 0, $2) },
    Case(testDescription: "linear, smoothed") { linear($0, $1, 0.2, $2) },
  ]
  static let others = [
    Case(testDescription: "negativeLogLikelihood") { x, labels, _ in
      negativeLogLikelihood(x, labels)
    },
    Case(testDescription: "focalLoss") { x, labels, _ in focalLoss(x, labels) },
    Case(testDescription: "classHingeLoss") { x, labels, _ in classHingeLoss(x, labels) },
  ]

  private func outcome(
    _ c: Case, _ labels: [Int32], rows: [Int] = [0, 1, 2, 3], ignoring ignored: Int?
  ) throws -> (value: Float, gradient: [[Float]]) {
    let logits: [[Float]] = [[0.3, -1, 2], [1, 1.5, -0.5], [0, 0.2, 0.1], [-2, 1, 0.7]]
    let x = Tensor(rows.flatMap { logits[$0] }).reshaped(to: [rows.count, 3])
    let loss = c.loss(x, Tensor(rows.map { labels[$0] }), ignored)
    let slope = gradient(of: loss.sum, at: [x])[0]
    let numbers = try slope.array()
    return (
      try loss.sum.scalar(), rows.indices.map { Array(numbers[(3 * $0)..<(3 * $0 + 3)]) }
    )
  }

  @Test(arguments: ignoring + others, [3, -1, -100] as [Int32])
  func areNotANumberInTheGradientToo(_ c: Case, _ wrong: Int32) throws {
    for ignored in [nil, -7, 0] as [Int?] {
      let good = try outcome(c, [2, 0, 1, 1], ignoring: ignored)
      let bad = try outcome(c, [2, 0, wrong, 1], ignoring: ignored)
      #expect(good.value.isFinite && bad.value.isNaN)
      #expect(bad.gradient[2].allSatisfy { $0.isNaN }, "\(bad.gradient)")
      for row in [0, 1, 3] {
        #expect(bad.gradient[row] == good.gradient[row], "row \(row)")
        #expect(bad.gradient[row].allSatisfy { $0.isFinite })
      }
    }
  }

  @Test(arguments: ignoring, [3, -1, -100, 0] as [Int32])
  func countNothingWhereIgnored(_ c: Case, _ label: Int32) throws {
    let all = try outcome(c, [2, label, 1, 1], ignoring: Int(label))
    let rest = try outcome(c, [2, label, 1, 1], rows: [0, 2, 3], ignoring: nil)
    #expect(abs(all.value - rest.value) < 1e-6)
    #expect(all.gradient[1] == [0, 0, 0])
    for (row, place) in [(0, 0), (2, 1), (3, 2)] {
      for (ours, theirs) in zip(all.gradient[row], rest.gradient[place]) {
        #expect(abs(ours - theirs) < 1e-6, "row \(row)")
      }
    }
  }

  /// The gradient that a head gets of a row that is no class, and of one that is ignored.
  @Test(arguments: [nil, 2] as [Int?])
  func reachTheHead(_ block: Int?) throws {
    for ignored in [nil, -5] as [Int?] {
      let head = Linear(2, 3)
      head.initialize(seed: 1)
      let x = Tensor.normal([4, 2], key: RandomKey(seed: 2))
      let loss = linearCrossEntropy(
        x, head, Tensor([0, -5, 2, 1] as [Int32]), labelSmoothing: 0.1, ignoring: ignored,
        block: block)
      let leaves = [head.weight.value, try #require(head.bias).value]
      for slope in gradient(of: loss.mean, at: leaves) {
        let numbers = try slope.array()
        #expect(numbers.allSatisfy { $0.isFinite == (ignored != nil) }, "\(numbers)")
      }
    }
  }
}
