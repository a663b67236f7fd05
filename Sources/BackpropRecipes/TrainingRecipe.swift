// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph

/// How the network of a recipe is trained.
public struct TrainingRecipe: Hashable, Sendable {
  /// What turns gradients into new weights.
  public enum Optimizer: String, Hashable, Sendable, CaseIterable {
    /// Gradient descent, with momentum unless told otherwise.
    case sgd
    /// ``Adagrad``
    case adagrad
    /// ``RMSprop``
    case rmsprop
    /// ``Adadelta``
    case adadelta
    /// ``Adam``
    case adam
    /// ``AMSGrad``
    case amsgrad
    /// ``AdamW``
    case adamw
    /// ``Lion``
    case lion
    /// ``Muon``, with AdamW for vectors.
    case muon
    /// ``LAMB``
    case lamb
  }

  /// How the learning rate changes over the training.
  public enum Schedule: String, Hashable, Sendable, CaseIterable {
    /// It stays.
    case constant
    /// It is multiplied by `decay_factor` every `decay_epochs`.
    case step
    /// It falls smoothly by `decay_factor` every `decay_epochs`.
    case exponential
    /// It falls in a straight line to `final_learning_rate`.
    case linear
    /// It falls along half a cosine to `final_learning_rate`.
    case cosine
    /// The cosine starts again every `decay_epochs`.
    case cosine_restarts
    /// It rises for three tenths of the training, then falls: one cycle.
    case one_cycle
    /// It is multiplied by `decay_factor` when `decay_epochs` bring nothing better.
    case plateau
  }

  /// What is made small.
  public enum Loss: String, Hashable, Sendable, CaseIterable {
    /// Cross-entropy of the classes.
    case cross_entropy
    /// Focal loss: cross-entropy that looks at the hard examples.
    case focal
    /// The squared error.
    case squared
    /// The absolute error.
    case absolute
    /// Squared near zero, absolute beyond.
    case huber
    /// The logarithm of the error's hyperbolic cosine.
    case log_cosh

    var tasks: [Recipe.Task] {
      switch self {
      case .cross_entropy: [.classification, .generation, .translation]
      case .focal: [.classification]
      case .squared, .absolute, .huber, .log_cosh: [.regression]
      }
    }
  }

  /// By what the best epoch is chosen.
  public enum Monitor: String, Hashable, Sendable, CaseIterable {
    /// The highest accuracy.
    case accuracy
    /// The lowest loss.
    case loss
  }

  /// In which type the steps are computed.
  public enum Precision: String, Hashable, Sendable, CaseIterable {
    /// All in float32.
    case float32
    /// Products in bfloat16, weights and sums in float32.
    case bfloat16
  }

  /// Passes over the training examples.
  public var epochs: Int
  /// Examples in a step.
  public var batch: Int
  /// In how many parts a batch is computed, one after another: less memory, the same result.
  public var microBatches: Int
  /// Whether texts of similar length share a batch, which then has little padding.
  public var groupsByLength: Bool
  /// What turns gradients into new weights.
  public var optimizer: Optimizer
  /// The learning rate at its highest.
  public var learningRate: Double
  /// Momentum of SGD, RMSprop and Muon.
  public var momentum: Double
  /// Whether SGD looks ahead.
  public var nesterov: Bool
  /// The pull of the weights toward zero, apart from the gradient where the optimizer says so.
  /// Biases and the gains of norms are left alone.
  public var weightDecay: Double
  /// How the learning rate changes.
  public var schedule: Schedule
  /// Epochs in which the learning rate first rises from zero.
  public var warmupEpochs: Double
  /// Where the schedule ends.
  public var finalLearningRate: Double
  /// The period of step, exponential, cosine_restarts and plateau.
  public var decayEpochs: Double
  /// The factor of step, exponential and plateau.
  public var decayFactor: Double
  /// What is made small.
  public var loss: Loss
  /// The share of the truth that is spread over all classes.
  public var labelSmoothing: Double
  /// Whether rare classes count more, so that all count alike together.
  public var balanceClasses: Bool
  /// The largest norm of all gradients together; nil: no limit.
  public var clipNorm: Double?
  /// The largest magnitude of an element of a gradient; nil: no limit.
  public var clipValue: Double?
  /// The factor of Σ|w| in what is made small.
  public var l1: Double
  /// The factor of ½Σw² in what is made small.
  public var l2: Double
  /// Stop after so many epochs without anything better; nil: train all epochs.
  public var earlyStopping: Int?
  /// By what the best epoch is chosen, on the validation part.
  public var monitor: Monitor
  /// The decay of a moving average of the weights that is used in their place; nil: none.
  public var weightAverage: Double?
  /// In which type the steps are computed.
  public var precision: Precision
  /// How images and recordings are shown otherwise every time.
  public var augmentation: Augmentation

