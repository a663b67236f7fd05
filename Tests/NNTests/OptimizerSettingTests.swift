// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTesting
import BackpropTraining
import Testing

@Suite("What all optimizers have in common")
struct OptimizerSettingTests {
  private struct Three: Module {
    let a = Parameter(Tensor([1, -2]))
    let b = Parameter(Tensor([3]))
    let c = Parameter(Tensor([4]))
  }

  private func step(_ model: Three, _ optimizer: some Optimizer) throws -> [[Float]] {
    let ones = [Tensor([1, 1]), Tensor([1]), Tensor([1])]
    try optimizer.update(Gradients([model.a, model.b, model.c], ones))
    return try [model.a, model.b, model.c].map { try $0.value.array() }
  }

  @Test func groupsHaveSettingsOfTheirOwn() throws {
    let model = Three()
    let groups = [
      ParameterGroup("b", learningRate: 0.5), ParameterGroup("{b,c}", factor: 2, l2: 1),
    ]
    let optimizer = SGD(model, learningRate: 0.25, options: OptimizerOptions(groups: groups))
    // b by the first group that matches; c: 4 − 2 · 0.25 · (1 + 4).
    #expect(try step(model, optimizer) == [[0.75, -2.25], [2.5], [1.5]])
  }

  @Test func penaltiesAndDecay() throws {
    let first = Three()
    let l1 = SGD(first, learningRate: 0.5, options: OptimizerOptions(l1: 0.5))
    // The gradient plus ½ sign(w).
    #expect(try step(first, l1) == [[0.25, -2.25], [2.25], [3.25]])
    let second = Three()
    let decay = SGD(second, learningRate: 0.5, weightDecay: 0.5)
    // ¾ w first, then the gradient.
    #expect(try step(second, decay) == [[0.25, -2], [1.75], [2.5]])
  }

  @Test func vectorsCanBeSparedFromDecay() throws {
    struct Layer: Module {
      let weight = Parameter(Tensor([1, -2]).reshaped(to: [1, 2]))
      let bias = Parameter(Tensor([4]))
    }
    func values(_ options: OptimizerOptions) throws -> [[Float]] {
      let layer = Layer()
      let optimizer = SGD(layer, learningRate: 0.5, weightDecay: 0.5, options: options)
      let gradients = [Tensor([1, 1]).reshaped(to: [1, 2]), Tensor([1])]
      try optimizer.update(Gradients([layer.weight, layer.bias], gradients))
      return try [layer.weight, layer.bias].map { try $0.value.array() }
    }
    #expect(try values(OptimizerOptions()) == [[0.25, -2], [2.5]])
    #expect(try values(OptimizerOptions(decaysVectors: false)) == [[0.25, -2], [3.5]])
    // What a group says for itself counts.
    let group = ParameterGroup("bias", weightDecay: 0.5)
    #expect(
      try values(OptimizerOptions(groups: [group], decaysVectors: false)) == [[0.25, -2], [2.5]])
  }

  @Test func clippingComesBeforeTheUpdate() throws {
    let model = Three()
    let optimizer = SGD(model, learningRate: 1, options: OptimizerOptions(clipping: .value(0.25)))
    #expect(try step(model, optimizer) == [[0.75, -2.25], [2.75], [3.75]])
  }

  /// Micro-batches, the last one smaller, give the gradient of the whole batch.
  @Test func microBatchesAddUpToTheBatch() throws {
    let x = Tensor.normal([7, 3], key: RandomKey(seed: 1))
    let labels = Tensor([0, 1, 2, 1, 0, 2, -1] as [Int32])
    let model = MLP([3, 5, 3])
    model.initialize(seed: 4)
    func loss(_ range: Range<Int>) -> Loss {
      crossEntropy(
        model(x[range]), labels[range], weights: Tensor([1, 2, 0.5]), ignoring: -1)
    }
    let whole = try valueAndGradient(of: model) { loss(0..<7) }.gradients
    let parts = try [0..<3, 3..<6, 6..<7].map { range in
      try valueAndGradient(of: model, dividing: false) { loss(range) }
    }
    let sum = (parts[0].gradients + parts[1].gradients + parts[2].gradients).divided()
    for (mine, expected) in zip(sum.tensors, whole.tensors) {
      try expectClose(mine, expected, "a gradient of the micro-batches")
    }
    let mean = (parts[0].loss + parts[1].loss + parts[2].loss).mean
    try expectClose(mean, loss(0..<7).mean, "their loss")
  }

  /// The check of BackpropTesting takes any tensor and what it was made from, so a module's loss and
  /// its parameters too.
  @Test func gradientsOfModulesAreThoseOfFiniteDifferences() throws {
    struct Model: Module {
      let embedding = Embedding(6, 4)
      let body = Sequential(
        Linear(4, 6), LayerNorm(6), Activation.gelu, Residual(Linear(6, 6)), RMSNorm(6), PReLU(),
        Linear(6, 3))
      func callAsFunction(_ x: Tensor) -> Tensor { body(embedding(x)) }
    }
    let model = Model()
    model.initialize(seed: 2)
    try model.prepare()
    let tokens = Tensor([0, 3, 5, 1] as [Int32])
    let loss = crossEntropy(model(tokens), Tensor([2, 0, 1, 1] as [Int32])).mean
    let report = try GradientCheck()(of: loss, at: model.parameters().map(\.value))
    #expect(report.passed, "\(report)")
    #expect(report.comparisons > 2)
  }
}
