// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropNN
public import BackpropTraining

/// A language model of a run, at work.
public struct TextGeneration {
  private let model: any Decoder
  private let vocabulary: Vocabulary
  /// The most tokens of an example that the model learned from.
  private let longest: Int
  private let precision: TrainingRecipe.Precision
  /// Whether each example that the model learned from was a line.
  public let makesLines: Bool

  /// The model of a predictor, with products, weights and caches of a type.
  ///
  /// - Throws: a ``DataError`` where it is no language model.
  public init(
    _ predictor: Predictor, precision: TrainingRecipe.Precision = .float32
  ) throws(DataError) {
    guard let model = predictor.network.text?.decoder, let vocabulary = predictor.vocabulary else {
      throw DataError(
        source: predictor.recipe.name, what: "the network tells classes apart and makes no texts",
        remedy: "use 'backprop predict'")
    }
    self.model = model
    self.vocabulary = vocabulary
    self.precision = precision
    longest = predictor.shape.features
    makesLines = predictor.recipe.data.source == .lines
  }

  /// Goes on with a text; each piece is told as soon as it is known.
  ///
  /// - Parameters:
  ///   - prompt: what the text begins with; empty: a line break.
  ///   - count: the most tokens. A model of lines stops at the end of the line.
  public func generate(
    prompt: String = "", count: Int, sampling: Sampling = Sampling(), seed: UInt64 = 0,
    telling tell: (String) -> Void
  ) throws {
    var start = try vocabulary.encode(prompt)
    let end = vocabulary.number(of: "\n")
    if start.isEmpty || makesLines { start.insert(end ?? 0, at: 0) }
    var generator = Generator(
      model, prompt: start, sampling: sampling, seed: seed, precision: precision.ofProducts)
    for _ in 0..<count {
      let token = try generator.next()
      if makesLines && token == end { return }
      tell(vocabulary.decode([token]))
    }
  }

  /// A short sample: some lines, or a text of 300 tokens.
  public func sample(seed: UInt64 = 0) throws -> String {
    var text = ""
    let sampling = Sampling(temperature: 0.8)
    if makesLines {
      for line in 0..<10 {
        try generate(count: longest, sampling: sampling, seed: seed + UInt64(line)) {
          text += $0
        }
        text += line < 9 ? "\n" : ""
      }
    } else {
      try generate(count: 300, sampling: sampling, seed: seed) { text += $0 }
    }
    return text
  }
}