  init(
    _ keys: Section<TrainingKey>, task: Recipe.Task, source: DataRecipe.Source
  ) throws(RecipeError) {
    epochs = try keys.integer(.epochs, in: 1...1_000_000, default: 20)
    batch = try keys.integer(.batch, in: 1...(1 << 24), default: 64)
    microBatches = try keys.integer(.micro_batches, in: 1...65536, default: 1)
    groupsByLength = try keys.flag(.group_by_length, default: source == .pairs)
    guard !groupsByLength || [.lines, .labeledText, .pairs].contains(source) else {
      throw keys.error(
        .group_by_length, "is for texts of different lengths, and the source is \(source.rawValue)",
        "remove it")
    }
    guard try keys.text(.optimizer) != "lbfgs" else {
      throw keys.error(
        .optimizer,
        "cannot be lbfgs, which evaluates the loss of all examples again and again and "
          + "takes no batches", "choose adamw here; the library has LBFGS")
    }
    optimizer = try keys.choice(.optimizer, default: .adamw)
    learningRate = try keys.number(.learning_rate, .positive, default: optimizer.usualRate)
    momentum = try keys.number(.momentum, .fraction, default: optimizer.usualMomentum)
    nesterov = try keys.flag(.nesterov, default: false)
    weightDecay = try keys.number(
      .weight_decay, .atLeastZero, default: optimizer.decaysApart ? 0.01 : 0)
    schedule = try keys.choice(.schedule, default: .constant)
    warmupEpochs = try keys.number(.warmup_epochs, .atLeastZero, default: 0)
    finalLearningRate = try keys.number(.final_learning_rate, .atLeastZero, default: 0)
    decayEpochs = try keys.number(.decay_epochs, .positive, default: 10)
    decayFactor = try keys.number(.decay_factor, .share, default: 0.5)
    let usual: Loss = task == .regression ? .squared : .cross_entropy
    loss = try keys.choice(.loss, default: usual)
    labelSmoothing = try keys.number(.label_smoothing, .fraction, default: 0)
    balanceClasses = try keys.flag(.balance_classes, default: false)
    clipNorm = try keys.number(.clip_norm, .positive)
    clipValue = try keys.number(.clip_value, .positive)
    l1 = try keys.number(.l1, .atLeastZero, default: 0)
    l2 = try keys.number(.l2, .atLeastZero, default: 0)
    earlyStopping = try keys.integer(.early_stopping, in: 1...1_000_000)
    monitor = try keys.choice(
      .monitor, default: task == .classification ? .accuracy : .loss)
    weightAverage = try keys.number(.weight_average, .fraction)
    precision = try keys.choice(.precision, default: .float32)
    augmentation = try Augmentation(keys)
    try check(keys, task)
  }

