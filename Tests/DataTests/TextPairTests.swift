// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import Foundation
import TestSupport
import Testing

@Suite("Pairs of texts") struct TextPairTests {
  private let folder = TemporaryFolder()

  private func files(_ source: String, _ target: String) throws -> TextPairFiles {
    let name = UUID().uuidString
    for (side, text) in [("a", source), ("b", target)] {
      try text.write(toFile: folder("\(name).\(side)"), atomically: false, encoding: .utf8)
    }
    return TextPairFiles(source: folder("\(name).a"), target: folder("\(name).b"))
  }

  @Test func pairsBecomeRowsThatEnd() throws {
    let train = try files(
      "Ein Hund.\r\nEin Hund läuft\r\n\r\nzu viele Wörter sind hier\r\n",
      "A dog.\nA dog runs\nnothing\nToo long\n")
    let test = try files("Eine Katze läuft", "A cat runs")
    let pairs = try TextPairs(
      train, test: test, context: 4, validationFraction: 0, testFraction: 0, seed: 0)
    let source = pairs.encoder.source
    #expect(
      source.tokens == ["<padding>", "<unknown>", "<begin>", "<end>", "ein", "hund", ".", "läuft"])
    #expect(source.marksEnds && source.wordCount == 4)
    #expect(pairs.parts.train.features.storage == .int([4, 5, 6, 3, 4, 5, 7, 3]))
    #expect(pairs.parts.train.targets?.storage == .int([4, 5, 6, 3, 4, 5, 7, 3]))
    #expect(pairs.parts.test?.features.storage == .int([1, 1, 7, 3]))
    #expect(pairs.parts.test?.targets?.storage == .int([4, 1, 7, 3]))
    #expect(pairs.testPairs == [TextPair(source: "Eine Katze läuft", target: "A cat runs")])
    #expect(
      pairs.parts.notes == [
        "4 different words to read, 4 to write.",
        "1 pairs with a text without words were left out.",
        "1 pairs with more than 3 words were left out.",
      ])
    #expect(try pairs.encoder.tokens("") == [Vocabulary.end])
    #expect(try pairs.encoder.tokens("Hund und ein") == [5, 1, 4, 3])
    #expect(
      failure { _ = try pairs.encoder.tokens("ein Hund läuft .") }
        == "the text has 4 words and marks, and the model reads at most 3; divide it into "
        + "sentences.")
    // Other files in the same words; one too long is left out there as well.
    let others = try pairs.encoder.examples(try files("hund\nein\nläuft", "a\nb c d e\nruns"))
    #expect(others.features.storage == .int([5, 3, 0, 0, 7, 3, 0, 0]))
    #expect(others.targets?.storage == .int([4, 3, -1, -1, 7, 3, -1, -1]))
  }

  @Test func partsAreHeldBackByChance() throws {
    let lines = (0..<20).map { "word\($0)" }.joined(separator: "\n")
    let pairs = try TextPairs(
      try files(lines, lines), context: 8, validationFraction: 0.1, testFraction: 0.2, seed: 1)
    #expect(pairs.parts.train.count == 14 && pairs.parts.validation?.count == 2)
    #expect(pairs.parts.test?.count == 4 && pairs.testPairs.count == 4)
    // Words of what is held back are unknown.
    #expect(pairs.encoder.source.wordCount == 14)
  }

  @Test func filesThatDoNotBelongTogetherAreSaidInWords() throws {
    let unequal = try files("a\nb\nc\n", "a\nb\n")
    func message(_ files: TextPairFiles) -> String {
      failure {
        _ = try TextPairs(
          files, context: 4, validationFraction: 0, testFraction: 0, seed: 0)
      }.replacing(folder.path + "/", with: "")
    }
    #expect(
      message(unequal).hasSuffix(
        ".a has 3; write on each line what belongs to the line of the same number there."))
    #expect(message(unequal).contains(".b: there are 2 lines, and "))
    #expect(message(try files("a b c d e", "a")).contains("at most 3 of them; give texts with"))
    #expect(message(try files("", "")).contains("no pair has words on both sides"))
    #expect(
      message(TextPairFiles(source: folder("gone"), target: folder("gone")))
        == "gone: there is no such file; check the path.")
  }

  @Test func wordsBecomeSentences() throws {
    let texts = ["A man's t-shirt (red), isn't it? Yes: a \"dog\"."]
    let vocabulary = Vocabulary(wordsOf: texts, marksEnds: true)
    let text = vocabulary.sentence(try vocabulary.encode(texts[0]))
    #expect(text == "a man's t-shirt (red), isn't it? yes: a \"dog\".")
    #expect(vocabulary.sentence([]) == "")
  }

  @Test func theRealPairsAreRead() throws {
    guard let folder = try sharedData("multi30k") else { return }
    let files = ["val", "test_2016_flickr"].map {
      TextPairFiles(source: "\(folder)/\($0).de.gz", target: "\(folder)/\($0).en.gz")
    }
    let pairs = try TextPairs(
      files[0], test: files[1], context: 48, leastCount: 2, validationFraction: 0,
      testFraction: 0, seed: 0)
    #expect(pairs.parts.train.count == 1014 && pairs.parts.test?.count == 1000)
    #expect(pairs.testPairs[0].target == "A man in an orange hat starring at something.")
  }
}
