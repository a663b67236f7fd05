// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropNN
public import BackpropTraining

/// A recipe at work: its data read, its network made, its training set up.
public final class Session {
  /// The recipe.
  public let recipe: Recipe
  /// The data of the recipe.
  public let data: RecipeData
  /// The network, whose weights are drawn from the recipe's seed.
  public let network: Network
  /// The training loop. Of a network that writes texts its outputs are the features below the head.
  public let trainer: Trainer
  let goal: Goal

  /// Sets up the training of a recipe.
  public init(_ recipe: Recipe, data: RecipeData) throws {
    self.recipe = recipe
    self.data = data
    network = try Network(
      recipe.model, for: data.shape, augmentation: recipe.training.augmentation)
    network.initialize(seed: UInt64(recipe.seed))
    goal = Goal(
      task: recipe.task, shape: data.shape, target: data.preprocessor?.target,
      forecast: data.series?.forecast)
    let batches = try BatchOrder(
      count: data.parts.train.count, batchSize: recipe.training.batch, seed: 0
    ).batchesPerEpoch
    let weights = recipe.training.balanceClasses ? Session.balanced(data) : nil
    trainer = recipe.training.trainer(
      network, goal: goal.training(network, recipe.training, weights: weights),
      seed: UInt64(recipe.seed), stepsPerEpoch: batches, shape: data.shape)
  }

  /// Trains to the end, or until asked to stop; true if it came to the end.
  public func train() throws -> Bool {
    let parts = data.parts
    trainer.tell(
      .started(
        Event.Started(
          name: recipe.name, parameters: network.parameters().reduce(0) { $0 + $1.count },
          examples: parts.train.count, validationExamples: parts.validation?.count ?? 0,
          epochs: recipe.training.epochs,
          stepsPerEpoch: (parts.train.count + recipe.training.batch - 1) / recipe.training.batch,
          position: trainer.progress.position)))
    return try trainer.train(on: parts.train, validation: parts.validation)
  }

  /// The weight of each class by which all count alike together: n / (C · n_c).
  private static func balanced(_ data: RecipeData) -> [Float]? {
    guard let labels = data.parts.train.labels else { return nil }
    var counts = [Int](repeating: 0, count: data.shape.outputs)
    for label in labels { counts[Int(label)] += 1 }
    return counts.map {
      Float(labels.count) / (Float(counts.count) * Float(max($0, 1)))
    }
  }
}

extension TrainingRecipe {
  /// The training loop for a network and examples of a shape.
  func trainer(
    _ network: Network, goal: TrainingGoal, seed: UInt64, stepsPerEpoch: Int, shape: DataShape
  ) -> Trainer {
    let options = TrainingOptions(
      epochs: epochs, batchSize: batch, microBatches: microBatches, seed: seed,
      groupsByLength: groupsByLength,
      monitor: monitor == .accuracy ? .metric("accuracy") : .loss, patience: earlyStopping,
      evaluationBatchSize: shape.evaluationBatch,
      precision: precision.ofProducts)
    func make(_ optimizer: some BackpropNN.Optimizer) -> Trainer {
      Trainer(network, optimizer: optimizer, goal: goal, options: options)
    }
    return make(optimizer(for: network, stepsPerEpoch: stepsPerEpoch))
  }

  /// The learning rate of each step.
  func learningRate(stepsPerEpoch: Int) -> LearningRate {
    let warmup = Int((warmupEpochs * Double(stepsPerEpoch)).rounded())
    let rest = max(1, epochs * stepsPerEpoch - warmup)
    let period = max(1, Int((decayEpochs * Double(stepsPerEpoch)).rounded()))
    let last = finalLearningRate
    let rate: LearningRate =
      switch schedule {
      case .constant: .constant(learningRate)
      case .step: .step(from: learningRate, every: period, factor: decayFactor)
      case .exponential:
        .exponential(from: learningRate, factor: root(decayFactor, Double(period)))
      case .linear: .linear(from: learningRate, to: last, steps: rest)
      case .cosine: .cosine(from: learningRate, to: last, steps: rest)
      case .cosine_restarts: .cosineRestarts(from: learningRate, to: last, period: period)
      case .one_cycle: .oneCycle(maximum: learningRate, steps: rest)
      case .plateau:
        .plateau(
          from: learningRate,
          Plateau(factor: decayFactor, patience: max(0, Int(decayEpochs.rounded()) - 1)))
      }
    return warmup > 0 ? .warmup(warmup, then: rate) : rate
  }

  private func optimizer(for network: Network, stepsPerEpoch: Int) -> any BackpropNN.Optimizer {
    let rate = learningRate(stepsPerEpoch: stepsPerEpoch)
    let clipping: Clipping? =
      clipNorm.map { .norm(Float($0)) } ?? clipValue.map { .value(Float($0)) }
    let options = OptimizerOptions(
      l1: l1, clipping: clipping, averaging: weightAverage, decaysVectors: false)
    let decay = weightDecay
    return switch optimizer {
    case .sgd:
      SGD(
        network, learningRate: rate, momentum: momentum, nesterov: nesterov, l2: l2,
        weightDecay: decay, options: options)
    case .adagrad:
      Adagrad(network, learningRate: rate, l2: l2, weightDecay: decay, options: options)
    case .rmsprop:
      RMSprop(
        network, learningRate: rate, momentum: momentum, l2: l2, weightDecay: decay,
        options: options)
    case .adadelta:
      Adadelta(network, learningRate: rate, l2: l2, weightDecay: decay, options: options)
    case .adam:
      Adam(network, learningRate: rate, l2: l2, options: options)
    case .amsgrad:
      AMSGrad(network, learningRate: rate, l2: l2, weightDecay: decay, options: options)
    case .adamw: AdamW(network, learningRate: rate, weightDecay: decay, options: options)
    case .lion: Lion(network, learningRate: rate, weightDecay: decay, options: options)
    case .muon:
      Muon(
        network, learningRate: rate, momentum: momentum, weightDecay: decay, options: options)
    case .lamb: LAMB(network, learningRate: rate, weightDecay: decay, options: options)
    }
  }
}

/// The n-th root of a number in 0 ... 1, by Newton's method: the same with every C library.
private func root(_ value: Double, _ n: Double) -> Double {
  guard value > 0, value < 1 else { return value }
  // From a value that is too large each step comes nearer from above.
  var x = 1.0
  for _ in 0..<200 {
    var power = 1.0
    for _ in 0..<max(0, Int(n) - 1) { power *= x }
    let next = x - (power * x - value) / (n * power)
    if next >= x { break }
    x = next
  }
  return x
}