  private func check(_ keys: Section<TrainingKey>, _ task: Recipe.Task) throws(RecipeError) {
    guard loss.tasks.contains(task) else {
      let fitting = Loss.allCases.filter { $0.tasks.contains(task) }.map(\.rawValue)
      throw keys.error(
        .loss, "\(loss.rawValue) does not fit the task \(task.rawValue)",
        "choose one of \(fitting.joined(separator: ", "))")
    }
    guard monitor == .loss || task == .classification else {
      throw keys.error(.monitor, "accuracy is for classification", "write loss")
    }
    guard batch % microBatches == 0 else {
      throw keys.error(
        .micro_batches, "is \(microBatches), and a batch of \(batch) cannot be cut into as many",
        "choose a divisor of \(batch)")
    }
    guard labelSmoothing == 0 || loss == .cross_entropy else {
      throw keys.error(.label_smoothing, "is for cross_entropy", "remove it")
    }
    guard !balanceClasses || task == .classification else {
      throw keys.error(.balance_classes, "is for classification", "remove it")
    }
    guard momentum == 0 || optimizer == .sgd || optimizer == .rmsprop || optimizer == .muon else {
      throw keys.error(.momentum, "is not for \(optimizer.rawValue)", "remove it")
    }
    guard !nesterov || (optimizer == .sgd && momentum > 0) else {
      throw keys.error(.nesterov, "is for sgd with momentum", "remove it")
    }
    guard weightDecay == 0 || optimizer != .adam else {
      throw keys.error(
        .weight_decay, "is not for adam", "write training.optimizer: adamw, or training.l2")
    }
    guard l2 == 0 || !optimizer.decaysApart else {
      throw keys.error(
        .l2, "is not for \(optimizer.rawValue)", "write training.weight_decay instead")
    }
    guard clipNorm == nil || clipValue == nil else {
      throw keys.error(.clip_value, "stands beside training.clip_norm", "remove one of them")
    }
    guard decayEpochs <= 1_000_000 else {
      throw keys.error(.decay_epochs, "is at most 1000000, not \(decayEpochs)")
    }
    guard warmupEpochs < Double(epochs) else {
      throw keys.error(
        .warmup_epochs, "is \(warmupEpochs), and there are only \(epochs) epochs", "write less")
    }
  }

  var json: JSONObject {
    var object = JSONObject()
    object["epochs"] = .integer(epochs)
    object["batch"] = .integer(batch)
    object["micro_batches"] = .integer(microBatches)
    object["group_by_length"] = .bool(groupsByLength)
    object["optimizer"] = .string(optimizer.rawValue)
    object["learning_rate"] = .number(learningRate)
    object["momentum"] = .number(momentum)
    object["nesterov"] = .bool(nesterov)
    object["weight_decay"] = .number(weightDecay)
    object["schedule"] = .string(schedule.rawValue)
    object["warmup_epochs"] = .number(warmupEpochs)
    object["final_learning_rate"] = .number(finalLearningRate)
    object["decay_epochs"] = .number(decayEpochs)
    object["decay_factor"] = .number(decayFactor)
    object["loss"] = .string(loss.rawValue)
    object["label_smoothing"] = .number(labelSmoothing)
    object["balance_classes"] = .bool(balanceClasses)
    object["clip_norm"] = clipNorm.map { .number($0) }
    object["clip_value"] = clipValue.map { .number($0) }
    object["l1"] = .number(l1)
    object["l2"] = .number(l2)
    object["early_stopping"] = earlyStopping.map { .integer($0) }
    object["monitor"] = .string(monitor.rawValue)
    object["weight_average"] = weightAverage.map { .number($0) }
    object["precision"] = .string(precision.rawValue)
    augmentation.write(to: &object)
    return object
  }
}

extension TrainingRecipe.Precision {
  /// The type of products; nil: that of the weights.
  var ofProducts: DType? {
    switch self {
    case .float32: nil
    case .bfloat16: .bfloat16
    }
  }
}

extension TrainingRecipe.Optimizer {
  /// A learning rate that is a fair start.
  var usualRate: Double {
    switch self {
    case .sgd: 0.01
    case .adagrad: 0.01
    case .rmsprop, .adam, .amsgrad, .adamw: 1e-3
    case .adadelta: 1
    case .lion: 1e-4
    case .muon: 0.02
    case .lamb: 2e-3
    }
  }

  /// The momentum of those that have one.
  var usualMomentum: Double {
    switch self {
    case .sgd: 0.9
    case .muon: 0.95
    case .adagrad, .rmsprop, .adadelta, .adam, .amsgrad, .adamw, .lion, .lamb: 0
    }
  }

  /// Whether weight decay is part of the method, apart from the gradient.
  var decaysApart: Bool {
    switch self {
    case .adamw, .lion, .muon, .lamb: true
    case .sgd, .adagrad, .rmsprop, .adadelta, .adam, .amsgrad: false
    }
  }
}
