// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("Whole models")
struct ArchitectureTests {
  @Test(arguments: Fixture.cases("architectures"))
  func agreesWithPyTorch(_ fixture: Fixture) throws {
    let (model, run) = try make(fixture)
    try expectModel(model, fixture, run)
  }

  /// The model of a case and its forward pass.
  private func make(_ fixture: Fixture) throws -> (any Module, () throws -> Tensor) {
    let o = fixture.options
    func number(_ key: String) throws -> Int { try #require(o.integer(key), "\(key)") }
    func options(_ make: (Int, Int) -> TransformerOptions) throws -> TransformerOptions {
      var options = make(try number("width"), try number("heads"))
      options.hidden = try number("hidden")
      options.keyValueHeads = o.integer("shared")
      return options
    }
    switch fixture.name.split(separator: ".")[0] {
    case "recurrent":
      let model = RecurrentLanguageModel(
        try #require(RecurrentKind(rawValue: o.text("kind") ?? "")),
        vocabulary: try number("vocabulary"), width: try number("width"),
        units: try number("units"), layers: try number("layers"), isTied: o.truth("tied"))
      return (model, { model(try fixture("tokens")) })
    case "transformer":
      var block = try options { .original($0, heads: $1) }
      block.normPlace = o.truth("before") ? .before : .after
      let model = Transformer(
        sourceVocabulary: try number("source"), targetVocabulary: try number("target"),
        context: try number("context"), layers: try number("layers"), block: block)
      return (model, { model(try fixture("tokens"), try fixture("before")) })
    case "encoder":
      let model = TextClassifier(
        vocabulary: try number("vocabulary"), context: try number("context"),
        classes: try number("classes"), layers: try number("layers"),
        block: try options { .bert($0, heads: $1) })
      return (model, { model(try fixture("tokens")) })
    case "gpt":
      let model = GPT(
        vocabulary: try number("vocabulary"), context: try number("context"),
        layers: try number("layers"), block: try options { .llama($0, heads: $1) }, isTied: false)
      return (model, { model(try fixture("tokens")) })
    case let kind:
      let images = try fixture("images")
      let model = try network(String(kind), o, Array(images.shape.dimensions.dropFirst()))
      return (model, { model(images) })
    }
  }

  private func network(_ kind: String, _ o: Options, _ image: [Int]) throws -> any Layer {
    func number(_ key: String) throws -> Int { try #require(o.integer(key), "\(key)") }
    let channels = o.integers("channels")
    switch kind {
    case "vit":
      var block = TransformerOptions.vision(try number("width"), heads: try number("heads"))
      block.hidden = try number("hidden")
      return VisionTransformer(
        image: image, patch: try number("patch"), layers: try number("layers"), block: block,
        outputs: try number("classes"), summary: o.truth("pools") ? .mean : .classToken)
    case "mixer":
      return Mixer(
        image: image, patch: try number("patch"), layers: try number("layers"),
        width: try number("width"), placeHidden: try number("places"),
        featureHidden: try number("features"), outputs: try number("classes"))
    case "unet":
      return UNet(
        inputs: image[2], outputs: try number("classes"), channels: channels,
        growth: o.truth("transposed") ? .transposed : .linear)
    default:
      return ResNet(
        inputs: image[2], outputs: try number("classes"), channels: channels,
        blocks: o.integers("blocks"))
    }
  }

  @Test func aTransformerReadsSeveralSequencesSideBySide() throws {
    let model = Transformer(
      sourceVocabulary: 9, targetVocabulary: 7, context: 6, layers: 2,
      block: .original(8, heads: 2))
    model.initialize(seed: 6)
    for parameter in model.parameters() { parameter.replace(parameter.value * 10) }
    let sources: [[Int32]] = [[4, 7, 2, 0, 0], [3, 3, 8, 1, 5], [6, 0, 0, 0, 0]]
    let all = model.reading(Tensor(sources.flatMap { $0 }, shape: [3, 5]))
    let search = GreedySearch(length: 6, end: 3)
    let found = try search(all, prompts: [[2], [2], [2]])
    for (source, tokens) in zip(sources, found) {
      let one = model.reading(Tensor(source, shape: [1, 5]))
      let best = try BeamSearch(width: 1, length: 6, end: 3)(one, prompt: [2])
      #expect(best.map(\.tokens) == [tokens])
    }
    // Two are written for each that is read, side by side.
    let tokens = Tensor([Int32]([2, 4, 2, 5, 2, 6, 2, 1, 2, 3, 2, 2]), shape: [6, 2])
    let whole = all(tokens)
    var state = all.start(batch: 6, capacity: 6)
    let read = all.read(tokens, state: &state)
    try expectClose(read, whole[0..., 1], relative: 1e-4, absolute: 1e-5, "the prompts")
    let second = model.reading(Tensor(sources[1], shape: [1, 5]))(tokens[2..<4])
    try expectClose(whole[2..<4], second, relative: 1e-4, absolute: 1e-5, "the second source")
    #expect(throws: ShapeError.self) { try all(tokens[..<4]).array() }
  }

  @Test func aTransformerWritesPlaceByPlaceWhatItSaysOfTheWhole() throws {
    let model = Transformer(
      sourceVocabulary: 9, targetVocabulary: 7, context: 6, layers: 2,
      block: .original(8, heads: 2))
    model.initialize(seed: 5)
    for parameter in model.parameters() { parameter.replace(parameter.value * 10) }
    let source = Tensor([Int32]([4, 7, 2, 0, 0]), shape: [1, 5])
    let reading = model.reading(source)
    let tokens: [[Int32]] = [[1, 4, 2, 6, 3], [1, 3, 3, 5, 2]]
    let whole = reading(Tensor(tokens.flatMap { $0 }, shape: [2, 5]))
    var state = reading.start(batch: 2, capacity: 6)
    let first = reading.read(Tensor(tokens.flatMap { $0[..<2] }, shape: [2, 2]), state: &state)
    try expectClose(first, whole[0..., 1], relative: 1e-4, absolute: 1e-5, "the prompt")
    for place in 2..<5 {
      let logits = reading.next(Tensor(tokens.map { $0[place] }), state: &state)
      try evaluate([logits] + state.tensors)
      try expectClose(logits, whole[0..., place], relative: 1e-4, absolute: 1e-5, "place \(place)")
    }
    // Padding behind the source changes nothing.
    let short = model.reading(Tensor([Int32]([4, 7, 2]), shape: [1, 3]))
    try expectClose(
      short(Tensor(tokens[0], shape: [1, 5])), whole[0..<1], relative: 1e-4, absolute: 1e-5,
      "without padding")
    // One beam is the greedy way.
    let beam = try BeamSearch(width: 1, length: 4)(reading, prompt: [1])
    var greedy = Generator(reading, prompt: [1], sampling: Sampling(temperature: 0))
    for _ in 0..<4 { _ = try greedy.next() }
    #expect(beam.map(\.tokens) == [Array(greedy.tokens.dropFirst())])
    let wide = try BeamSearch(width: 5, length: 4)(reading, prompt: [1])
    #expect(wide[0].logProbability >= beam[0].logProbability - 1e-6)
  }

  @Test(arguments: RecurrentKind.allCases)
  func recurrentModelsRememberWhatTheyRead(kind: RecurrentKind) throws {
    let model = RecurrentLanguageModel(kind, vocabulary: 5, width: 3, units: 4, layers: 2)
    model.initialize(seed: 6)
    let tokens: [[Int32]] = [[1, 4, 2, 0, 3, 1], [2, 2, 0, 4, 1, 3]]
    let whole = model(Tensor(tokens.flatMap { $0 }, shape: [2, 6]))
    var state = model.start(batch: 2, capacity: 0)
    let first = model.read(Tensor(tokens.flatMap { $0[..<3] }, shape: [2, 3]), state: &state)
    try expectClose(first, whole[0..., 2], absolute: 3e-6, "the prompt")
    for place in 3..<5 {
      let logits = model.next(Tensor(tokens.map { $0[place] }), state: &state)
      try evaluate([logits] + state.tensors)
      try expectClose(logits, whole[0..., place], absolute: 3e-6, "place \(place)")
    }
    #expect(!state.isFull && state.position == 5)
    // The sequences of the batch change places.
    var swapped = state.reordered([1, 0])
    let last = model.next(Tensor([tokens[1][5], tokens[0][5]]), state: &swapped)
    try expectClose(last, whole[0..., 5].gathered(Tensor([Int32(1), 0])), absolute: 3e-6, "last")
  }

  @Test func aRecurrentModelGoesOnWithoutEnd() throws {
    let model = RecurrentLanguageModel(.gru, vocabulary: 5, width: 3, units: 4)
    model.initialize(seed: 7)
    for parameter in model.parameters() { parameter.replace(parameter.value * 3) }
    var generator = Generator(model, prompt: [1, 2, 3], seed: 1)
    for _ in 0..<50 { _ = try generator.next() }
    #expect(generator.tokens.count == 53)
    // The likeliest token after all 52 before it is what the whole sequence says.
    let best = try BeamSearch(width: 1, length: 3)(model, prompt: generator.tokens)
    var tokens = generator.tokens
    for _ in 0..<3 {
      let logits = model(Tensor(tokens, shape: [1, tokens.count]))
      tokens.append(try logits[0, -1].argMax().array(of: Int32.self)[0])
    }
    #expect(best.map(\.tokens) == [Array(tokens.suffix(3))])
  }

  @Test func wrongInputsAreSaidInWords() {
    func text(_ tensor: Tensor) -> String { tensor.failure.map { "\($0)" } ?? "nothing" }
    let vision = VisionTransformer(
      image: [8, 8, 3], patch: 4, layers: 1, block: .vision(8, heads: 2), outputs: 2)
    #expect(text(vision(.zeros([2, 8, 12, 3]))).contains("the images must be [8, 8, 3], each"))
    let net = UNet(inputs: 1, outputs: 1, channels: [2, 2, 2, 2])
    #expect(text(net(.zeros([1, 7, 16, 1]))).contains("at least 8x8 pixels"))
    #expect(text(net(.zeros([1, 8, 8, 3]))).contains("[N, H, W, 1]"))
    let model = Transformer(
      sourceVocabulary: 3, targetVocabulary: 3, context: 4, layers: 1,
      block: .original(4, heads: 1))
    let tokens = Tensor.zeros([1, 5], dtype: .int32)
    #expect(text(model(tokens, tokens)).contains("1 to 4 places"))
    let recurrent = RecurrentLanguageModel(.lstm, vocabulary: 3, width: 2, units: 2)
    #expect(text(recurrent(.zeros([1, 0], dtype: .int32))).contains("T at least 1"))
    #expect(text(recurrent(.zeros([4]))).contains("integers [B, T]"))
  }
}
