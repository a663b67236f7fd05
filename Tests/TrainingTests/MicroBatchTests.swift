// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing
import TestSupport

@Suite("Micro-batches") struct MicroBatchTests {
  /// Trains two epochs and returns the weights.
  private func weights(
    parts: Int, batch: Int, weighted: Bool
  ) throws -> (weights: [Float], losses: [Double]) {
    let model = MLP([2, 8, 2], activation: .tanh)
    model.initialize(seed: 2)
    let weights = weighted ? Tensor([0.3, 2]) : nil
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: 0.5, momentum: 0.9),
      goal: TrainingGoal(
        outputs: { model($0.features) },
        loss: { crossEntropy($0, $1.targets ?? Tensor(0), weights: weights) }),
      options: TrainingOptions(epochs: 2, batchSize: batch, microBatches: parts))
    // 53 examples: the last batch is ragged, and so is its last part.
    _ = try trainer.train(on: Sets.quadrants(53))
    return (
      try model.parameters().flatMap { try $0.value.array(of: Float.self) },
      trainer.progress.history.compactMap { $0.train["loss"] }
    )
  }

  /// Σ sums / Σ weights is one number however it is cut; float32 sums differ in the last bits.
  @Test(arguments: [(2, 12), (3, 12), (6, 12), (4, 20)], [false, true])
  func addUpToTheLargeBatch(cut: (parts: Int, batch: Int), weighted: Bool) throws {
    let whole = try weights(parts: 1, batch: cut.batch, weighted: weighted)
    let parts = try weights(parts: cut.parts, batch: cut.batch, weighted: weighted)
    for (a, b) in zip(whole.weights, parts.weights) {
      #expect(abs(a - b) <= 2e-5 * max(1, abs(a)), "\(a) \(b)")
    }
    for (a, b) in zip(whole.losses, parts.losses) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func dividingEachPartWouldNotDo() throws {
    // The ragged tail has parts of 4 and 1: means of means would weigh that one example fourfold.
    let whole = try weights(parts: 1, batch: 12, weighted: false)
    let other = try weights(parts: 1, batch: 4, weighted: false)
    #expect(zip(whole.weights, other.weights).contains { abs($0 - $1) > 1e-3 })
  }
}
