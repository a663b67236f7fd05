// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropGraph
import BackpropModels
public import BackpropTraining

/// A model of a run that makes a text of another one, at work.
public struct Translator {
  private let model: Transformer
  private let encoder: TextPairEncoder

  /// The model of a predictor.
  ///
  /// - Throws: a ``DataError`` where it does not translate.
  public init(_ predictor: Predictor) throws(DataError) {
    guard let model = predictor.network.translator, let encoder = predictor.pairs else {
      throw DataError(
        source: predictor.recipe.name, what: "the network does not translate",
        remedy: predictor.recipe.task == .generation
          ? "use 'backprop generate'" : "use 'backprop predict' with --input")
    }
    self.model = model
    self.encoder = encoder
  }

  /// A text and what it was turned into.
  public struct Translation: Hashable, Sendable {
    /// The text that was read.
    public let source: String
    /// The text that was written; empty where nothing was read.
    public let text: String
    /// The words of the source that the model does not know.
    public let unknownWords: [String]
  }

  /// The lines of a text file, each to be translated by itself.
  public static func lines(_ path: String) throws -> [String] {
    let lines = try TextPair.lines(path).map { String($0) }
    guard !lines.isEmpty else {
      throw DataError(source: path, what: "there are no texts", remedy: "write one on each line")
    }
    return lines
  }

  /// Translates texts. One without words becomes an empty one.
  ///
  /// - Parameter beams: how many translations are looked at side by side; 1: the likeliest word each
  ///   time.
  /// - Throws: a ``DataError`` with the line, counted from 1, of a text that is too long.
  public func translate(_ texts: [String], beams: Int = 1) throws -> [Translation] {
    var sources: [[Int32]] = []
    for (index, text) in texts.enumerated() {
      do throws(DataError) { sources.append(try encoder.tokens(text)) } catch {
        throw DataError(
          line: texts.count > 1 ? index + 1 : nil, what: error.what, remedy: error.remedy)
      }
    }
    let isText = sources.map { $0.count > 1 }
    let found = try tokens(zip(sources, isText).filter(\.1).map(\.0), beams: beams)
    var rest = found[...]
    return texts.indices.map { index in
      Translation(
        source: texts[index],
        text: isText[index] ? encoder.target.sentence(rest.removeFirst()) : "",
        unknownWords: Vocabulary.words(of: texts[index]).filter {
          encoder.source.number(of: $0) == nil
        })
    }
  }

  /// How near the translations of examples come to their targets. A word that stands for unknown
  /// ones matches nothing.
  public func bleu(_ examples: Examples, beams: Int = 1) throws -> BLEU {
    guard case .int(let features) = examples.features.storage,
      case .int(let targets)? = examples.targets?.storage
    else { preconditionFailure("pairs of texts are tokens with tokens") }
    let size = examples.features.exampleSize
    func rows(_ all: [Int32], _ padding: Int32) -> [[Int32]] {
      (0..<examples.count).map { row in
        Array(all[row * size..<(row + 1) * size].prefix { $0 != padding })
      }
    }
    let found = try tokens(rows(features, Vocabulary.padding), beams: beams)
    let nothing = TextParts.ignored
    return BLEU(
      found.map { $0.map { $0 == Vocabulary.unknown ? nothing : $0 } },
      references: rows(targets, nothing).map { Array($0.dropLast()) })
  }

  /// The translations of texts in tokens, without their ends.
  private func tokens(_ sources: [[Int32]], beams: Int) throws -> [[Int32]] {
    precondition(beams > 0, "at least one translation is looked at")
    // Texts of similar length together: little padding and few different shapes.
    let order = sources.indices.sorted { (sources[$0].count, $0) < (sources[$1].count, $1) }
    var result = sources.map { _ in [Int32]() }
    let size = beams == 1 ? 64 : 1
    for start in stride(from: 0, to: order.count, by: size) {
      let part = order[start..<min(start + size, order.count)]
      let reading = model.reading(tensor(part.map { sources[$0] }))
      let found =
        beams == 1
        ? try greedy(reading, count: part.count) : [try best(reading, beams: beams)]
      for (index, tokens) in zip(part, found) {
        result[index] = tokens.last == Vocabulary.end ? tokens.dropLast() : tokens
      }
    }
    return result
  }

  /// Texts as [N, S] int32, S a multiple of 8 or all of the context.
  private func tensor(_ sources: [[Int32]]) -> Tensor {
    let longest = sources.map(\.count).max() ?? 1
    let length = min(model.context, (longest + 7) / 8 * 8)
    return Tensor(
      sources.flatMap {
        $0 + [Int32](repeating: Vocabulary.padding, count: length - $0.count)
      }, shape: [sources.count, length])
  }

  private func greedy(_ reading: Transformer.Reading, count: Int) throws -> [[Int32]] {
    let search = GreedySearch(length: model.context, end: Vocabulary.end)
    let prompts = [[Int32]](repeating: [Vocabulary.begin], count: count)
    return try search(reading, prompts: prompts)
  }

  private func best(_ reading: Transformer.Reading, beams: Int) throws -> [Int32] {
    let search = BeamSearch(width: beams, length: model.context, end: Vocabulary.end)
    return try search(reading, prompt: [Vocabulary.begin]).first?.tokens ?? []
  }
}
