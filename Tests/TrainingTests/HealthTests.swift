// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropTraining
import Testing
import TestSupport

/// A model with a layer that the result does not depend on.
private struct Forgetful: Module {
  let used = Linear(2, 2)
  let forgotten = Linear(2, 2)

  func callAsFunction(_ x: Tensor) -> Tensor { used(x) + forgotten(x) * 0 }
}

@Suite("Gradient health and losses that are no numbers") struct HealthTests {
  private func warnings(_ norms: [(String, Double)]) -> [String] {
    GradientHealth.warnings(
      norms.map { EpochReport.LayerNorm(path: $0.0, norm: $0.1) }, epoch: 3
    ).map(\.text)
  }

  @Test func healthyGradientsAreNotTalkedAbout() {
    #expect(warnings([("a", 1), ("b", 1e-4), ("c", 900)]).isEmpty)
    #expect(warnings([]).isEmpty)
  }

  @Test func eachIllnessHasItsSentence() {
    #expect(
      warnings([("a", 0), ("b", 0)]) == [
        "no parameter gets a gradient in epoch 3: the loss no longer depends on the weights; lower "
          + "the learning rate or change the activation."
      ])
    #expect(
      warnings([("a", 23_456), ("b", 1)]) == [
        "the gradient of a has norm 23000 in epoch 3: gradients explode; lower the learning rate "
          + "or set training.clip_norm."
      ])
    #expect(
      warnings([("a", 1), ("b", 0), ("c", 0)]) == [
        "b and 1 more gets no gradient in epoch 3: its units are dead or not part of the loss; "
          + "lower the learning rate or use another activation."
      ])
    #expect(
      warnings([("a", 2e-9), ("b", 1)]) == [
        "the gradient of a is 500000000 times smaller than that of b in epoch 3: gradients vanish; "
          + "use normalization, residual layers or another activation."
      ])
  }

  @Test func aLayerWithoutAGradientIsNamedOnce() throws {
    let model = Forgetful()
    model.initialize(seed: 1)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: 0.1), goal: .classes(2) { model($0) },
      options: TrainingOptions(epochs: 4, batchSize: 10))
    let recorder = Recorder()
    trainer.listen(recorder)
    _ = try trainer.train(on: Sets.quadrants(30))
    #expect(
      recorder.warnings == [
        "forgotten.weight and 1 more gets no gradient in epoch 1: its units are dead or not part of "
          + "the loss; lower the learning rate or use another activation."
      ])
  }

  private func failureOfTraining(
    rate: LearningRate, _ examples: Examples, batch: Int = 10, epochs: Int = 5
  ) -> String {
    let model = MLP([2, 4, 1], activation: .relu)
    model.initialize(seed: 1)
    let trainer = Trainer(
      model, optimizer: SGD(model, learningRate: rate), goal: .numbers { model($0) },
      options: TrainingOptions(epochs: epochs, batchSize: batch, seed: 2))
    return failure { _ = try trainer.train(on: examples) }
  }

  @Test func aLossThatLeapsAwaySaysWhereAndWhatToDo() throws {
    // Which step it is follows from seed and data; the sentence around it is fixed.
    let message = failureOfTraining(rate: 1e6, Sets.line(100))
    let pattern =
      /the loss became (inf|NaN) in epoch 1, step (\d+): the first layer with values that are not finite is ([a-z0-9.]+), (after the step before|in its gradient); lower the learning rate \(it is 1000000.0\) or clip the gradients, for example with training.clip_norm=1\./
    let match = try #require(try pattern.wholeMatch(in: message), "\(message)")
    let step = try #require(Int(match.output.2))
    #expect(step > 1 && step <= 10)
    #expect(match.output.3.hasPrefix("hidden.0.linear") || match.output.3.hasPrefix("output"))
  }

  @Test func aRateThatLeapsLateIsFoundInItsStep() throws {
    // Fine until the 24th step, the fourth of epoch 3; what it made shows in the next.
    let rate = LearningRate("leap") { $0 == 23 ? 1e30 : 0.01 }
    let message = failureOfTraining(rate: rate, Sets.line(100))
    #expect(message.contains("in epoch 3, step 5:"), "\(message)")
  }

  @Test func featuresThatAreNoNumbersAreToBlame() {
    var examples = Sets.line(30)
    if case .float(var values) = examples.features.storage {
      values[41] = .nan
      examples = Examples(
        features: DataArray(shape: [30, 2], storage: .float(values)), targets: examples.targets)
    }
    #expect(
      failureOfTraining(rate: 0.01, examples, batch: 30, epochs: 1)
        == "the loss became NaN in epoch 1, step 1: the batch has features that are not finite; "
        + "lower the learning rate (it is 0.01) or clip the gradients, for example with "
        + "training.clip_norm=1.")
  }
}
