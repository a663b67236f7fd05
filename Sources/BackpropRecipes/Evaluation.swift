// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropGraph
import BackpropNN
public import BackpropTraining

/// A trained network at hand: loaded from a run, or fresh from its training.
public final class Predictor {
  /// The recipe that it was trained by.
  public let recipe: Recipe
  /// The shape of its data.
  public let shape: DataShape
  /// What turns rows of a table into features; nil for images.
  public let preprocessor: TablePreprocessor?
  /// The tokens of texts; nil for others.
  public let vocabulary: Vocabulary?
  /// How pairs of texts become tokens; nil for others.
  public let pairs: TextPairEncoder?
  /// What turns series into features; nil for others.
  public let series: SeriesLearned?
  let network: Network
  private let trainer: Trainer
  private let goal: Goal

  /// The network of a session, with the weights it has now.
  public init(_ session: Session) {
    recipe = session.recipe
    shape = session.data.shape
    preprocessor = session.data.preprocessor
    vocabulary = session.data.vocabulary
    pairs = session.data.pairs?.encoder
    series = session.data.series
    network = session.network
    trainer = session.trainer
    goal = session.goal
  }

  /// The network of a run, with its best weights.
  public init(_ record: RunRecord, in folder: RunFolder) throws {
    recipe = record.recipe
    shape = record.shape
    preprocessor = record.preprocessor
    vocabulary = record.vocabulary
    pairs = record.pairEncoder
    series = record.series
    network = try Network(recipe.model, for: shape)
    goal = Goal(
      task: recipe.task, shape: shape, target: preprocessor?.target, forecast: series?.forecast)
    trainer = recipe.training.trainer(
      network, goal: goal.training(network, recipe.training, weights: nil), seed: 0,
      stepsPerEpoch: 1, shape: shape)
    let table = network.table
    try Weights(of: table, from: folder.weights).install(in: table)
  }

  /// - Throws: a ``DataError`` where the network predicts nothing.
  func checkPredicts() throws(DataError) {
    guard recipe.task != .generation else {
      throw DataError(
        what: "a language model makes texts and predicts no classes",
        remedy: "use 'backprop generate'")
    }
    guard recipe.task != .translation else {
      throw DataError(
        what: "a model that translates predicts no classes",
        remedy: "use a Translator, or 'backprop predict' with texts")
    }
  }

  /// The predictions for examples.
  public func predict(_ examples: Examples) throws -> Predictions {
    try checkPredicts()
    let outputs = try trainer.outputs(for: examples)
    return switch recipe.task {
    case .classification:
      Predictions(
        probabilities: goal.probabilities(outputs), classNames: shape.classNames ?? [],
        numbers: [])
    case .regression, .generation, .translation:
      Predictions(probabilities: [], classNames: [], numbers: goal.numbers(outputs))
    }
  }

  /// How good the predictions are for examples whose targets are known.
  ///
  /// - Parameter beams: how many translations are looked at side by side; 1: the likeliest word each
  ///   time.
  public func evaluate(_ examples: Examples, beams: Int = 1) throws -> Evaluation {
    if recipe.task == .translation {
      var metrics = try trainer.evaluate(on: examples)
      metrics["perplexity"] = HostMath.exponential(metrics["loss"] ?? .nan)
      metrics["bleu"] = try Translator(self).bleu(examples, beams: beams).score
      return Evaluation(metrics: metrics, count: examples.count, classes: nil, classNames: nil)
    }
    if recipe.task == .generation {
      var metrics = try trainer.evaluate(on: examples)
      let loss = metrics["loss"] ?? .nan
      metrics["perplexity"] = HostMath.exponential(loss)
      // 1/ln 2 to 17 digits.
      metrics["bits_per_token"] = loss * 1.4426950408889634
      return Evaluation(metrics: metrics, count: examples.count, classes: nil, classNames: nil)
    }
    let outputs = try trainer.outputs(for: examples)
    return Evaluation(
      metrics: goal.full(outputs, examples), count: examples.count,
      classes: goal.classification(outputs, examples), classNames: shape.classNames)
  }
}

/// How good predictions are.
public struct Evaluation: Sendable {
  /// All figures.
  public let metrics: Metrics
  /// The number of examples.
  public let count: Int
  /// True against predicted classes; nil where numbers are predicted.
  public let classes: ClassificationMetrics?
  /// The names of the classes.
  public let classNames: [String]?
}

/// What a network says about examples.
public struct Predictions: Sendable {
  /// Probabilities [N, C], row-major; empty where numbers are predicted.
  public let probabilities: [Float]
  /// The names of the classes.
  public let classNames: [String]
  /// Predicted numbers; empty where classes are predicted.
  public let numbers: [Double]

  /// The number of examples.
  public var count: Int {
    classNames.isEmpty ? numbers.count : probabilities.count / classNames.count
  }

  /// The probabilities of the classes for an example.
  public func row(_ index: Int) -> ArraySlice<Float> {
    probabilities[index * classNames.count..<(index + 1) * classNames.count]
  }

  /// The most probable class of an example and its probability.
  public func best(_ index: Int) -> (label: Int, probability: Float) {
    let row = row(index)
    var best = row.startIndex
    for place in row.indices where row[place] > row[best] { best = place }
    return (best - row.startIndex, row[best])
  }
}
