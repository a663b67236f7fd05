// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Synchronization

/// Lowers the learning rate when a metric has stopped improving.
public final class Plateau: Sendable {
  /// What counts as an improvement.
  public enum Threshold: Sendable, Hashable {
    /// By this part of the best value.
    case relative(Double)
    /// By this much.
    case absolute(Double)
  }

  /// What must be saved to go on exactly: part of an optimizer's state.
  public struct Memory: Sendable, Hashable {
    /// What the rate has been multiplied by so far.
    public var factor = 1.0
    /// The best metric so far; nil before the first.
    public var best: Double?
    /// How many observations in a row brought no improvement.
    public var waited = 0
    /// How many observations still to wait before counting again.
    public var cooldown = 0
  }

  private let factor: Double
  private let patience: Int
  private let threshold: Threshold
  private let cooldown: Int
  private let isLowerBetter: Bool
  private let floor: Double
  private let state = Mutex(Memory())

  /// A watcher of a metric.
  ///
  /// - Parameters:
  ///   - factor: what the rate is multiplied by.
  ///   - patience: how many observations without improvement are put up with.
  ///   - threshold: what counts as an improvement.
  ///   - cooldown: observations after a reduction that do not count.
  ///   - minimum: the least rate, as a part of the first rate.
  ///   - isLowerBetter: true for a loss, false for an accuracy.
  public init(
    factor: Double = 0.1, patience: Int = 10, threshold: Threshold = .relative(1e-4),
    cooldown: Int = 0, minimum: Double = 0, isLowerBetter: Bool = true
  ) {
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.cooldown = cooldown
    self.isLowerBetter = isLowerBetter
    floor = minimum
  }

  /// What the rate has been multiplied by so far.
  public var scale: Double { state.withLock { $0.factor } }

  /// What must be saved to go on exactly.
  public var memory: Memory {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }

  /// Takes note of the metric after an epoch or a validation. NaN is no improvement.
  public func observe(_ metric: Double) {
    state.withLock { state in
      if isBetter(metric, than: state.best) {
        state.best = metric
        state.waited = 0
      } else {
        state.waited += 1
      }
      if state.cooldown > 0 {
        state.cooldown -= 1
        state.waited = 0
      }
      if state.waited > patience {
        state.factor = max(state.factor * factor, floor)
        state.cooldown = cooldown
        state.waited = 0
      }
    }
  }

  private func isBetter(_ metric: Double, than best: Double?) -> Bool {
    guard let best else { return !metric.isNaN }
    switch (threshold, isLowerBetter) {
    case (.relative(let part), true): return metric < best * (1 - part)
    case (.relative(let part), false): return metric > best * (1 + part)
    case (.absolute(let by), true): return metric < best - by
    case (.absolute(let by), false): return metric > best + by
    }
  }
}

extension LearningRate {
  /// A rate that a ``Plateau`` lowers when told that a metric stopped improving.
  public static func plateau(from rate: Double, _ plateau: Plateau = Plateau()) -> LearningRate {
    LearningRate("plateau from \(rate)", plateau: plateau) { _ in rate * plateau.scale }
  }
}
