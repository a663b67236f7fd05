// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropNN
import BackpropRecipes
import BackpropTraining
import Foundation
import Testing

@Suite("Recipes for texts")
struct TextRecipeTests {
  private static let text = String(
    repeating: "the cat sat on the mat and the dog ran to the red barn.\n", count: 40)
  private static let generation = """
    name: small
    task: generation
    data:
      source: text
      train: t.txt
      context: 16
    model:
      layers: 1
      heads: 2
      width: 16
      dropout: 0.1
    training:
      epochs: 3
      batch: 8
      learning_rate: 0.01
    """

  /// A folder that is gone when the test is over.
  private final class Folder {
    let path = NSTemporaryDirectory() + "backprop-test-" + UUID().uuidString
    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    func write(_ name: String, _ text: String) throws {
      try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func recipe(_ yaml: String) throws -> Recipe {
    try Recipe(yaml: Array(yaml.utf8), file: "r.yaml")
  }

  private func message(_ yaml: String) -> String {
    do { return "\(try recipe(yaml).name)" } catch { return "\(error)" }
  }

  @Test func builtInRecipesAreReadBackFromTheirJSON() throws {
    for known in RecipeLibrary.all {
      let recipe = try known.recipe()
      #expect(try Recipe(json: recipe.json, file: "run.json") == recipe, "\(known.name)")
    }
  }

  @Test func aLanguageModelIsTrainedKeptAndWrites() throws {
    let folder = try Folder()
    try folder.write("t.txt", TextRecipeTests.text)
    let recipe = try recipe(TextRecipeTests.generation)
    let data = try RecipeData(recipe, location: folder.path)
    let session = try Session(recipe, data: data)
    #expect(try session.train())
    let run = RunFolder(folder.path + "/run")
    try run.make()
    try RunSaver(run).save(session.trainer)
    try RunRecord(recipe: recipe, data: data).write(run)

    let fresh = Predictor(session)
    let loaded = try Predictor(try RunRecord(run), in: run)
    #expect(loaded.vocabulary == data.vocabulary)
    let test = try #require(data.parts.test)
    let evaluation = try loaded.evaluate(test)
    #expect(evaluation.metrics == (try fresh.evaluate(test)).metrics)
    let loss = try #require(evaluation.metrics["loss"])
    #expect(loss < 3, "a uniform guess has \(loss)")
    #expect(abs((evaluation.metrics["perplexity"] ?? 0) - exp(loss)) < 1e-9 * exp(loss))
    #expect(
      abs((evaluation.metrics["bits_per_token"] ?? 0) - loss / log(2)) < 1e-9)

    var text = ""
    try TextGeneration(loaded).generate(prompt: "the ", count: 40, seed: 7) { text += $0 }
    var again = ""
    try TextGeneration(fresh).generate(prompt: "the ", count: 40, seed: 7) { again += $0 }
    #expect(text == again && text.count == 40)
    let error = #expect(throws: DataError.self) {
      try TextGeneration(loaded).generate(prompt: "X", count: 1) { _ in }
    }
    #expect(error?.what.contains("the character 'X' (U+0058) is not among the") == true)
    #expect(throws: DataError.self) { try loaded.predict(test) }
    // What the file holds is not the question.
    try folder.write("new.txt", "UNKNOWN")
    let refusal = #expect(throws: DataError.self) {
      try PredictionInput(folder.path + "/new.txt", for: loaded)
    }
    #expect(refusal?.remedy == "use 'backprop generate'")
  }

  @Test(arguments: ["text", "lines"])
  func otherTextsAreReadInTheCharactersOfTheRun(_ source: String) throws {
    let folder = try Folder()
    let text =
      source == "text" ? TextRecipeTests.text : (100..<160).map { "\($0)" }.joined(separator: "\n")
    try folder.write("t.txt", text)
    let recipe = try recipe(
      TextRecipeTests.generation.replacing("source: text", with: "source: \(source)"))
    let data = try RecipeData(recipe, location: folder.path)
    let record = RunRecord(recipe: recipe, data: data)
    let vocabulary = try #require(data.vocabulary)
    // The last characters that the run knows, in shorter lines: by itself their numbers are others.
    let few = vocabulary.tokens.filter { $0 != "\n" }.suffix(2).joined()
    let other = try Folder()
    let lines = [few, String(few.reversed()), String(few.prefix(1)), String(few.suffix(1))]
    let whole = lines.joined(separator: "\n") + "\n"
    try other.write("t.txt", source == "text" ? String(repeating: whole, count: 100) : whole)
    let read = try RecipeData(of: record, at: other.path)
    #expect(read.vocabulary == vocabulary && read.shape.example == data.shape.example)
    guard case .int(let numbers) = read.parts.train.features.storage else {
      Issue.record("texts are numbers")
      return
    }
    let known = (few + "\n").map { vocabulary.number(of: String($0)) }
    #expect(Set(numbers) == Set(known.compactMap(\.self)))
    try other.write("t.txt", "~\n" + whole)
    let error = #expect(throws: DataError.self) { try RecipeData(of: record, at: other.path) }
    #expect(error?.what.contains("'~' (U+007E) is not among the") == true)
  }

  /// A place that sees only itself can't know the text.
  @Test(arguments: [
    ("positions: learned", true, true), ("positions: rotary", false, true),
    ("style: llama", false, true), ("style: llama\n  positions: learned", true, true),
    ("positions: rotary\n  attention_window: 1", false, false),
    ("style: bert\n  positions: rotary\n  attention_window: 12", false, true),
  ])
  func positionsAndWindowsAreAsTheRecipeSays(keys: String, hasVectors: Bool, sees: Bool) throws {
    let folder = try Folder()
    try folder.write("t.txt", TextRecipeTests.text)
    let recipe = try recipe(
      TextRecipeTests.generation.replacing("width: 16", with: "width: 16\n  \(keys)")
        .replacing("epochs: 3", with: "epochs: 20").replacing("dropout: 0.1", with: "dropout: 0"))
    let session = try Session(recipe, data: RecipeData(recipe, location: folder.path))
    let names = session.network.named().parameters.map(\.path)
    #expect(names.contains { $0.contains("positions") } == hasVectors, "\(keys): \(names)")
    #expect(try session.train())
    let loss = try #require(session.trainer.progress.history.last?.train["loss"])
    // After one letter the next one is worth 0.99 nats in this text, after two letters 0.27.
    #expect(sees ? loss < 0.8 : loss > 0.95, "\(keys): \(loss)")
  }

  private static let recurrent = generation.replacing(
    "  layers: 1\n  heads: 2\n  width: 16",
    with: "  kind: rnn\n  layers: 2\n  width: 8\n  units: 16")

  @Test func aRecurrentModelLearnsLinesAndWritesThem() throws {
    let folder = try Folder()
    let lines = (0..<60).map { String(repeating: "ab", count: 1 + $0 % 6) + "\($0)" }
    try folder.write("t.txt", lines.joined(separator: "\n"))
    for cell in ["lstm", "gru", "tanh", "relu"] {
      let recipe = try recipe(
        TextRecipeTests.recurrent.replacing("source: text", with: "source: lines")
          .replacing("units: 16", with: "units: 16\n  cell: \(cell)"))
      let data = try RecipeData(recipe, location: folder.path)
      let session = try Session(recipe, data: data)
      #expect(try session.train())
      let run = RunFolder("\(folder.path)/\(cell)")
      try run.make()
      try RunSaver(run).save(session.trainer)
      try RunRecord(recipe: recipe, data: data).write(run)
      let loaded = try Predictor(try RunRecord(run), in: run)
      let text = try TextGeneration(loaded).sample(seed: 3)
      #expect(try text == TextGeneration(Predictor(session)).sample(seed: 3))
      #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == 10)
      let test = try #require(data.parts.test)
      let loss = try #require(try loaded.evaluate(test).metrics["loss"])
      #expect(loss < 2.4, "\(cell): a uniform guess of 13 has 2.56, and this \(loss)")
    }
  }

  @Test(arguments: [generation, recurrent])
  func aRunThatWasInterruptedEndsWithTheSameWeights(yaml: String) throws {
    let folder = try Folder()
    try folder.write("t.txt", TextRecipeTests.text)
    let recipe = try recipe(yaml)
    let data = try RecipeData(recipe, location: folder.path)
    func run(_ name: String, stoppingAt stop: Int?) throws -> Data {
      let run = RunFolder("\(folder.path)/\(name)")
      try run.make()
      let saver = RunSaver(run)
      if let stop {
        let first = try Session(recipe, data: data)
        first.trainer.save = { try saver.save($0) }
        first.trainer.shouldStop = { first.trainer.progress.position == stop }
        #expect(try !first.train())
      }
      let session = try Session(recipe, data: data)
      if stop != nil { _ = try saver.restore(session.trainer) }
      session.trainer.save = { try saver.save($0) }
      #expect(try session.train())
      return try Data(contentsOf: URL(fileURLWithPath: run.weights))
    }
    let whole = try run("whole", stoppingAt: nil)
    #expect(try run("parts", stoppingAt: 20) == whole)
  }

  @Test func aClassifierReadsLinesAndTables() throws {
    let folder = try Folder()
    let rows = (0..<40).map {
      $0 % 2 == 0 ? "good\tlovely nice film \($0)" : "bad\tdull bad film \($0)"
    }
    try folder.write("t.tsv", "kind\ttext\n" + rows.joined(separator: "\n") + "\n")
    for kind in ["text-classifier", "bag-of-words"] {
      let recipe = try recipe(
        """
        task: classification
        data:
          source: labeled-text
          train: t.tsv
          target: kind
          context: 8
        model:
          kind: \(kind)
          width: 16
        training:
          epochs: 20
          batch: 8
          learning_rate: 0.01
        """)
      let data = try RecipeData(recipe, location: folder.path)
      let session = try Session(recipe, data: data)
      #expect(try session.train())
      let predictor = Predictor(session)
      let test = try #require(data.parts.test)
      #expect(try predictor.evaluate(test).metrics["accuracy"] == 1)
      try folder.write("lines.txt", "a lovely film\n\ndull and bad\nwords that nobody knows\n")
      let input = try PredictionInput(folder.path + "/lines.txt", for: predictor)
      #expect(input.lines == [1, 3, 4])
      let predictions = try predictor.predict(input.examples)
      #expect(
        (0..<2).map { predictions.classNames[predictions.best($0).label] } == ["good", "bad"])
      try folder.write("table.csv", "id,text\n1,\"nice, lovely\"\n2,\n")
      let table = try PredictionInput(folder.path + "/table.csv", for: predictor)
      #expect(table.lines == [2, 3])
      let probabilities = try predictor.predict(table.examples).probabilities
      #expect(!probabilities.contains { !$0.isFinite })
      let error = #expect(throws: DataError.self) { try TextGeneration(predictor) }
      #expect(error?.remedy == "use 'backprop predict'")
    }
  }

  @Test func wrongSettingsAreSaidInWords() {
    let base = TextRecipeTests.generation
    #expect(
      message(base.replacing("task: generation", with: "task: classification"))
        == "r.yaml, line 4, column 11: data.source text does not fit the task classification; "
        + "write task: generation.")
    #expect(
      message(base.replacing("width: 16", with: "width: 15")).contains(
        "15 features cannot be divided among as many; choose a divisor of 15"))
    #expect(
      message(base.replacing("width: 16", with: "hidden: [3]")).contains("means nothing to gpt"))
    #expect(
      message(base.replacing("layers: 1", with: "kind: mlp")).contains(
        "mlp reads no texts; choose gpt, rnn, text-classifier or transformer"))
    #expect(
      message(base.replacing("width: 16", with: "width: 6\n  positions: rotary")).contains(
        "leaves 3 features to a head, and rotary positions turn pairs"))
    #expect(
      message(base.replacing("width: 16", with: "width: 16\n  attention_window: 0")).contains(
        "attention_window"))
    #expect(
      message(base.replacing("width: 16", with: "width: 16\n  positions: rotery")).contains(
        "did you mean 'rotary'?"))
    #expect(message(base.replacing("width: 16", with: "units: 3")).contains("means nothing to gpt"))
    let recurrent = TextRecipeTests.recurrent
    #expect(
      message(recurrent.replacing("units: 16", with: "units: 16\n  tied: true")).contains(
        "width is 8, units 16; write width: 16, or leave tied out"))
    #expect(
      message(recurrent.replacing("units: 16", with: "heads: 2")).contains(
        "means nothing to rnn; leave it out"))
    #expect(
      message(recurrent.replacing("units: 16", with: "cell: ltsm")).contains("did you mean 'lstm'?")
    )
    #expect(message(base.replacing("  train: t.txt\n", with: "")).contains("name a text file"))
    #expect(message(base.replacing("context: 16", with: "context: 0")).contains("context"))
  }
}
