// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("Attention and transformers")
struct AttentionTests {
  @Test(arguments: Fixture.cases("attention", "attention."))
  func attentionAgreesWithPyTorch(_ fixture: Fixture) throws {
    let o = fixture.options
    let roles = ["query", "key", "value"] + (fixture.has("bias") ? ["bias"] : [])
    let leaves = try roles.map { try fixture($0) }
    var mask = fixture.has("allowed") ? try AttentionMask.keys(fixture("allowed")) : .none
    mask.isCausal = o.truth("causal")
    mask.window = o.integer("window")
    let y = attention(
      leaves[0], leaves[1], leaves[2], mask: mask, bias: leaves.count > 3 ? leaves[3] : nil,
      scale: o.number("scale").map { Float($0) })
    try expectAgreement(fixture, y, leaves, roles)
  }

  @Test(arguments: Fixture.cases("attention", "rotary."))
  func rotaryPositionsAgreeWithPyTorch(_ fixture: Fixture) throws {
    let rotary = Rotary(
      base: fixture.options.float("base", or: 0),
      pairs: fixture.name.hasSuffix("halves") ? .halves : .neighbors)
    let x = try fixture("input")
    let y = rotary(x, positions: try fixture("positions"))
    try expectAgreement(fixture, y, [x], ["input"])
  }

  @Test(arguments: Fixture.cases("attention", "layer.attention."))
  func multiHeadAttentionAgreesWithPyTorch(_ fixture: Fixture) throws {
    let layer = MultiHeadAttention(6, heads: 2)
    try layer.take(fixture)
    let roles = ["input"] + (fixture.has("memory") ? ["memory"] : [])
    let inputs = try roles.map { try fixture($0) }
    let y = layer(
      inputs[0], memory: inputs.count > 1 ? inputs[1] : nil,
      allowed: fixture.has("allowed") ? try fixture("allowed") : nil)
    let parameters = layer.table.parameters
    try expectAgreement(
      fixture, y, parameters.map(\.parameter.value) + inputs, parameters.map(\.path) + roles)
  }

  /// In training the weights are those that ``Dropout`` makes of softmax's.
  @Test func droppedWeightsAreThoseOfDropout() throws {
    let layer = MultiHeadAttention(12, heads: 3, keyValueHeads: 1, dropout: 0.4, isCausal: true)
    layer.initialize(seed: 4)
    let x = Tensor.normal([2, 9, 12], key: RandomKey(seed: 1))
    let cotangent = Tensor.normal([2, 9, 12], key: RandomKey(seed: 2))
    let leaves = layer.table.parameters.map(\.parameter.value) + [x]
    func slopes(_ y: Tensor) -> [Tensor] { gradient(of: (y * cotangent).sum(), at: leaves) }
    let y = Context.training(seed: 3, step: 5) { layer(x) }
    let factors = Context.training(seed: 3, step: 5) {
      layer.dropout(Tensor.ones([2, 3, 9, 9]))
    }
    let parts = layer.input(x).splitIntoHeads([3, 1, 1], width: 4)
    let scores = matmul(parts[0], parts[1].transposed()) * 0.5
    let seen = Tensor.iota([9, 9], along: 1) .<= Tensor.iota([9, 9], along: 0)
    let weights = select(seen, scores, Tensor.full([9, 9], -1e30)).softmax() * factors
    let expected = layer.output(matmul(weights, parts[2]).joinedHeads())
    for (a, b) in zip([y] + slopes(y), [expected] + slopes(expected)) {
      try expectClose(a, b, relative: 1e-5, absolute: 2e-6, "dropped weights")
    }
    try expectClose(layer(x), Context.evaluating { layer(x) }, "without training")
    let dropped = try factors.array().count { $0 == 0 }
    #expect((130...260).contains(dropped), "\(dropped) of 486")
  }

  @Test(arguments: Fixture.cases("attention", "block."))
  func blocksAgreeWithPyTorch(_ fixture: Fixture) throws {
    let x = try fixture("input")
    let heads = try #require(fixture.options.integer("heads"))
    var options: TransformerOptions =
      switch fixture.name {
      case "block.gpt2": .gpt2(x.shape[2], heads: heads)
      case "block.bert": .bert(x.shape[2], heads: heads)
      default:
        .llama(
          x.shape[2], heads: heads, keyValueHeads: fixture.options.integer("shared"))
      }
    options.hidden = try #require(fixture.options.integer("hidden"))
    let block = TransformerBlock(options)
    try block.take(fixture)
    let y = block(x, allowed: fixture.has("allowed") ? try fixture("allowed") : nil)
    let parameters = block.table.parameters
    try expectAgreement(
      fixture, y, parameters.map(\.parameter.value) + [x], parameters.map(\.path) + ["input"])
  }

