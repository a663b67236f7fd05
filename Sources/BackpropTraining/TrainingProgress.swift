// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Where a training stands: everything that is needed to go on exactly, but for the tensors.
public struct TrainingProgress: Hashable, Sendable {
  /// Training steps done since the start. Epoch, batch and every random draw follow from it.
  public var position = 0
  /// The sum of the losses of the running epoch's examples, in float32 as it is added up.
  public var lossSum: Float = 0
  /// Examples that `lossSum` is of.
  public var lossCount = 0
  /// The best epoch so far, counted from 1; nil before the first was compared.
  public var bestEpoch: Int?
  /// The figures of the best epoch.
  public var bestMetrics: Metrics?
  /// Epochs since the best one.
  public var waited = 0
  /// Seconds that earlier processes spent on this run.
  public var secondsBefore = 0.0
  /// Whether the training ended: all epochs are done, or nothing better came.
  public var isComplete = false
  /// The number of complete epochs, also where `history` isn't there.
  package var epochsDone = 0
  /// The reports of the complete epochs.
  public var history: [EpochReport] = []

  /// The start.
  public init() {}
}

/// Something that went wrong in a training, with the remedy.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What happened, with which values and where.
  public let what: String
  /// What to do about it; may be empty.
  public let remedy: String

  /// Makes an error; `what` and `remedy` start in lower case and carry no full stop.
  public init(what: String, remedy: String = "") {
    self.what = what
    self.remedy = remedy
  }

  /// One sentence: what happened, what to do.
  public var description: String { "\(what)\(remedy.isEmpty ? "" : "; \(remedy)")." }
}
