// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import TestSupport
import Testing

@Suite("Texts")
struct TextTests {
  private let folder = TemporaryFolder()

  private func file(_ name: String, _ text: String) throws -> String {
    try AtomicFile.write(text, to: folder(name))
    return folder(name)
  }

  @Test func charactersAreInTheOrderOfUnicode() throws {
    let vocabulary = Vocabulary(charactersOf: "banana é\n")
    #expect(vocabulary.tokens == ["\n", " ", "a", "b", "n", "é"])
    let tokens = try vocabulary.encode("nab é")
    #expect(tokens == [4, 2, 3, 1, 5])
    #expect(vocabulary.decode(tokens) == "nab é")
    #expect(vocabulary.decode([99, 3]) == "b")
  }

  @Test func anUnknownCharacterIsAnErrorWithItsLine() {
    let vocabulary = Vocabulary(charactersOf: "ab\n")
    let error = #expect(throws: DataError.self) {
      try vocabulary.encode("ab\nax", source: "t.txt")
    }
    #expect(
      error?.description
        == "t.txt, line 2: the character 'x' (U+0078) is not among the 3 that the model knows; "
        + "leave it out or write it otherwise.")
  }

  @Test func wordsAreCountedAndTheRareAreUnknown() throws {
    let texts = ["The cat, the dog.", "the Cat!", "a dog's"]
    #expect(Vocabulary.words(of: "It's 5€,ok") == ["it", "'", "s", "5", "€", ",", "ok"])
    let vocabulary = Vocabulary(wordsOf: texts, leastCount: 2)
    #expect(vocabulary.tokens == ["<padding>", "<unknown>", "the", "cat", "dog"])
    #expect(try vocabulary.encode("THE mouse") == [2, 1])
    #expect(Vocabulary(wordsOf: texts, limit: 1).count == 3)
    let again = try Vocabulary(json: vocabulary.json, file: "run.json")
    #expect(again == vocabulary)
  }

  @Test func brokenVocabulariesAreErrors() throws {
    for text in [
      "{}", "{\"level\":\"words\",\"tokens\":[]}", "{\"level\":\"words\",\"tokens\":[1]}",
      "{\"level\":\"characters\",\"tokens\":[\"a\",\"a\"]}",
    ] {
      let json = try JSONValue(parsing: text, file: "run.json")
      #expect(throws: FormatError.self, "\(text)") { try Vocabulary(json: json, file: "run.json") }
    }
  }

  @Test func bytesThatAreNoTextAreNamedByLine() throws {
    let latin = Array("one\ntwo caf".utf8) + [0xE9, 0x0A]
    let error = #expect(throws: DataError.self) { try TextFile.decode(latin, source: "l.txt") }
    #expect(
      error?.description
        == "l.txt, line 2: there are bytes that are no UTF-8; convert the file, for example with "
        + "'iconv -f LATIN1 -t UTF-8'.")
    let marked: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("a\r\nb\rc\n".utf8)
    #expect(try TextFile.decode(marked, source: "m.txt") == "a\nb\nc\n")
  }

  @Test func windowsFollowOneAnotherAndMoveFromEpochToEpoch() throws {
    let text = String((0..<100).map { Character(Unicode.Scalar(UInt8(33 + $0 % 90))) })
    let parts = try TextParts(
      text: text, name: "t", context: 8, validationFraction: 0.1, testFraction: 0.2
    ).parts
    // 70 characters to train: 8 windows of 8 fit, one less so that all can move.
    #expect(parts.train.count == 7 && parts.validation?.count == 1 && parts.test?.count == 2)
    #expect(parts.train.shifts == 7)
    let first = parts.train.features.examples(at: [1])
    let next = parts.train.targets?.examples(at: [1])
    guard case .int(let tokens) = first.storage, case .int(let targets)? = next?.storage else {
      Issue.record("windows are integers")
      return
    }
    #expect(Array(tokens.dropFirst()) == Array(targets.dropLast()))
    var moved = [Int32](repeating: 0, count: 8)
    moved.withUnsafeMutableBytes {
      parts.train.features.copyExamples(at: [0], shift: 3, into: $0)
    }
    guard case .int(let start) = parts.train.features.examples(at: [0]).storage else { return }
    #expect(Array(moved.prefix(5)) == Array(start.suffix(5)))
    let shifts = (0..<50).map { parts.train.shift(seed: 1, epoch: $0) }
    #expect(shifts == (0..<50).map { parts.train.shift(seed: 1, epoch: $0) })
    #expect(Set(shifts) == Set(0...7), "\(shifts)")
    #expect(parts.test?.shift(seed: 1, epoch: 3) == 0)
  }

  /// The signs of Kelvin and Ångström equal letters, so a vocabulary has one token for both.
  @Test func equalCharactersAreOneToken() throws {
    let vocabulary = Vocabulary(charactersOf: "K\u{212A}\u{C5}\u{212B}\u{3A9}\u{2126}")
    #expect(vocabulary.count == 3)
    #expect(try vocabulary.encode("\u{212A}K\u{2126}") == [0, 0, 2])
    let read = try Vocabulary(json: vocabulary.json, file: "run.json")
    #expect(read == vocabulary)
    let kelvin = Vocabulary(charactersOf: "\u{212A}")
    #expect(try kelvin.encode("K\u{212A}") == [0, 0])
  }

  @Test func aTextThatIsTooShortSaysSo() {
    let error = #expect(throws: DataError.self) {
      try TextParts(
        text: "abcdefghij", name: "t.txt", context: 8, validationFraction: 0, testFraction: 0.2)
    }
    #expect(
      error?.description
        == "t.txt: 8 tokens to train do not fill a window of 8 and its next; give more text, or "
        + "set data.context to less than 8.")
    let empty = #expect(throws: DataError.self) {
      try TextParts(text: "", name: "t.txt", context: 8, validationFraction: 0, testFraction: 0)
    }
    #expect(empty?.description == "t.txt: the text is empty; give some text.")
  }

  @Test func linesEndInALineBreakAndWhatFillsThemCountsNothing() throws {
    let text = try TextParts(
      lines: "ab\nb\n\nab\nabc", name: "n", context: nil, validationFraction: 0, testFraction: 0,
      seed: 0)
    #expect(text.parts.train.count == 3)
    #expect(text.parts.notes.last == "1 lines that were there before were left out.")
    // \n is 0, a 1, b 2, c 3.
    #expect(
      text.parts.train.features.storage == .int([0, 1, 2, 0, 0, 2, 0, 0, 0, 1, 2, 3]))
    #expect(
      text.parts.train.targets?.storage == .int([1, 2, 0, -1, 2, 0, -1, -1, 1, 2, 3, 0]))
    #expect(text.parts.train.labels == nil)
    let error = #expect(throws: DataError.self) {
      try TextParts(
        lines: "ab\nabcd", name: "n", context: 4, validationFraction: 0, testFraction: 0, seed: 0)
    }
    #expect(
      error?.description
        == "n, line 2: the line has 4 characters, and 3 fit; set data.context to at least 5, or "
        + "shorten the line.")
  }

  @Test func labeledTextsBecomeRowsOfOneLength() throws {
    let path = try file(
      "t.tsv",
      "kind\ttext\n" + (0..<10).map { "good\tvery nice \"film\" \($0)\n" }.joined()
        + (0..<10).map { "bad\tvery dull film, very long text \($0)\n" }.joined() + "bad\t \n")
    let options = LabeledText.Options(
      textColumns: ["text"], labelColumn: "kind", context: 6, leastCount: 2)
    let text = try LabeledText(
      path, options: options, validationFraction: 0.1, testFraction: 0.2, seed: 0)
    #expect(text.parts.classNames == ["bad", "good"])
    #expect(text.parts.train.features.shape == [text.parts.train.count, 6])
    let count = [text.parts.train, text.parts.validation, text.parts.test]
      .reduce(0) { $0 + ($1?.count ?? 0) }
    #expect(count == 20)
    #expect(text.parts.notes.contains("1 texts without a word were left out."))
    #expect(text.parts.notes.contains("10 texts were cut off at 6 words."))
    let examples = try TextEncoder(vocabulary: text.vocabulary, context: 6)
      .examples(["", "film unheard"])
    guard case .int(let tokens) = examples.features.storage else { return }
    #expect(Array(tokens.prefix(6)) == [0, 0, 0, 0, 0, 0])
    #expect(tokens[7] == Vocabulary.unknown && tokens[8] == Vocabulary.padding)
  }

  @Test func wrongTablesOfTextsAreSaidInWords() throws {
    let path = try file("t.csv", "kind,text\ngood,a\nbad,b\ngood,c\nbad,d\n")
    func message(_ options: LabeledText.Options, test: String? = nil) throws -> String {
      do {
        _ = try LabeledText(
          path, testPath: test, options: options, validationFraction: 0, testFraction: 0.5, seed: 0)
        return "nothing"
      } catch { return "\(error)".replacing(folder.path + "/", with: "") }
    }
    #expect(
      try message(LabeledText.Options(textColumns: ["txt"], labelColumn: "kind"))
        == "t.csv, column 'txt': there is no such column; did you mean 'text'?")
    let other = try file("o.csv", "kind,text\nugly,a\n")
    #expect(
      try message(
        LabeledText.Options(textColumns: ["text"], labelColumn: "kind"), test: other)
        == "o.csv, line 2, column 'kind': the class 'ugly' does not occur in training; "
        + "there are bad, good.")
    let three = LabeledText.Options(
      textColumns: ["text"], labelColumn: "kind", classNames: ["a", "b", "c"])
    #expect(try message(three).contains("3 classes are named, and the column has 2"))
  }

  @Test func theRealTextsAreRead() throws {
    if let folder = try sharedData("tinyshakespeare") {
      let text = try TextParts(
        text: try TextFile.read(folder + "/input.txt"), name: "shakespeare", context: 256,
        validationFraction: 0, testFraction: 0.1)
      #expect(text.vocabulary.count == 65)
      #expect(text.parts.train.count == 3920 && text.parts.test?.count == 435)
    }
    if let folder = try sharedData("names") {
      let text = try TextParts(
        lines: try TextFile.read(folder + "/names.txt"), name: "names", context: nil,
        validationFraction: 0.1, testFraction: 0.1, seed: 0)
      #expect(text.vocabulary.count == 27)
      #expect(text.parts.train.features.shape[1] == 16)
    }
  }
}
