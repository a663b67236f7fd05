// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropTesting
import BackpropTraining
import Testing
import TestSupport

extension Way: CustomTestStringConvertible {
  /// Its name in test reports.
  public var testDescription: String { name }
}

@Suite("The same bits", .serialized) struct SameBitsTests {
  private static func weights(norm: Normalization.Kind) throws -> [UInt32] {
    let model = MLP([64, 48, 33, 10], activation: .gelu, norm: norm, dropout: 0.1)
    model.initialize(seed: 4)
    let trainer = Trainer(
      model, optimizer: AdamW(model, learningRate: 0.003, options: .init(clipping: .norm(1))),
      goal: .classes(10) { model($0) }, options: TrainingOptions(epochs: 2, batchSize: 64))
    _ = try trainer.train(
      on: Sets.digits { $0 < 300 }, validation: Sets.digits { (300..<400).contains($0) })
    return try bits(of: model)
  }

  private static let usual: [[UInt32]] = {
    (try? [Normalization.Kind.none, .layer, .batch].map { try weights(norm: $0) }) ?? []
  }()

  @Test(arguments: Way.all(threads: [1, 2, 3]))
  func whateverTheThreadsAndTheProcessor(way: Way) throws {
    let expected = SameBitsTests.usual
    try #require(expected.count == 3)
    for (norm, bits) in zip([Normalization.Kind.none, .layer, .batch], expected) {
      #expect(try way.use { try SameBitsTests.weights(norm: norm) == bits }, "\(norm)")
    }
  }

  @Test func anotherSeedGivesOtherBits() throws {
    func weights(_ seed: UInt64) throws -> [UInt32] {
      let model = MLP([2, 8, 2])
      model.initialize(seed: 1)
      let trainer = Trainer(
        model, optimizer: SGD(model, learningRate: 0.1), goal: .classes(2) { model($0) },
        options: TrainingOptions(epochs: 1, batchSize: 7, seed: seed))
      _ = try trainer.train(on: Sets.quadrants(50))
      return try bits(of: model)
    }
    #expect(try weights(1) == weights(1))
    #expect(try weights(1) != weights(2))
  }
}
