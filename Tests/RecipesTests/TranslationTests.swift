// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropNN
import BackpropRecipes
import BackpropRuntime
import BackpropTraining
import Foundation
import TestSupport
import Testing

@Suite("Recipes that translate") struct TranslationTests {
  private static let yaml = """
    name: small
    task: translation
    data:
      source: pairs
      train: [t.de, t.en]
      validation_fraction: 0.1
      test_fraction: 0.1
      context: 9
    model:
      layers: 1
      heads: 2
      width: 64
    training:
      epochs: 30
      batch: 16
      group_by_length: false
      learning_rate: 0.003
      schedule: cosine
      warmup_epochs: 1
      label_smoothing: 0.1
    """

  /// Sentences of one to three words, each of which has one translation.
  static let words = [
    ("ein", "a"), ("hund", "dog"), ("mann", "man"), ("rot", "red"), ("läuft", "runs"),
    ("und", "and"), ("schnee", "snow"), ("kind", "child"),
  ]

  private static func folder(pairs: Int = 1500) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    var random = Random(seed: 5)
    var lines = ("", "")
    for _ in 0..<pairs {
      let sentence = (0...random.below(3)).map { _ in words[random.below(words.count)] }
      lines.0 += sentence.map(\.0).joined(separator: " ") + ".\n"
      lines.1 += sentence.map(\.1).joined(separator: " ") + ".\n"
    }
    try lines.0.write(toFile: folder("t.de"), atomically: false, encoding: .utf8)
    try lines.1.write(toFile: folder("t.en"), atomically: false, encoding: .utf8)
    return folder
  }

  @Test func aModelLearnsWordsAndIsKept() throws {
    let folder = try TranslationTests.folder()
    let recipe = try recipe(TranslationTests.yaml)
    let data = try RecipeData(recipe, location: folder.path)
    let session = try Session(recipe, data: data)
    #expect(try session.train())
    let run = RunFolder(folder("run"))
    try run.make()
    try RunSaver(run).save(session.trainer)
    try RunRecord(recipe: recipe, data: data).write(run)

    let fresh = Predictor(session)
    let loaded = try Predictor(try RunRecord(run), in: run)
    let test = try #require(data.parts.test)
    let metrics = try loaded.evaluate(test).metrics
    #expect(try metrics == fresh.evaluate(test).metrics)
    let loss = try #require(metrics["loss"])
    // Without smoothing, or it could not be below 0.4.
    #expect(loss < 0.2, "\(metrics)")
    #expect(abs((metrics["perplexity"] ?? 0) - exp(loss)) < 1e-9 * exp(loss))
    #expect(try #require(metrics["bleu"]) > 90, "\(metrics)")
    #expect(try #require(try loaded.evaluate(test, beams: 3).metrics["bleu"]) > 90)

    let translator = try Translator(loaded)
    let texts = ["Ein roter Hund.", "", "Schnee und Kind.", "mann rot"]
    for beams in [1, 4] {
      let found = try translator.translate(texts, beams: beams)
      #expect(found.map(\.source) == texts)
      #expect(found[1].text == "" && found[2].text == "snow and child.", "\(found)")
      #expect(found[0].text.hasPrefix("a ") && found[0].unknownWords == ["roter"], "\(found)")
      #expect(try found == translator.translate(texts, beams: beams))
    }
    #expect(
      failure { _ = try translator.translate(["ein", "ein ein ein ein ein ein ein ein ein"]) }
        == "line 2: the text has 9 words and marks, and the model reads at most 8; divide it into "
        + "sentences.")
    #expect(failure { _ = try TextGeneration(loaded) }.contains("use 'backprop predict'"))
    #expect(failure { _ = try loaded.predict(test) }.contains("a model that translates"))
    // Pairs in another place are read in the words of the run.
    try "und wer\n".write(toFile: folder("t.de"), atomically: false, encoding: .utf8)
    try "and who\n".write(toFile: folder("t.en"), atomically: false, encoding: .utf8)
    let other = try RunRecord(run).examplesOfPairs(in: folder.path)
    #expect(try loaded.evaluate(other).count == 1)
  }

  @Test func aRunThatWasInterruptedEndsWithTheSameWeights() throws {
    let folder = try TranslationTests.folder(pairs: 90)
    let yaml = TranslationTests.yaml.replacing("  group_by_length: false\n", with: "")
    let recipe = try recipe(
      yaml, ["training.epochs=3", "training.batch=8", "model.dropout=0.1"])
    let data = try RecipeData(recipe, location: folder.path)
    #expect(recipe.training.groupsByLength)
    func run(_ name: String, stoppingAt stop: Int?) throws -> Data {
      let run = RunFolder(folder(name))
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
    #expect(try run("parts", stoppingAt: 14) == whole)
  }

  /// What fills up a batch changes no result: loss and gradients are those of the longest length.
  @Test(arguments: ["text-classifier", "bag-of-words", "gpt", "rnn", "transformer"])
  func trimmedBatchesGiveTheSameLoss(kind: String) throws {
    let folder = try TranslationTests.folder(pairs: 60)
    let source =
      switch kind {
      case "transformer": "pairs\n  train: [t.de, t.en]"
      case "gpt", "rnn": "lines\n  train: t.de"
      default: "labeled-text\n  train: t.csv\n  target: kind"
      }
    let rows = try TextFile.read(folder("t.de")).split(separator: "\n").enumerated().map {
      "\($0.offset % 2),\($0.element)"
    }
    try ("kind,text\n" + rows.joined(separator: "\n")).write(
      toFile: folder("t.csv"), atomically: false, encoding: .utf8)
    let task =
      switch kind {
      case "transformer": "translation"
      case "gpt", "rnn": "generation"
      default: "classification"
      }
    let recipe = try recipe(
      """
      task: \(task)
      data:
        source: \(source)
        context: 40
        test_fraction: 0.2
      model:
        kind: \(kind)
        width: 16
      training:
        batch: 8
      """)
    let session = try Session(recipe, data: try RecipeData(recipe, location: folder.path))
    let parts = session.data.parts
    let short = (0..<parts.train.count).filter { parts.train.features.length(of: $0) <= 12 }
    let batches = [true, false].map {
      BatchSource(parts.train, trims: $0).batch(short.prefix(8)[...])
    }
    #expect(batches[0].features.shape[1] <= 16 && batches[1].features.shape[1] == 40)
    let losses = try batches.map { try session.trainer.goal.loss(for: $0).mean.scalar() }
    #expect(abs(losses[0] - losses[1]) < 1e-5 * abs(losses[1]), "\(losses)")
    #expect(losses[0].isFinite && losses[0] > 0)
  }

  @Test func wrongSettingsAreSaidInWords() {
    func message(_ changes: (String, String)...) -> String {
      var yaml = TranslationTests.yaml
      for (old, new) in changes { yaml = yaml.replacing(old, with: new) }
      return failure { _ = try recipe(yaml) }
    }
    #expect(
      message(("[t.de, t.en]", "t.de"))
        == "r.yaml, line 5, column 10: data.train names 1 files, and pairs are in two; name the file "
        + "that is read and the one that is written.")
    #expect(message(("  train: [t.de, t.en]\n", "")).contains("name two text files"))
    #expect(message(("translation", "generation")).contains("does not fit the task generation"))
    #expect(
      message(("source: pairs", "source: lines"), ("[t.de, t.en]", "t.de")).contains(
        "lines does not fit the task translation; write task: generation"))
    #expect(
      message(("source: pairs", "source: labeled-text"), ("[t.de, t.en]", "t.de\n  target: a"))
        .contains("labeled-text does not fit the task translation; choose pairs"))
    #expect(message(("context: 9", "context: 1")).contains("data.context"))
    #expect(message(("context: 9", "classes: [a]")).contains("have no classes"))
    #expect(message(("context: 9", "text: [a]")).contains("is for texts with labels"))
    #expect(message(("layers: 1", "kind: gpt")).contains("gpt reads plain texts"))
    #expect(message(("layers: 1", "kind: mlp")).contains("or transformer"))
    #expect(message(("width: 64", "hidden: [3]")).contains("means nothing to transformer"))
    #expect(message(("width: 64", "width: 65")).contains("choose a divisor of 65"))
    #expect(
      failure { _ = try tableRecipe(training: ["group_by_length: true"]) }.contains(
        "training.group_by_length is for texts of different lengths, and the source is csv"))
  }
}
