// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropNN
import BackpropTraining

/// What the network of a recipe is trained for and how its outputs are read.
struct Goal: Sendable {
  let task: Recipe.Task
  let shape: DataShape
  let target: TargetColumn?
  /// What is known of a series that is forecast; nil for others.
  var forecast: ForecastPreprocessor?

  /// The goal as the trainer takes it.
  ///
  /// - Parameter weights: how much each class counts; nil: all alike.
  func training(_ network: Network, _ training: TrainingRecipe, weights: [Float]?) -> TrainingGoal {
    let goal = self
    let smoothing = Float(training.labelSmoothing)
    let kind = training.loss
    let isPlainTested = task == .translation
    let weights = weights.map { Tensor($0) }
    return TrainingGoal(
      // Below the head of a network that writes texts: its logits need not stand whole.
      outputs: { batch in network.scored(batch) },
      loss: { outputs, batch in
        guard let targets = batch.targets else {
          return Loss(sum: Tensor(0), count: batch.count)
        }
        switch kind {
        case .cross_entropy:
          // What fills up a text counts nothing.
          let ignored = goal.shape.padsTargets ? Int(TextParts.ignored) : nil
          return network.loss(targets) {
            network.crossEntropy(
              outputs, $0, weights: weights,
              // Of what was never seen the plain loss is of interest: nats for each token.
              labelSmoothing: isPlainTested && !Context.current.isTraining ? 0 : smoothing,
              ignoring: ignored)
          }
        case .focal: return network.loss(targets) { focalLoss(outputs, $0) }
        case .squared: return squaredError(outputs.reshaped(to: targets.shape), targets)
        case .absolute: return absoluteError(outputs.reshaped(to: targets.shape), targets)
        case .huber: return huberLoss(outputs.reshaped(to: targets.shape), targets)
        case .log_cosh: return logCoshLoss(outputs.reshaped(to: targets.shape), targets)
        }
      },
      readsOutputs: task != .generation && task != .translation,
      metrics: { outputs, examples in goal.brief(outputs, examples) })
  }

  /// The figures that are looked at after each epoch.
  private func brief(_ outputs: [Float], _ examples: Examples) -> Metrics {
    guard task == .classification else { return full(outputs, examples) }
    guard let labels = examples.labels, !labels.isEmpty else { return Metrics() }
    var hits = 0
    for (row, label) in labels.enumerated() {
      let base = row * shape.outputs
      var best = 0
      for c in 1..<shape.outputs where outputs[base + c] > outputs[base + best] { best = c }
      if best == Int(label) { hits += 1 }
    }
    return ["accuracy": Double(hits) / Double(labels.count)]
  }

  /// All figures.
  func full(_ outputs: [Float], _ examples: Examples) -> Metrics {
    switch task {
    case .classification:
      return classification(outputs, examples)?.summary() ?? Metrics()
    case .regression:
      guard case .float(let targets)? = examples.targets?.storage else { return Metrics() }
      if let forecast {
        return ForecastMetrics(forecast, outputs: outputs, targets: targets, examples.baselines)
          .summary()
      }
      return RegressionMetrics(
        predictions: outputs.map(number), targets: targets.map(number)
      ).summary()
    case .generation, .translation: return Metrics()
    }
  }

  /// Predicted against true classes.
  func classification(_ outputs: [Float], _ examples: Examples) -> ClassificationMetrics? {
    guard task == .classification, let labels = examples.labels else { return nil }
    return ClassificationMetrics(
      probabilities: probabilities(outputs), classCount: shape.outputs, labels: labels)
  }

  /// Softmax of each row of logits.
  func probabilities(_ outputs: [Float]) -> [Float] {
    var result = outputs
    var start = 0
    while start < result.count {
      let row = start..<start + shape.outputs
      let largest = result[row].max() ?? 0
      var sum: Float = 0
      for place in row {
        result[place] = Float(HostMath.exponential(Double(result[place] - largest)))
        sum += result[place]
      }
      for place in row { result[place] /= sum }
      start += shape.outputs
    }
    return result
  }

  /// The numbers that outputs stand for.
  func numbers(_ outputs: [Float]) -> [Double] {
    guard let forecast else { return outputs.map(number) }
    return outputs.enumerated().map { place, output in
      forecast.value(ofOutput: output, column: place % forecast.targets.count)
    }
  }

  /// The number that an output, or a scaled target, stands for.
  func number(_ output: Float) -> Double { target?.value(ofOutput: output) ?? Double(output) }
}