  @Test func gptLearnsAsInPyTorch() throws {
    let fixture = try Fixture.named("gpt.small", in: "attention")
    let model = GPT(vocabulary: 7, context: 6, layers: 2, block: .gpt2(8, heads: 2))
    try model.take(fixture)
    let (x, y) = (try fixture("x"), try fixture("y"))
    let optimizer = AdamW(model, learningRate: 0.01, weightDecay: 0.01)
    var losses: [Float] = []
    for step in 0..<10 {
      let (loss, gradients) = try valueAndGradient(of: model) { crossEntropy(model(x), y) }
      if step == 0 {
        try expectClose(model(x), fixture("logits"), absolute: 3e-6, "logits")
        for (parameter, gradient) in zip(gradients.parameters, gradients.tensors) {
          try expectClose(
            gradient, fixture("gradient.\(parameter.path)"), relative: 1e-4, absolute: 3e-6,
            "the gradient of \(parameter.path)")
        }
      }
      losses.append(try loss.mean.scalar())
      try optimizer.update(model, gradients)
    }
    try expectClose(Tensor(losses), fixture("losses"), relative: 1e-4, "losses")
  }

  @Test(arguments: [false, true])
  func readingPlaceByPlaceGivesTheLogitsOfTheWhole(isRotary: Bool) throws {
    var block: TransformerOptions =
      isRotary ? .llama(16, heads: 4, keyValueHeads: 2) : .gpt2(16, heads: 4)
    block.window = isRotary ? 3 : nil
    let model = GPT(vocabulary: 11, context: 7, layers: 2, block: block, isTied: isRotary)
    model.initialize(seed: 3)
    let tokens: [[Int32]] = [[1, 5, 10, 0, 3, 3, 8], [2, 2, 9, 4, 7, 0, 1]]
    let whole = model(Tensor(tokens.flatMap { $0 }, shape: [2, 7]))
    var state = model.start(batch: 2, capacity: 7)
    for place in 0..<7 {
      let logits = model.next(Tensor(tokens.map { $0[place] }), state: &state)
      try evaluate([logits] + state.tensors)
      try expectClose(logits, whole[0..., place], relative: 1e-4, absolute: 1e-5, "place \(place)")
    }
    #expect(state.isFull)
  }

  @Test func aQueryWithoutKeysGetsZerosAndNoGradient() throws {
    let x = Tensor.normal([1, 1, 2, 4], key: RandomKey(seed: 1))
    let nothing = Tensor([Int32](repeating: 0, count: 2), shape: [1, 2])
    let y = attention(x, x, x, mask: .keys(nothing))
    let slope = gradient(of: y.sum(), at: [x])[0]
    #expect(try y.array() == [Float](repeating: 0, count: 8))
    #expect(try slope.array() == [Float](repeating: 0, count: 8))
  }

  @Test func theLargestElementsComeFirst() throws {
    let x = Tensor([[3, 1, 4, 1], [5, 9, 2, 6]])
    let (values, indices) = x.topK(2)
    #expect(try values.array() == [4, 3, 9, 6])
    #expect(try indices.array(of: Int32.self) == [2, 0, 1, 3])
    #expect(try x.topK(1, along: 0).values.array() == [5, 9, 4, 6])
    #expect(x.topK(5).values.failure != nil)
  }

  @Test func wrongShapesAreSaidInWords() {
    let x = Tensor.zeros([2, 3, 4])
    let text = "\(attention(x, x, x).failure.map { "\($0)" } ?? "")"
    #expect(text.contains("query, key and value must be [B, H, T, D]"), "\(text)")
    let layer = MultiHeadAttention(6, heads: 2)
    let misfit = "\(layer(x).failure.map { "\($0)" } ?? "")"
    #expect(misfit.contains("[B, T, 6]"), "\(misfit)")
    let model = GPT(vocabulary: 5, context: 2, layers: 1, block: .gpt2(4, heads: 1))
    let long = "\(model(Tensor.zeros([1, 3], dtype: .int32)).failure.map { "\($0)" } ?? "")"
    #expect(long.contains("T at most 2"), "\(long)")
  }

  @Test func classifiersDoNotSeePadding() throws {
    var block = TransformerOptions.bert(8, heads: 2)
    block.normPlace = .before
    let encoder = TextClassifier(vocabulary: 9, context: 6, classes: 3, layers: 2, block: block)
    let bag = BagOfWords(vocabulary: 9, width: 8, hidden: [8], classes: 3)
    let short = Tensor([Int32]([4, 2, 7]), shape: [1, 3])
    let long = Tensor([Int32]([4, 2, 7, 0, 0, 0]), shape: [1, 6])
    try expectClose(encoder(long), encoder(short), absolute: 1e-5, "encoder")
    try expectClose(bag(long), bag(short), "bag")
    // A text without words is no NaN.
    let blank = encoder(Tensor.zeros([1, 6], dtype: .int32))
    let empty = try blank.array()
    #expect(!empty.contains { !$0.isFinite }, "\(empty)")
  }

  private func expectAgreement(
    _ fixture: Fixture, _ y: Tensor, _ leaves: [Tensor], _ roles: [String]
  ) throws {
    let gradients = gradient(of: (y * (try fixture("cotangent"))).sum(), at: leaves)
    try expectClose(y, fixture("expected"), absolute: 3e-6, "\(fixture.name)")
    for (gradient, role) in zip(gradients, roles) {
      try expectClose(
        gradient, fixture("gradient.\(role)"), relative: 2e-5, absolute: 4e-6,
        "\(fixture.name), gradient at \(role)")
    }
  }
}

extension Module {
  /// Takes the parameters of a fixture by their paths.
  fileprivate func take(_ fixture: Fixture) throws {
    for entry in table.parameters { entry.parameter.replace(try fixture(entry.path)) }
  }
}
