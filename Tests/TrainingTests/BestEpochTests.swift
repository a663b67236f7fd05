// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropTraining
import Synchronization
import Testing
import TestSupport

/// A goal whose validation figures follow a script, one for each evaluation.
private final class Script: Sendable {
  private let figures: [Double]
  private let next = Mutex(0)

  init(_ figures: [Double]) { self.figures = figures }

  func figure() -> Double {
    next.withLock { next in
      next += 1
      return figures[min(next - 1, figures.count - 1)]
    }
  }
}

@Suite("The best epoch") struct BestEpochTests {
  private func trainer(
    _ model: MLP, _ script: [Double], epochs: Int, patience: Int?,
    monitor: TrainingOptions.Monitor = .metric("accuracy")
  ) -> Trainer {
    let script = Script(script)
    return Trainer(
      model, optimizer: SGD(model, learningRate: 0.1),
      goal: TrainingGoal(
        outputs: { model($0.features) }, loss: { crossEntropy($0, $1.targets ?? Tensor(0)) },
        metrics: { _, _ in ["accuracy": script.figure()] }),
      options: TrainingOptions(
        epochs: epochs, batchSize: 10, monitor: monitor, patience: patience))
  }

  @Test func theWeightsOfTheBestEpochAreKept() throws {
    let (train, validation) = (Sets.quadrants(60), Sets.quadrants(20, seed: 5))
    let model = MLP([2, 4, 2])
    model.initialize(seed: 3)
    let trainer = trainer(model, [0.5, 0.7, 0.9, 0.6, 0.8], epochs: 5, patience: nil)
    _ = try trainer.train(on: train, validation: validation)
    #expect(trainer.progress.bestEpoch == 3)
    #expect(trainer.progress.history.map(\.isBest) == [true, true, true, false, false])
    #expect(trainer.progress.bestMetrics?["accuracy"] == 0.9)
    // The same training, ended after the third epoch.
    let other = MLP([2, 4, 2])
    other.initialize(seed: 3)
    let short = self.trainer(other, [0.5, 0.7, 0.9], epochs: 3, patience: nil)
    _ = try short.train(on: train, validation: validation)
    #expect(try bits(of: model) == bits(of: other))
  }

  @Test func earlyStoppingSaysWhyAndRestoresTheBest() throws {
    let (train, validation) = (Sets.quadrants(60), Sets.quadrants(20, seed: 5))
    let model = MLP([2, 4, 2])
    model.initialize(seed: 3)
    let trainer = trainer(model, [0.5, 0.8, 0.7, 0.6, 0.9], epochs: 9, patience: 2)
    let recorder = Recorder()
    trainer.listen(recorder)
    #expect(try trainer.train(on: train, validation: validation))
    #expect(recorder.epochs.count == 4)
    let stop = try #require(recorder.stop)
    #expect(stop.reason == .noImprovement(epochs: 2))
    #expect(stop.epoch == 4 && stop.bestEpoch == 2)
    let other = MLP([2, 4, 2])
    other.initialize(seed: 3)
    _ = try self.trainer(other, [0.5, 0.8], epochs: 2, patience: nil)
      .train(on: train, validation: validation)
    #expect(try bits(of: model) == bits(of: other))
  }

  @Test func ofEqualFiguresTheLowerLossDecides() throws {
    let model = MLP([2, 8, 2], activation: .tanh)
    model.initialize(seed: 3)
    let trainer = trainer(model, [0.5], epochs: 6, patience: nil)
    _ = try trainer.train(on: Sets.quadrants(60), validation: Sets.quadrants(60))
    let losses = trainer.progress.history.map { $0.validation?["loss"] ?? .nan }
    let lowest = losses.indices.min { losses[$0] < losses[$1] }
    #expect(trainer.progress.bestEpoch == lowest.map { $0 + 1 }, "\(losses)")
  }

  @Test func aFigureThatIsNoNumberIsNeverBetter() throws {
    let model = MLP([2, 4, 2])
    model.initialize(seed: 3)
    let trainer = trainer(model, [.nan, 0.4, .nan, 0.3], epochs: 4, patience: nil)
    _ = try trainer.train(on: Sets.quadrants(60), validation: Sets.quadrants(20, seed: 5))
    #expect(trainer.progress.bestEpoch == 2)
  }

  @Test func withoutValidationTheLastWeightsStay() throws {
    let model = MLP([2, 4, 2])
    model.initialize(seed: 3)
    let trainer = trainer(model, [0], epochs: 3, patience: nil)
    _ = try trainer.train(on: Sets.quadrants(60))
    #expect(trainer.progress.bestEpoch == nil)
    #expect(trainer.progress.history.allSatisfy { $0.validation == nil && $0.isBest })
  }
}
