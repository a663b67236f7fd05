// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropGraph
import Synchronization

extension OptimizerState {
  /// All that an optimizer remembers at one moment. Values are immutable tensors, so this costs no
  /// copy; the next update writes its result to fresh memory instead of in place.
  package struct Snapshot: Sendable {
    /// The number of updates.
    package var step: Int
    /// The slots of each parameter, in the order of `parameters`.
    package var slots: [Slots]
    /// The moving average of each parameter.
    package var averages: [Tensor?]
    /// The memories of the schedules that watch a metric, in the order of the groups.
    package var plateaus: [Plateau.Memory]

    package init(
      step: Int, slots: [Slots], averages: [Tensor?], plateaus: [Plateau.Memory]
    ) {
      self.step = step
      self.slots = slots
      self.averages = averages
      self.plateaus = plateaus
    }
  }

  /// Whether a moving average of the weights is kept.
  package var keepsAverages: Bool { averaging != nil }

  /// What is remembered now.
  package var snapshot: Snapshot {
    let plateaus = watchers.map(\.memory)
    return memory.withLock {
      Snapshot(step: $0.step, slots: $0.slots, averages: $0.averages, plateaus: plateaus)
    }
  }

  /// Goes back to what was remembered then.
  ///
  /// - Precondition: the snapshot is of this optimizer, or of one made alike for the same model.
  package func restore(_ snapshot: Snapshot) {
    precondition(
      snapshot.slots.count == parameters.count && snapshot.averages.count == parameters.count,
      "a snapshot of \(snapshot.slots.count) parameters for \(parameters.count)")
    memory.withLock {
      $0.step = snapshot.step
      $0.slots = snapshot.slots
      $0.averages = snapshot.averages
    }
    for (watcher, memory) in zip(watchers, snapshot.plateaus) { watcher.memory = memory }
  }

  private var watchers: [Plateau] { groups.compactMap(\.learningRate.plateau) }
}

extension Plateau.Memory {
  /// A memory that was saved.
  package init(restoring factor: Double, best: Double?, waited: Int, cooldown: Int) {
    self.init()
    self.factor = factor
    self.best = best
    self.waited = waited
    self.cooldown = cooldown
  }
}
