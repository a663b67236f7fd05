// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite("Translating") struct TranslationTests {
  private let folder = TemporaryFolder()

  /// A small set of pairs and its recipe.
  private func prepare() throws {
    var random = Random(seed: 9)
    var lines = ("", "")
    for _ in 0..<120 {
      let numbers = (0...random.below(5)).map { _ in random.below(7) }
      lines.0 += numbers.map { "wort\($0)" }.joined(separator: " ") + "!\n"
      lines.1 += numbers.map { "word\($0)" }.joined(separator: " ") + "!\n"
    }
    try write(lines.0, to: folder("t.de"))
    try write(lines.1, to: folder("t.en"))
    try write(
      """
      name: small
      task: translation
      data:
        source: pairs
        train: [t.de, t.en]
        context: 8
      model:
        layers: 1
        heads: 2
        width: 16
        dropout: 0.1
      training:
        epochs: 3
        batch: 8
        learning_rate: 0.01

      """, to: folder("t.yaml"))
  }

  @Test func aModelIsTrainedMeasuredAndTranslates() throws {
    try prepare()
    let shown = try Program.succeed(
      ["train", "t.yaml", "--run", "r", "--threads", "1"], in: folder.path)
    #expect(shown.output.contains("8 different words to read, 8 to write."), "\(shown.output)")
    #expect(shown.output.contains("bleu") && shown.output.contains("    people   word"))
    #expect(shown.output.contains("backprop predict r 'A TEXT TO TRANSLATE'"))
    _ = try Program.succeed(
      ["train", "t.yaml", "--run", "two", "--threads", "2"], in: folder.path)
    #expect(try bytes(folder("r/weights.safetensors")) == bytes(folder("two/weights.safetensors")))

    let figures = try Program.succeed(["evaluate", "r", "--json"], in: folder.path).result()
    #expect(figures["examples"]?.integer == 24)
    for name in ["loss", "perplexity", "bleu"] { #expect(figures["test"]?[name]?.number != nil) }
    let beams = try Program.succeed(["evaluate", "r", "--beams", "3", "--json"], in: folder.path)
    #expect(try beams.result()["test"]?["loss"] == figures["test"]?["loss"])

    let text = try Program.succeed(["predict", "r", "Wort1 wort2!"], in: folder.path).output
    #expect(text.split(separator: "\n").count == 1)
    try write("wort1!\n\nWort2 neu\n", to: folder("new.txt"))
    let lines = try Program.succeed(
      ["predict", "r", "--input", "new.txt", "--beams", "1", "--json"], in: folder.path
    ).json()
    #expect(lines.map { $0["source"]?.string } == ["wort1!", "", "Wort2 neu"])
    #expect(lines[1]["prediction"]?.string == "")
    #expect(lines[2]["unknown_words"]?.array == [.string("neu")])
    let plain = try Program.succeed(["predict", "r", "--input", "new.txt"], in: folder.path).output
    #expect(plain.split(separator: "\n", omittingEmptySubsequences: false).count == 4)

    try expect(
      ["predict", "r", "wort1 wort1 wort1 wort1 wort1 wort1 wort1 wort1"],
      "the text has 8 words and marks, and the model reads at most 7; divide it into sentences.")
    try write("wort1\nwort1 wort1 wort1 wort1 wort1 wort1 wort1 wort1\n", to: folder("long.txt"))
    try expect(["predict", "r", "--input", "long.txt"], "long.txt, line 2: the text has 8 words")
    try write("", to: folder("empty.txt"))
    try expect(["predict", "r", "--input", "empty.txt"], "empty.txt: there are no texts")
    try expect(["generate", "r"], "use 'backprop predict'")
    try expect(["predict", "r"], "Nothing is to be predicted", status: 2)
    try expect(["predict", "r", "a", "--input", "b"], "give one of them", status: 2)
    try expect(["predict", "r", "a", "--beams", "0"], "choose at least 1", status: 2)
  }

  @Test func filesOfDifferentLengthsAreRefused() throws {
    try prepare()
    try write("one\ntwo\n", to: folder("t.en"))
    try expect(
      ["train", "t.yaml"],
      "t.en: there are 2 lines, and t.de has 120; write on each line what belongs to the line of "
        + "the same number there.")
    try expect(
      ["train", "translate"],
      "train.de.gz: there is no such file; run 'backprop data get multi30k' or give the folder with "
        + "the files by --data.")
  }

  @Test func textsAreToldApartAsTheyAreGiven() throws {
    try write(
      "kind\ttext\n" + (0..<20).map { "good\tnice \($0)\nbad\tdull \($0)\n" }.joined(),
      to: folder("t.tsv"))
    try write(
      """
      task: classification
      data: {source: labeled-text, train: t.tsv, target: kind, context: 8}
      model: {kind: bag-of-words, width: 8}
      training: {epochs: 30, batch: 8, learning_rate: 0.03, group_by_length: true}

      """, to: folder("t.yaml"))
    _ = try Program.succeed(["train", "t.yaml", "--run", "r"], in: folder.path)
    let lines = try Program.succeed(
      ["predict", "r", "so nice", "dull, dull", "--json"], in: folder.path
    ).json()
    #expect(lines.map { $0["prediction"]?.string } == ["good", "bad"])
    _ = try Program.succeed(
      ["train", "digits", "--run", "d", "--set", "training.epochs=1"], in: folder.path)
    try expect(["evaluate", "d", "--beams", "2"], "--beams is for models that", status: 2)
    try expect(["predict", "d", "a text"], "the network reads no texts; name a file by --input.")
  }

  private func expect(
    _ arguments: [String], _ message: String, status: Int32 = 1,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try Program.run(arguments, in: folder.path)
    #expect(outcome.status == status, "\(outcome)", sourceLocation: location)
    #expect(outcome.errors.contains(message), "\(outcome.errors)", sourceLocation: location)
  }
}
