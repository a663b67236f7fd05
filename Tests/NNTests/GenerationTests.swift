// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("Generation")
struct GenerationTests {
  /// softmax: 0.4, 0.3, 0.2, 0.1
  private let logits: [Float] = [-2.3025851, -1.6094379, -1.2039728, -0.9162907]

  private func expect(
    _ sampling: Sampling, earlier: [Int32] = [], _ wanted: [Double],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let shares = sampling.probabilities(logits, earlier: earlier)
    for (share, want) in zip(shares, wanted) {
      #expect(abs(share - want) < 1e-6, "\(shares)", sourceLocation: sourceLocation)
    }
  }

  @Test func samplingKeepsWhatItIsToldTo() {
    expect(Sampling(), [0.1, 0.2, 0.3, 0.4])
    expect(Sampling(temperature: 0), [0, 0, 0, 1])
    // Probabilities to the power of 2.
    expect(Sampling(temperature: 0.5), [1 / 30, 4 / 30, 9 / 30, 16 / 30])
    expect(Sampling(topK: 2), [0, 0, 3 / 7, 4 / 7])
    expect(Sampling(topK: 99), [0.1, 0.2, 0.3, 0.4])
    expect(Sampling(topP: 0.65), [0, 0, 3 / 7, 4 / 7])
    expect(Sampling(topP: 0.75), [0, 2 / 9, 3 / 9, 4 / 9])
    expect(Sampling(minP: 0.6), [0, 0, 3 / 7, 4 / 7])
    // Logits below zero are multiplied: 0.4² = 0.16 for the likeliest.
    expect(
      Sampling(repetitionPenalty: 2), earlier: [3, 3], [0.1, 0.2, 0.3, 0.16].map { $0 / 0.76 })
  }

  @Test func drawsFallInProportion() {
    let sampling = Sampling(topK: 3)
    #expect(sampling.token(logits, at: 0) == 1)
    #expect(sampling.token(logits, at: 2 / 9 + 1e-6) == 2)
    #expect(sampling.token(logits, at: 0.999999) == 3)
    #expect(Sampling(temperature: 0).token(logits, at: 0.5) == 3)
  }

  private func model() -> GPT {
    let model = GPT(vocabulary: 5, context: 6, layers: 1, block: .llama(8, heads: 2))
    model.initialize(seed: 4)
    // Larger weights, so that tokens differ.
    for parameter in model.parameters() { parameter.replace(parameter.value * 20) }
    return model
  }

  @Test func theSameSeedGivesTheSameTokensBeyondTheContext() throws {
    func tokens(_ seed: UInt64, _ sampling: Sampling = Sampling()) throws -> [Int32] {
      var generator = Generator(model(), prompt: [1, 2], sampling: sampling, seed: seed)
      for _ in 0..<20 { _ = try generator.next() }
      return generator.tokens
    }
    let first = try tokens(1)
    #expect(try first == tokens(1))
    #expect(first.count == 22 && first.prefix(2) == [1, 2])
    #expect(try tokens(2) != first || tokens(3) != first)
  }

  @Test func theLikeliestTokensAreThoseOfTheWholeSequence() throws {
    let model = model()
    var generator = Generator(model, prompt: [3], sampling: Sampling(temperature: 0))
    for _ in 0..<5 { _ = try generator.next() }
    for place in 1..<6 {
      let seen = Array(generator.tokens.prefix(place))
      let logits = model(Tensor(seen, shape: [1, place]))
      let best = try logits[0, -1].argMax().array(of: Int32.self)[0]
      #expect(best == generator.tokens[place])
    }
  }

  @Test func aPromptLongerThanTheContextIsReadFromItsEnd() throws {
    let sampling = Sampling(temperature: 0)
    var long = Generator(model(), prompt: [0, 1, 2, 3, 4, 0, 1, 4, 2], sampling: sampling)
    var short = Generator(model(), prompt: [1, 4, 2], sampling: sampling)
    #expect(try long.next() == short.next())
  }

  @Test(arguments: [5, -1] as [Int32])
  func aPromptOutsideTheVocabularyIsAnError(token: Int32) {
    var generator = Generator(model(), prompt: [1, token])
    let error = #expect(throws: RuntimeError.self) { try generator.next() }
    #expect(error?.description.contains("\(token)") == true, "\(String(describing: error))")
    #expect(throws: RuntimeError.self) { try BeamSearch(length: 2)(model(), prompt: [1, token]) }
  }

  /// A model whose products are large enough that their types show.
  private func wider() -> GPT {
    let model = GPT(vocabulary: 65, context: 24, layers: 2, block: .gpt2(32, heads: 4))
    model.initialize(seed: 5)
    for parameter in model.parameters("**.weight") where parameter.shape.rank == 2 {
      parameter.replace(parameter.value * 4)
    }
    return model
  }

