// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("What an optimizer remembers")
struct OptimizerStateTests {
  private let x = Tensor.normal([8, 3], key: RandomKey(seed: 1))
  private let labels = Tensor([0, 1, 1, 0, 1, 0, 0, 1] as [Int32])

  private func train(_ model: MLP, _ optimizer: some Optimizer, steps: Int) throws {
    for _ in 0..<steps {
      let (_, gradients) = try valueAndGradient(of: model) { crossEntropy(model(x), labels) }
      try optimizer.update(model, gradients)
    }
  }

  private func weights(_ model: MLP) throws -> [[Float]] {
    try model.parameters().map { try $0.value.array() }
  }

  @Test func goesOnFromASavedStateBitForBit() throws {
    let options = OptimizerOptions(averaging: 0.9)
    let model = MLP([3, 4, 2])
    model.initialize(seed: 6)
    let optimizer = Adam(model, learningRate: 0.1, amsgrad: true, options: options)
    try train(model, optimizer, steps: 3)
    let copy = model.clone()
    let state = Dictionary(
      uniqueKeysWithValues: optimizer.state.tensors.map { ($0.name, $0.tensor) })
    #expect(state.count == 4 * 4)
    #expect(state["largest/output.weight"]?.shape == [2, 4])
    try train(model, optimizer, steps: 4)

    let resumed = Adam(copy, learningRate: 0.1, amsgrad: true, options: options)
    try resumed.state.restore(step: 3, tensors: state)
    try train(copy, resumed, steps: 4)
    #expect(try weights(copy) == weights(model))
    #expect(resumed.state.step == 7)
    for (mine, expected) in zip(resumed.state.tensors, optimizer.state.tensors) {
      #expect(try mine.tensor.array() == expected.tensor.array(), "\(mine.name)")
    }
  }

  @Test func aStateOfAnotherModelIsRefused() throws {
    let optimizer = Adam(MLP([3, 4, 2]))
    let shape = #expect(throws: ModelError.self) {
      try optimizer.state.restore(step: 1, tensors: ["mean/output.weight": .zeros([5, 4])])
    }
    #expect(shape?.description.contains("mean/output.weight as [5, 4] float32") == true)
    let name = #expect(throws: ModelError.self) {
      try optimizer.state.restore(step: 1, tensors: ["mean/other": .zeros([4])])
    }
    #expect(name?.description.contains("mean/other") == true)
    #expect(optimizer.state.step == 0)
  }

  @Test func averagesAreLentAndGivenBack() throws {
    let model = MLP([3, 4, 2])
    model.initialize(seed: 6)
    let optimizer = SGD(model, learningRate: 0.5, options: OptimizerOptions(averaging: 0.5))
    try train(model, optimizer, steps: 3)
    let last = try weights(model)
    let average = try #require(optimizer.state.average(of: model.output.weight))
    let lent = try optimizer.state.withAverages { () throws -> [[Float]] in try weights(model) }
    #expect(try lent[2] == average.array())
    #expect(lent != last)
    #expect(try weights(model) == last)
  }
}
