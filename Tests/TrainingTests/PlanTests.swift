// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("Plans of training steps") struct PlanTests {
  /// Whether some step in a row was made without a new plan.
  ///
  /// Plans are counted for the whole process, where other tests plan too: a step that plans anew
  /// always adds to the count, one that doesn't is seen sooner or later.
  private func isPlannedOnce(_ step: (Int) throws -> Void) throws -> Bool {
    for number in 0..<3 { try step(number) }
    for number in 3..<2000 {
      let before = Evaluator.planCount
      try step(number)
      if Evaluator.planCount == before { return true }
    }
    return false
  }

  @Test func rateDropoutAndBatchPlanNothingAnew() throws {
    let model = MLP([2, 16, 2], activation: .gelu, norm: .batch, dropout: 0.3)
    model.initialize(seed: 1)
    let optimizer = AdamW(
      model, learningRate: .warmup(50, then: .cosine(from: 0.01, to: 0.001, steps: 5000)),
      options: OptimizerOptions(clipping: .norm(1), averaging: 0.99))
    let examples = Sets.quadrants(2000)
    let source = BatchSource(examples)
    var rates: Set<Double> = []
    let isPlannedOnce = try isPlannedOnce { number in
      rates.insert(optimizer.state.rate)
      let first = number * 16 % 1984
      let batch = source.batch(Array(0..<2000)[first..<first + 16])
      let gradients = try Context.training(seed: 3, step: number) {
        try valueAndGradient(of: model) {
          crossEntropy(model(batch.features), batch.targets ?? Tensor(0))
        }.gradients
      }
      try optimizer.update(gradients)
    }
    #expect(isPlannedOnce)
    #expect(rates.count > 3)
  }

  @Test func evaluationsOfEqualBatchesPlanNothingAnew() throws {
    let model = MLP([2, 16, 2], norm: .batch, dropout: 0.3)
    model.initialize(seed: 1)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: 0.1), goal: .classes(2) { model($0) },
      options: TrainingOptions(epochs: 1, batchSize: 4))
    #expect(
      try isPlannedOnce { number in
        _ = try trainer.evaluate(on: Sets.quadrants(40, seed: UInt64(number)))
      })
  }
}
