// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// How a ``Trainer`` goes through its examples.
public struct TrainingOptions: Sendable {
  /// What decides which epoch is the best.
  public enum Monitor: Hashable, Sendable {
    /// The lowest validation loss.
    case loss
    /// The highest value of a metric; of equal ones that with the lower loss.
    case metric(String)
  }

  /// Passes over the training examples.
  public var epochs: Int
  /// Examples in a training step; the last step of an epoch may have fewer.
  public var batchSize: Int
  /// In how many parts a step's batch is computed, one after another. The gradients add up to
  /// those of the whole batch: Σ sums / Σ weights.
  public var microBatches: Int
  /// The order of the examples, dropout and other draws follow from it.
  public var seed: UInt64
  /// Whether texts of similar length share a batch, which then has little padding; see
  /// ``BatchOrder``.
  public var groupsByLength: Bool
  /// What decides which epoch is the best.
  public var monitor: Monitor
  /// Stop after so many epochs without a better one; nil: never.
  public var patience: Int?
  /// Examples computed at a time when nothing is learned.
  public var evaluationBatchSize: Int
  /// Seconds between saved states at most; where saving is quick they are fewer.
  public var secondsBetweenSaves: Double
  /// The type that layers compute in; weights, losses and updates stay float32. nil: that of
  /// their input.
  public var precision: DType?

  /// Options; only the number of epochs and the batch have no default.
  public init(
    epochs: Int, batchSize: Int, microBatches: Int = 1, seed: UInt64 = 0,
    groupsByLength: Bool = false, monitor: Monitor = .loss, patience: Int? = nil,
    evaluationBatchSize: Int = 1024,
    secondsBetweenSaves: Double = 5, precision: DType? = nil
  ) {
    precondition(epochs > 0, "a training has at least one epoch, not \(epochs)")
    precondition(microBatches > 0, "a batch has at least one part, not \(microBatches)")
    self.epochs = epochs
    self.batchSize = batchSize
    self.microBatches = microBatches
    self.seed = seed
    self.groupsByLength = groupsByLength
    self.monitor = monitor
    self.patience = patience
    self.evaluationBatchSize = evaluationBatchSize
    self.secondsBetweenSaves = secondsBetweenSaves
    self.precision = precision
  }
}
