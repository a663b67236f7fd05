// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("Schedules and averages in a training") struct ScheduleTests {
  @Test func thePlateauLowersTheRateWhenTheLossStays() throws {
    // A rate of zero changes nothing, so no epoch after the first is better.
    let model = MLP([2, 4, 2])
    model.initialize(seed: 1)
    let plateau = Plateau(factor: 0.5, patience: 1)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: .plateau(from: 1e-30, plateau)),
      goal: .classes(2) { model($0) }, options: TrainingOptions(epochs: 7, batchSize: 10))
    _ = try trainer.train(on: Sets.quadrants(30), validation: Sets.quadrants(20, seed: 2))
    // The first observation is the best; two without improvement halve the rate, and so on.
    let rates = trainer.progress.history.map { $0.learningRate / 1e-30 }
    for (rate, expected) in zip(rates, [1, 1, 1, 0.5, 0.5, 0.25, 0.25]) {
      #expect(abs(rate - expected) < 1e-12, "\(rates)")
    }
  }

  @Test func thePlateauWatchesTheTrainingLossWithoutValidation() throws {
    let model = MLP([2, 4, 2])
    model.initialize(seed: 1)
    let plateau = Plateau(factor: 0.5, patience: 0)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: .plateau(from: 1e-30, plateau)),
      goal: .classes(2) { model($0) },
      options: TrainingOptions(epochs: 3, batchSize: 10))
    _ = try trainer.train(on: Sets.quadrants(30))
    #expect(plateau.scale == 0.25)
  }

  @Test func averagedWeightsAreValidatedAndKept() throws {
    // By hand: avg₀ = w₀, avgₙ = d avgₙ₋₁ + (1 − d) wₙ.
    let decay = 0.75
    func trained(_ averaging: Double?, epochs: Int) throws -> (weights: [Float], Trainer) {
      let model = Linear(2, 1)
      model.initialize(seed: 1)
      let trainer = Trainer(
        model,
        optimizer: SGD(
          model, learningRate: 0.05, options: OptimizerOptions(averaging: averaging)),
        goal: .numbers { model($0) }, options: TrainingOptions(epochs: epochs, batchSize: 30))
      _ = try trainer.train(on: Sets.line(30))
      return (try model.parameters().flatMap { try $0.value.array(of: Float.self) }, trainer)
    }
    let fresh = Linear(2, 1)
    fresh.initialize(seed: 1)
    var average = try fresh.parameters().flatMap {
      try $0.value.array(of: Float.self).map(Double.init)
    }
    for steps in 1...5 {
      let weights = try trained(nil, epochs: steps).weights.map(Double.init)
      average = zip(average, weights).map { decay * $0 + (1 - decay) * $1 }
      let got = try trained(decay, epochs: steps).weights
      for (a, b) in zip(average, got) { #expect(abs(a - Double(b)) < 1e-5, "step \(steps)") }
    }
  }

  @Test func trainingGoesOnWithTheRawWeights() throws {
    // Validation looks at the averages between epochs; the steps must not notice.
    func losses(_ validation: Examples?) throws -> [Double] {
      let model = MLP([2, 6, 2])
      model.initialize(seed: 1)
      let trainer = Trainer(
        model,
        optimizer: SGD(model, learningRate: 0.3, options: OptimizerOptions(averaging: 0.9)),
        goal: .classes(2) { model($0) }, options: TrainingOptions(epochs: 4, batchSize: 10))
      _ = try trainer.train(on: Sets.quadrants(50), validation: validation)
      return trainer.progress.history.compactMap { $0.train["loss"] }
    }
    #expect(try losses(nil) == losses(Sets.quadrants(20, seed: 3)))
  }

  @Test func bfloat16StepsLearnWithFloat32Weights() throws {
    let model = MLP([64, 64, 10])
    model.initialize(seed: 0)
    func weights(_ precision: DType?) throws -> (accuracy: Double, bits: [UInt32]) {
      model.initialize(seed: 0)
      let trainer = Trainer(
        model, optimizer: AdamW(model, learningRate: 0.003), goal: .classes(10) { model($0) },
        options: TrainingOptions(epochs: 5, batchSize: 32, precision: precision))
      _ = try trainer.train(on: Sets.digits { $0 % 5 != 0 })
      let test = try trainer.evaluate(on: Sets.digits { $0 % 5 == 0 })
      return (try #require(test["accuracy"]), try bits(of: model))
    }
    let (full, half) = (try weights(nil), try weights(.bfloat16))
    #expect(half.accuracy > 0.9, "\(half.accuracy)")
    #expect(full.bits != half.bits)
    // Float32 master weights have bits below those of bfloat16.
    #expect(half.bits.contains { $0 & 0xffff != 0 })
  }
}