  /// The logits behind some tokens, read one after another with a cache, and the bytes that the
  /// last step moves.
  private func logits(
    _ model: GPT, _ tokens: [Int32], _ precision: DType?, keeping casts: CastWeights?
  ) throws -> (values: [Float], bytes: Int) {
    var state = Context.evaluating(precision: precision) {
      model.start(batch: 1, capacity: model.context)
    }
    var all: [Float] = []
    var bytes = 0
    for token in tokens {
      try Context.evaluating(precision: precision, keeping: casts) {
        let made =
          state.position == 0
          ? model.read(Tensor([token]).expanded(at: 0), state: &state)
          : model.next(Tensor([token]), state: &state)
        let logits = made.cast(to: .float32)
        let results = [logits] + state.tensors
        bytes = try Evaluator.plan(results.map(\.node)).bytesMoved
        try evaluate(results)
        all += try logits.array()
      }
    }
    return (all, bytes)
  }

  @Test func logitsOfHalfThePrecisionAreCloseAndTheirWeightsAreCastOnce() throws {
    let model = wider()
    let tokens = (0..<12).map { Int32($0 * 17 % 65) }
    let exact = try logits(model, tokens, nil, keeping: nil)
    let kept = try logits(model, tokens, .bfloat16, keeping: CastWeights())
    // A bfloat16 has eight bits: errors of 1/256 of each number, some of which add up.
    let spread = exact.values.reduce(0) { max($0, abs($1)) }
    let error = zip(exact.values, kept.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(error > 0 && error < spread / 32, "\(error) of \(spread)")
    // That weights are kept changes no bit, only how much memory a step reads.
    let cast = try logits(model, tokens, .bfloat16, keeping: nil)
    #expect(cast.values == kept.values)
    #expect(
      kept.bytes < 2 * exact.bytes / 3 && cast.bytes > exact.bytes,
      "\(kept.bytes), \(cast.bytes), \(exact.bytes) bytes")
  }

  @Test func aWeightThatChangesIsCastAgain() throws {
    let (model, casts) = (wider(), CastWeights())
    let before = try logits(model, [1, 2], .bfloat16, keeping: casts)
    let weight = model.blocks[0].feedForward.up.weight
    weight.replace(weight.value * 2)
    let after = try logits(model, [1, 2], .bfloat16, keeping: casts)
    #expect(try after.values == logits(model, [1, 2], .bfloat16, keeping: nil).values)
    #expect(after.values != before.values)
  }

  @Test func aGeneratorOfHalfThePrecisionMakesTheTokensOfItsLogits() throws {
    let model = wider()
    var generator = Generator(
      model, prompt: [7], sampling: Sampling(temperature: 0), precision: .bfloat16)
    for _ in 0..<10 { _ = try generator.next() }
    let tokens = generator.tokens
    let logits = try logits(model, Array(tokens.dropLast()), .bfloat16, keeping: nil).values
    for place in 1..<tokens.count {
      let row = Array(logits[(place - 1) * 65..<place * 65])
      #expect(Sampling(temperature: 0).token(row, at: 0) == tokens[place])
    }
  }

  @Test func aWideBeamFindsTheLikeliestOfAll() throws {
    let model = model()
    let best = try BeamSearch(width: 125, length: 3)(model, prompt: [2])
    var all: [(tokens: [Int32], sum: Float)] = []
    for code in 0..<125 {
      let tokens = [Int32(code / 25), Int32(code / 5 % 5), Int32(code % 5)]
      let logits = model(Tensor([2] + tokens.dropLast(), shape: [1, 3])).logSoftmax()
      let values = try logits.array()
      all.append((tokens, (0..<3).reduce(0) { $0 + values[$1 * 5 + Int(tokens[$1])] }))
    }
    all.sort { $0.sum > $1.sum }
    #expect(best.first?.tokens == all[0].tokens)
    #expect(abs((best.first?.logProbability ?? 0) - Double(all[0].sum)) < 1e-4)
    // One beam is the greedy search.
    let greedy = try BeamSearch(width: 1, length: 4)(model, prompt: [2])
    var generator = Generator(model, prompt: [2], sampling: Sampling(temperature: 0))
    for _ in 0..<4 { _ = try generator.next() }
    #expect(greedy.map(\.tokens) == [Array(generator.tokens.dropFirst())])
  }

  @Test func aBeamStopsAtTheEnd() throws {
    let model = model()
    let found = try BeamSearch(width: 3, length: 5, end: 0, lengthPenalty: 0)(model, prompt: [2])
    #expect(!found.isEmpty)
    for each in found {
      #expect(!each.tokens.dropLast().contains(0), "\(each.tokens)")
      #expect(each.tokens.count == 5 || each.tokens.last == 0)
      #expect(each.score == each.logProbability)
    }
    #expect(try BeamSearch(length: 3)(model, prompt: [1, 2, 3, 4, 0, 1, 2, 3]).isEmpty)
  }
}
