// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import BackpropTesting
import Testing

/// Cross-entropy whose logits are made block by block against that of the whole logits.
@Suite("Linear cross-entropy")
struct LinearCrossEntropyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var classes = 24
    var block = 8
    var bias = true
    var smoothing: Float = 0
    var ignored: Int?
    var precision: DType?

    var testDescription: String {
      "\(classes) classes by \(block), bias \(bias), smoothing \(smoothing), "
        + "ignored \(ignored ?? -1), \(precision ?? .float32)"
    }
  }

  static let cases = [
    Case(), Case(bias: false), Case(block: 24), Case(block: 100), Case(block: 1),
    // Sizes that leave a rest, and one that finds a divisor near.
    Case(classes: 23, block: 8), Case(classes: 23, block: 8, bias: false),
    Case(classes: 26, block: 15),
    Case(smoothing: 0.1), Case(classes: 23, block: 10, smoothing: 0.2, ignored: 3),
    Case(bias: false, smoothing: 0.1, ignored: -100), Case(ignored: 3),
    Case(precision: .bfloat16), Case(classes: 23, block: 8, smoothing: 0.1, precision: .bfloat16),
  ]

  private struct Outcome {
    let mean: Tensor
    let gradients: [Tensor]
  }

  private func outcome(_ c: Case, block: Int?) throws -> Outcome {
    let (head, x, labels) = try setting(c)
    return Context.training(seed: 0, step: 0, precision: c.precision) {
      let loss = linearCrossEntropy(
        x, head, labels, labelSmoothing: c.smoothing, ignoring: c.ignored, block: block)
      let leaves = [x, head.weight.value] + (head.bias.map { [$0.value] } ?? [])
      return Outcome(mean: loss.mean, gradients: gradient(of: loss.mean * 3, at: leaves))
    }
  }

  private func setting(_ c: Case) throws -> (head: Linear, x: Tensor, labels: Tensor) {
    let normal = Initializer.normal(standardDeviation: 1)
    let head = Linear(
      weight: Parameter([c.classes, 6], initializer: normal),
      bias: c.bias ? Parameter([c.classes], initializer: normal) : nil)
    head.initialize(seed: 5)
    try evaluate([head.weight.value] + (head.bias.map { [$0.value] } ?? []))
    let x = Tensor.normal([3, 5, 6], key: RandomKey(seed: 7))
    let labels = Tensor.integers([3, 5], in: 0..<Int32(c.classes), key: RandomKey(seed: 8))
    try evaluate([x, labels])
    return (head, x, labels)
  }

  @Test(arguments: cases)
  func isThatOfTheWholeLogits(_ c: Case) throws {
    let whole = try outcome(c, block: nil)
    let blocks = try outcome(c, block: c.block)
    // bfloat16 rounds logits and slopes alike, but not the sums of the blocks.
    let tolerance: Float = c.precision == nil ? 2e-6 : 2e-2
    try expectClose(
      blocks.mean.reshaped(to: [1]), whole.mean.reshaped(to: [1]), absolute: tolerance, "loss")
    for (place, (ours, theirs)) in zip(blocks.gradients, whole.gradients).enumerated() {
      #expect(ours.shape == theirs.shape)
      try expectClose(ours, theirs, absolute: tolerance, "gradient \(place)")
    }
  }

  @Test func labelsOutsideAreNotANumber() throws {
    let (head, x, _) = try setting(Case())
    for label in [-1, 24] {
      var labels = [Int32](repeating: 2, count: 15)
      labels[4] = Int32(label)
      let target = Tensor(labels).reshaped(to: [3, 5])
      let loss = linearCrossEntropy(
        x, head, target, labelSmoothing: 0, ignoring: nil, block: 8)
      #expect(try loss.mean.scalar().isNaN)
      let kept = linearCrossEntropy(
        x, head, target, labelSmoothing: 0, ignoring: label, block: 8)
      #expect(try kept.mean.scalar().isFinite)
    }
  }

  @Test func largeLogitsStayFinite() throws {
    let (head, x, labels) = try setting(Case(bias: false))
    let loss = linearCrossEntropy(
      x * 1e4, head, labels, labelSmoothing: 0, ignoring: nil, block: 8)
    let whole = linearCrossEntropy(
      x * 1e4, head, labels, labelSmoothing: 0, ignoring: nil, block: nil)
    let (ours, theirs) = try (loss.mean.scalar(), whole.mean.scalar())
    #expect(ours.isFinite && abs(ours - theirs) <= 1e-5 * theirs)
  }

  /// 4,100 rows of 4,096 classes are 67 MB of logits, and as much again for their slopes.
  @Test func manyLogitsNeverStandWhole() throws {
    let (rows, classes) = (4100, 4096)
    let head = Linear(8, classes, bias: false)
    head.initialize(seed: 1)
    let x = Tensor.normal([rows, 8], key: RandomKey(seed: 2))
    let labels = Tensor.integers([rows], in: 0..<Int32(classes), key: RandomKey(seed: 3))
    let leaves = [x, head.weight.value]
    try evaluate(leaves + [labels])
    let loss = linearCrossEntropy(x, head, labels)
    let slopes = gradient(of: loss.mean, at: leaves)
    let plan = try Evaluator.plan([loss.mean.node] + slopes.map(\.node))
    #expect(plan.peakBytes < 40 << 20)
    let whole = crossEntropy(head(x), labels)
    let others = gradient(of: whole.mean, at: leaves)
    #expect(
      try Evaluator.plan([whole.mean.node] + others.map(\.node)).peakBytes > 4 * rows * classes)
    try evaluate([loss.mean, whole.mean] + slopes + others)
    #expect(try abs(loss.mean.scalar() - whole.mean.scalar()) < 2e-6)
    for (ours, theirs) in zip(slopes, others) { try expectClose(ours, theirs, "gradient") }
  }

  @Test func misfitsAreThoseOfCrossEntropy() throws {
    let (head, x, _) = try setting(Case())
    let loss = linearCrossEntropy(
      x, head, Tensor.range(5), labelSmoothing: 0, ignoring: nil, block: 8)
    #expect(loss.mean.failure?.operation == "crossEntropy")
    let narrow = linearCrossEntropy(
      x[..., 0..<4], head, Tensor.range(15).reshaped(to: [3, 5]), labelSmoothing: 0,
      ignoring: nil, block: 8)
    #expect(narrow.mean.failure?.operation == "linear")
  }
}
