// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import Testing

@Suite("Models for series")
struct SeriesModelTests {
  private func series(_ shape: Shape, seed: UInt64) throws -> Tensor {
    let x = Tensor.normal(shape, key: RandomKey(seed: seed))
    try evaluate(x)
    return x
  }

  /// The same series filled up further, and with what lies behind the ends replaced.
  private func refilled(_ x: Tensor, _ lengths: [Int32], with value: Float) -> Tensor {
    let longer = x.padded([(0, 0), (0, 3), (0, 0)])
    let counts =
      Tensor.iota([x.shape[0], x.shape[1] + 3, 1], along: 1)
      .< Tensor(lengths).reshaped(to: [-1, 1, 1])
    return select(counts.broadcast(to: longer.shape), longer, .full(longer.shape, value))
  }

  @Test func meansAreOverTheStepsThatCount() throws {
    let x = Tensor([1, 10, 3, 30, 100, 100, 5, 50, 100, 100, 100, 100] as [Float])
      .reshaped(to: [2, 3, 2])
    let lengths = Tensor([2, 1] as [Int32])
    #expect(try meanOverSteps(x, lengths: lengths).array(of: Float.self) == [2, 20, 5, 50])
    #expect(
      try meanOverSteps(x, lengths: Tensor([0, 3] as [Int32])).array(of: Float.self).prefix(2)
        == [0, 0])
    #expect(meanOverSteps(x).shape == [2, 2])
  }

  @Test(arguments: [Normalization.Kind.none, .batch, .layer])
  func whatLiesBehindASeriesChangesNothing(_ norm: Normalization.Kind) throws {
    let x = try series([3, 9, 2], seed: 1)
    let lengths: [Int32] = [9, 4, 1]
    let sizes = Tensor(lengths)
    for isResidual in [false, true] {
      let model = SeriesCNN(
        inputs: 2, channels: [4, 6], windows: [5, 4], classes: 3, norm: norm,
        isResidual: isResidual)
      model.initialize(seed: 2)
      let plain = try model(x, lengths: sizes).array(of: Float.self)
      let other = try model(refilled(x, lengths, with: 7), lengths: sizes).array(of: Float.self)
      for (a, b) in zip(plain, other) { #expect(abs(a - b) < 1e-5, "\(norm) \(isResidual)") }
      // A series alone, of its own length, says the same.
      let alone = try model(x.sliced(along: 0, 1..<2).sliced(along: 1, 0..<4))
        .array(of: Float.self)
      for (a, b) in zip(plain[3..<6], alone) { #expect(abs(a - b) < 1e-5) }
    }
  }

  @Test(arguments: [RecurrentKind.lstm, .gru])
  func whatLiesBehindASeriesChangesNoRecurrentLayer(_ kind: RecurrentKind) throws {
    let x = try series([3, 9, 2], seed: 3)
    let lengths: [Int32] = [9, 4, 1]
    let model = RecurrentClassifier(
      kind, inputs: 2, units: 5, depth: 2, classes: 3, bidirectional: true)
    model.initialize(seed: 4)
    let sizes = Tensor(lengths)
    let plain = try model(x, lengths: sizes).array(of: Float.self)
    let other = try model(refilled(x, lengths, with: 7), lengths: sizes).array(of: Float.self)
    for (a, b) in zip(plain, other) { #expect(abs(a - b) < 1e-5) }
    let alone = try model(x.sliced(along: 0, 1..<2).sliced(along: 1, 0..<4)).array(of: Float.self)
    for (a, b) in zip(plain[3..<6], alone) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func causalConvolutionsSeeNoLaterStep() throws {
    let model = CausalConvNet(inputs: 2, channels: [4, 3], window: 3)
    model.initialize(seed: 5)
    #expect(model.reach == 13 && model.description == "CausalConvNet 2→4→3, 13 steps")
    let x = try series([1, 20, 2], seed: 6)
    let plain = try model(x).array(of: Float.self)
    for changed in [0, 4, 19] {
      let step = Tensor.iota([1, 20, 1], along: 1) .== Float(changed)
      let other = try model(x + step.cast(to: .float32).broadcast(to: x.shape))
        .array(of: Float.self)
      let steps = (0..<20).filter { s in (0..<3).contains { plain[3 * s + $0] != other[3 * s + $0] }
      }
      #expect(steps.allSatisfy { (changed..<changed + 13).contains($0) }, "\(changed): \(steps)")
      #expect(steps.first == changed)
    }
  }

  private func forecaster(
    _ anchor: Forecaster.Anchor, normalizes: Bool, horizon: Int = 5
  ) -> Forecaster {
    Forecaster(
      window: 6, inputs: 3, horizon: horizon, targets: 2, features: 4, anchor: anchor,
      normalizes: normalizes, body: .recurrent(Recurrent(.lstm, inputs: 3, units: 4)))
  }

  @Test(arguments: [false, true])
  func aForecasterBeginsWithItsAnchor(_ normalizes: Bool) throws {
    let x = try series([2, 6, 3], seed: 7)
    let values = try x.array(of: Float.self)
    func value(_ row: Int, _ step: Int, _ column: Int) -> Float {
      values[(row * 6 + step) * 3 + column]
    }
    for anchor in [Forecaster.Anchor.none, .mean, .last, .season(2), .season(6)] {
      let model = forecaster(anchor, normalizes: normalizes)
      model.initialize(seed: 8)
      let made = try model(x).array(of: Float.self)
      for row in 0..<2 {
        for ahead in 0..<5 {
          for column in 0..<2 {
            let wanted: Float =
              switch anchor {
              case .none: 0
              case .mean: (0..<6).reduce(0) { $0 + value(row, $1, column) } / 6
              case .last: value(row, 5, column)
              case .season(let steps): value(row, 6 - steps + ahead % steps, column)
              }
            let got = made[(row * 5 + ahead) * 2 + column]
            #expect(abs(got - wanted) < 1e-5, "\(anchor), step \(ahead), column \(column)")
          }
        }
      }
    }
  }

  /// With each window normalized, a series of another unit and origin is forecast likewise.
  @Test func aNormalizingForecasterKnowsNoUnit() throws {
    let model = forecaster(.last, normalizes: true)
    model.initialize(seed: 9)
    for entry in model.table.parameters where entry.path == "output.weight" {
      entry.parameter.replace(Tensor.normal([10, 4], key: RandomKey(seed: 1)))
    }
    let x = try series([2, 6, 3], seed: 10)
    let rest = x.sliced(along: 2, 2..<3)
    let moved = concatenate([x.sliced(along: 2, 0..<2) * 50 + 1000, rest], along: 2)
    let (plain, other) = (
      try model(x).array(of: Float.self), try model(moved).array(of: Float.self)
    )
    for (a, b) in zip(plain, other) { #expect(abs((a * 50 + 1000) - b) < 0.02 * 50) }
    // A window that never changes is no division by zero.
    let flat = try model(.full([2, 6, 3], 3)).array(of: Float.self)
    #expect(flat.allSatisfy { abs($0 - 3) < 0.1 })
  }

  @Test func windowsOfAnotherShapeAreAnError() throws {
    let failure = try #require(forecaster(.last, normalizes: true)(.zeros([2, 5, 3])).failure)
    #expect(failure.description.contains("windows must be [B, 6, 3]"), "\(failure)")
  }
}
