// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

private struct Classifier: Module {
  let hidden: Linear
  let output: Linear
  init(inputs: Int, classes: Int) {
    hidden = Linear(inputs, 16)
    output = Linear(16, classes)
  }
  func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x).relu()) }
}

private struct Everything: Module {
  let first: Linear
  let tied: Linear
  let list: [Linear]
  let named: [String: Linear]
  let maybe: Linear?
  let nothing: Linear?
  let pair: (Linear, BatchNorm)
  let norm: Normalization
  let body: Sequential
  let dropout = Dropout(0.5)
  static let keys = ["maybe": "renamed"]

  init() {
    first = Linear(2, 2)
    tied = Linear(weight: first.weight)
    list = [Linear(2, 3), Linear(3, 4, bias: false)]
    named = ["b": Linear(1, 2), "a": Linear(1, 3)]
    maybe = Linear(2, 1)
    nothing = nil
    pair = (Linear(4, 4), BatchNorm(4))
    norm = .layer(LayerNorm(3))
    body = Sequential(Linear(2, 5), Activation.relu, Residual(Linear(5, 5)))
  }
}

@Suite("Modules")
struct ModuleTests {
  @Test func tableHasAllPathsInOrder() {
    let table = Everything().table
    #expect(
      table.parameters.map(\.path) == [
        "first.weight", "first.bias", "list.0.weight", "list.0.bias", "list.1.weight",
        "named.a.weight", "named.a.bias", "named.b.weight", "named.b.bias", "renamed.weight",
        "renamed.bias", "pair.0.weight", "pair.0.bias", "pair.1.weight", "pair.1.bias",
        "norm.weight", "norm.bias", "body.0.weight", "body.0.bias", "body.2.body.weight",
        "body.2.body.bias",
      ])
    #expect(table.parameters[0].aliases == ["tied.weight"])
    #expect(table.buffers.map(\.path) == ["pair.1.running_mean", "pair.1.running_var"])
  }

  @Test(arguments: [
    ("**", "a.b.c", true), ("a.*", "a.b", true), ("a.*", "a.b.c", false), ("a.**", "a.b.c", true),
    ("a.**", "a", true), ("**.bias", "bias", true), ("**.bias", "x.y.bias", true),
    ("**.bias", "x.bias.y", false), ("layers.?.weight", "layers.1.weight", true),
    ("layers.?.weight", "layers.10.weight", false), ("{a,b}.w*", "b.weight", true),
    ("{a,b}.w*", "c.weight", false), ("a.**.d", "a.d", true), ("a.**.d", "a.b.c.d", true),
    ("", "", true), ("*", "", true), ("a", "", false),
  ])
  func globMatches(_ pattern: String, _ path: String, _ expected: Bool) {
    #expect(Glob(pattern).matches(path) == expected, "\(pattern) against \(path)")
  }

  @Test func initialValuesDependOnSeedAndPathAlone() throws {
    let a = Classifier(inputs: 4, classes: 3)
    let b = Classifier(inputs: 4, classes: 3)
    a.initialize(seed: 7)
    b.initialize(seed: 7)
    #expect(try a.hidden.weight.value.array() == b.hidden.weight.value.array())
    struct Deeper: Module {
      let before: Linear
      let hidden: Linear
    }
    let deeper = Deeper(before: Linear(9, 9), hidden: Linear(4, 16))
    deeper.initialize(seed: 7)
    #expect(try a.hidden.weight.value.array() == deeper.hidden.weight.value.array())
    b.initialize(seed: 8)
    #expect(try a.hidden.weight.value.array() != b.hidden.weight.value.array())
    let (x, y) = (Linear(4, 16), Linear(4, 16))
    #expect(try x.weight.value.array() != y.weight.value.array(), "no path, two draws")
  }

  @Test func valueIsTheSameTensorUntilReplaced() {
    let layer = Linear(2, 2)
    #expect(layer.weight.value.node === layer.weight.value.node)
  }

  @Test func frozenParametersStayAndGetNoGradient() throws {
    let model = Classifier(inputs: 3, classes: 2)
    model.initialize(seed: 1)
    model.freeze("hidden.**")
    let before = try model.hidden.weight.value.array()
    let optimizer = SGD(model, learningRate: 0.5)
    let x = Tensor.normal([8, 3], key: RandomKey(seed: 3))
    let (_, gradients) = try valueAndGradient(of: model) {
      crossEntropy(model(x), Tensor.range(8) % 2)
    }
    #expect(gradients.parameters.count == 2)
    #expect(gradients[model.hidden.weight] == nil)
    try optimizer.update(model, gradients)
    #expect(try model.hidden.weight.value.array() == before)
    model.unfreeze()
    #expect(model.parameters().allSatisfy { !$0.isFrozen })
  }

  @Test func tiedWeightsGetTheSumOfTheirGradients() throws {
    struct Tied: Module {
      let a = Linear(2, 2, bias: false)
      let b: Linear
      init() { b = Linear(weight: a.weight) }
    }
    let model = Tied()
    let x = Tensor([1, 2], shape: [1, 2])
    let (_, gradients) = try valueAndGradient(of: model) { model.a(x).sum() + model.b(x).sum() }
    #expect(gradients.parameters.count == 1)
    #expect(try gradients.tensors[0].array() == [2, 4, 2, 4])
  }

  @Test func cloneHasTheSameValuesAndALifeOfItsOwn() throws {
    let model = Everything()
    model.initialize(seed: 5)
    model.freeze("list.**")
    try model.prepare()
    let copy = model.clone()
    let (old, new) = (model.table, copy.table)
    #expect(old.parameters.map(\.path) == new.parameters.map(\.path))
    #expect(new.parameters[0].aliases == ["tied.weight"])
    for (a, b) in zip(old.parameters, new.parameters) {
      #expect(a.parameter !== b.parameter, "\(a.path)")
      #expect(a.parameter.isFrozen == b.parameter.isFrozen)
      #expect(try a.parameter.value.array() == b.parameter.value.array(), "\(a.path)")
    }
    for (a, b) in zip(old.buffers, new.buffers) { #expect(a.buffer !== b.buffer, "\(a.path)") }
    let before = try model.first.weight.value.array()
    copy.first.weight.replace(.zeros([2, 2]))
    #expect(try model.first.weight.value.array() == before)
    #expect(try copy.tied.weight.value.array() == [0, 0, 0, 0])
    // Many rounds, so that a wrong count of references shows.
    for _ in 0..<200 { _ = copy.clone().clone() }
    #expect(try model.list[1].weight.value.array().count == 12)
  }

  @Test func summaryCountsParametersOnce() {
    let model = MLP([784, 128, 10])
    model.freeze("output.*")
    #expect(
      model.summary.description == """
        path             layer           shapes                         parameters
        hidden.0.linear  Linear 784→128  weight [128, 784], bias [128]     100,480
        output           Linear 128→10   weight [10, 128], bias [10]         1,290
        101,770 parameters (1,290 frozen), 407,080 bytes
        """)
  }

  @Test func summaryAllocatesNothing() {
    let model = MLP([100_000, 100_000, 10])
    #expect(model.summary.parameters == 10_001_100_010)
    #expect(model.parameters().allSatisfy { !$0.hasValue })
  }
}
