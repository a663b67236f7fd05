// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropTraining
import Testing
import TestSupport

/// A training that can be set up again and again from nothing but its kind.
enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case dropoutAndCosine, momentumAndPlateau, averagesAndClipping, microBatches, batchNorm
  case threeSlots

  var testDescription: String { rawValue }

  func trainer(epochs: Int = 4) -> (model: MLP, trainer: Trainer) {
    let norm: Normalization.Kind = self == .batchNorm ? .batch : .none
    let model = MLP([2, 12, 12, 2], activation: .gelu, norm: norm, dropout: 0.2)
    model.initialize(seed: 7)
    let options = TrainingOptions(
      epochs: epochs, batchSize: 9, microBatches: self == .microBatches ? 3 : 1, seed: 5,
      monitor: .metric("accuracy"), patience: 3)
    func make(_ optimizer: some Optimizer) -> (MLP, Trainer) {
      (
        model,
        Trainer(model, optimizer: optimizer, goal: .classes(2) { model($0) }, options: options)
      )
    }
    switch self {
    case .dropoutAndCosine, .batchNorm:
      return make(AdamW(model, learningRate: .cosine(from: 0.02, steps: 40)))
    case .momentumAndPlateau:
      let plateau = Plateau(factor: 0.5, patience: 0, threshold: .relative(0.5), cooldown: 1)
      return make(
        SGD(model, learningRate: .plateau(from: 0.1, plateau), momentum: 0.9, nesterov: true))
    case .averagesAndClipping:
      return make(
        Adam(
          model, learningRate: .warmup(10, then: 0.01),
          options: OptimizerOptions(clipping: .norm(0.5), averaging: 0.9)))
    case .microBatches: return make(RMSprop(model, learningRate: 0.003, momentum: 0.5))
    case .threeSlots: return make(AMSGrad(model, learningRate: 0.01))
    }
  }
}

@Suite("Interrupted and resumed trainings") struct ResumeTests {
  private let train = Sets.quadrants(70)
  private let validation = Sets.quadrants(30, seed: 4)

  /// Trains to the end, stopping at each position in turn and going on from the run's folder.
  private func interrupted(_ kind: Kind, at positions: [Int], in folder: RunFolder) throws
    -> (model: MLP, trainer: Trainer)
  {
    for position in positions + [.max] {
      let (model, trainer) = kind.trainer()
      let saver = RunSaver(folder)
      #expect(try saver.restore(trainer) == (position != positions[0]))
      trainer.save = { try saver.save($0) }
      trainer.shouldStop = { trainer.progress.position == position }
      let isDone = try trainer.train(on: train, validation: validation)
      if isDone { return (model, trainer) }
      #expect(position != .max && trainer.progress.position == position)
    }
    preconditionFailure("the last part is never stopped")
  }

  @Test(arguments: Kind.allCases)
  func endWithTheBytesOfTheOneThatWasNeverStopped(kind: Kind) throws {
    let files = TemporaryFolder(inMemory: true)
    let whole = RunFolder(files("whole"))
    try whole.make()
    let (model, trainer) = kind.trainer()
    let saver = RunSaver(whole)
    trainer.save = { try saver.save($0) }
    #expect(try trainer.train(on: train, validation: validation))
    let expected = try FileContents.read(whole.weights)
    let expectedBits = try bits(of: model)

    var random = Random(seed: 11)
    for attempt in 0..<6 {
      let folder = RunFolder(files("parts-\(attempt)"))
      try folder.make()
      // 8 steps an epoch; at most 32 in all, fewer where it stops early.
      let last = trainer.progress.position - 1
      let positions = Set((0...random.below(4)).map { _ in random.below(last) }).sorted()
      let parts = try interrupted(kind, at: positions, in: folder)
      #expect(try bits(of: parts.model) == expectedBits, "\(positions)")
      #expect(try FileContents.read(folder.weights) == expected, "\(positions)")
      #expect(try log(parts.trainer) == log(trainer), "\(positions)")
      #expect(parts.trainer.progress.bestEpoch == trainer.progress.bestEpoch)
    }
  }

  @Test func aRunWithoutAStateStartsAnew() throws {
    let files = TemporaryFolder(inMemory: true)
    let (_, trainer) = Kind.microBatches.trainer()
    #expect(try !RunSaver(RunFolder(files.path)).restore(trainer))
    #expect(trainer.progress == TrainingProgress())
  }

  @Test func stoppingTellsThatItCanBeResumed() throws {
    let (_, trainer) = Kind.dropoutAndCosine.trainer()
    let recorder = Recorder()
    trainer.listen(recorder)
    trainer.shouldStop = { trainer.progress.position == 11 }
    var saved: [Int] = []
    trainer.save = { saved.append($0.progress.position) }
    #expect(try !trainer.train(on: train, validation: validation))
    #expect(saved == [11])
    #expect(recorder.stop?.reason == .interrupted)
    #expect(recorder.epochs.count == 1)
    #expect(!trainer.progress.isComplete)
  }
}
