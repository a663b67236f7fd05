// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing
import TestSupport

@Suite("The training loop") struct LoopTests {
  @Test func learnsWhichQuadrantAPointIsIn() throws {
    let model = MLP([2, 16, 16, 2], activation: .tanh)
    model.initialize(seed: 1)
    let trainer = Trainer(
      model, optimizer: AdamW(model, learningRate: 0.01), goal: .classes(2) { model($0) },
      options: TrainingOptions(epochs: 60, batchSize: 16))
    #expect(try trainer.train(on: Sets.quadrants(400)))
    let fresh = try trainer.evaluate(on: Sets.quadrants(400, seed: 9))
    #expect(try #require(fresh["accuracy"]) > 0.95, "\(fresh)")
  }

  @Test func learnsALine() throws {
    let model = Linear(2, 1)
    model.initialize(seed: 1)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: 0.1, momentum: 0.9),
      goal: .numbers { model($0) }, options: TrainingOptions(epochs: 20, batchSize: 10))
    #expect(try trainer.train(on: Sets.line(100)))
    let weight = try model.weight.value.array(of: Float.self)
    let bias = try #require(model.bias).value.array(of: Float.self)
    for (value, truth) in zip(weight + bias, [2, -1, 0.5] as [Float]) {
      #expect(abs(value - truth) < 0.02, "\(weight) \(bias)")
    }
  }

  @Test func learnsDigitsFromPixels() throws {
    let model = MLP([64, 64, 10], dropout: 0.1)
    model.initialize(seed: 0)
    let trainer = Trainer(
      model, optimizer: AdamW(model, learningRate: 0.003), goal: .classes(10) { model($0) },
      options: TrainingOptions(epochs: 10, batchSize: 32))
    // Every fifth is for the test: the later ones were written by others.
    #expect(try trainer.train(on: Sets.digits { $0 % 5 != 0 }))
    let test = try trainer.evaluate(on: Sets.digits { $0 % 5 == 0 })
    #expect(try #require(test["accuracy"]) > 0.95, "\(test)")
  }

  @Test func tellsEventsInOrder() throws {
    let model = MLP([2, 4, 2])
    model.initialize(seed: 1)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: 0.1), goal: .classes(2) { model($0) },
      options: TrainingOptions(epochs: 5, batchSize: 7))
    let recorder = Recorder()
    trainer.listen(recorder)
    var saves = 0
    trainer.save = { saves += $0.progress.isComplete ? 1 : 0 }
    #expect(try trainer.train(on: Sets.quadrants(50), validation: Sets.quadrants(20, seed: 3)))
    #expect(recorder.epochs.map(\.epoch) == [1, 2, 3, 4, 5])
    #expect(recorder.epochs == trainer.progress.history)
    #expect(saves == 1)
    // 50 examples in batches of 7 are 8 steps, the last of one example.
    #expect(trainer.progress.position == 40)
    for report in recorder.epochs {
      #expect(report.train.values.map(\.name) == ["loss"])
      #expect(report.validation?.values.map(\.name) == ["loss", "accuracy"])
      #expect(
        report.gradientNorms.map(\.path) == [
          "hidden.0.linear.weight", "hidden.0.linear.bias", "output.weight", "output.bias",
        ])
      #expect(report.gradientNorms.allSatisfy { $0.norm > 0 })
      #expect(report.learningRate == 0.1)
    }
  }

  @Test func progressIsToldOnlyToWhomItInterests() throws {
    let model = MLP([2, 64, 64, 2])
    model.initialize(seed: 1)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: 0.1), goal: .classes(2) { model($0) },
      options: TrainingOptions(epochs: 1, batchSize: 1))
    let recorder = Recorder(wantsProgress: true)
    trainer.listen(recorder)
    // One long epoch: news come every tenth of a second, if it lasts that long.
    _ = try trainer.train(on: Sets.quadrants(10_000))
    for event in recorder.events {
      guard case .progress(let news) = event else { continue }
      #expect(news.epoch == 1 && news.step > 0 && news.step <= 10_000)
      #expect(news.examplesPerSecond > 0 && news.secondsLeft >= 0 && news.loss > 0)
    }
    #expect(recorder.epochs.count == 1)
  }

  @Test func theMeanLossOfAnEpochIsOverItsExamples() throws {
    // A rate of zero leaves the weights alone, so each epoch's loss is that of the whole set.
    let model = MLP([2, 4, 2])
    model.initialize(seed: 1)
    let examples = Sets.quadrants(50)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: 0), goal: .classes(2) { model($0) },
      options: TrainingOptions(epochs: 2, batchSize: 7, evaluationBatchSize: 13))
    _ = try trainer.train(on: examples)
    let whole = try #require(try trainer.evaluate(on: examples)["loss"])
    for report in trainer.progress.history {
      #expect(abs(try #require(report.train["loss"]) - whole) < 1e-6)
    }
  }

  @Test func weightedLossesAreDividedOnceInAnEvaluation() throws {
    let model = MLP([2, 4, 2])
    model.initialize(seed: 1)
    let examples = Sets.quadrants(50)
    func loss(_ size: Int) throws -> Double {
      let trainer = Trainer(
        model, optimizer: SGD(model, learningRate: 0),
        goal: TrainingGoal(
          outputs: { model($0.features) },
          loss: { crossEntropy($0, $1.targets ?? Tensor(0), weights: Tensor([0.1, 3])) }),
        options: TrainingOptions(epochs: 1, batchSize: 7, evaluationBatchSize: size))
      return try #require(try trainer.evaluate(on: examples)["loss"])
    }
    #expect(abs(try loss(50) - loss(3)) < 1e-6)
  }

  @Test func aBatchLargerThanTheDataIsAnError() {
    let model = Linear(2, 1)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: 0.1), goal: .numbers { model($0) },
      options: TrainingOptions(epochs: 1, batchSize: 11))
    #expect(
      failure { _ = try trainer.train(on: Sets.line(10)) }
        == "a batch of 11 is larger than the data (10 examples); choose a batch of at most 10.")
  }

  @Test func aShapeThatDoesNotFitIsAnErrorWithTheLayer() {
    let model = MLP([3, 4, 2])
    model.initialize(seed: 1)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: 0.1), goal: .classes(2) { model($0) },
      options: TrainingOptions(epochs: 1, batchSize: 5))
    let message = failure { _ = try trainer.train(on: Sets.quadrants(10)) }
    #expect(message.contains("[5, 2]") && message.contains("hidden.0.linear"), "\(message)")
  }
}
