// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropNN

/// Keeps a run's folder up to date while a trainer works: best weights, log, then the state, so
/// that the state never speaks of something that isn't there.
package final class RunSaver {
  private let folder: RunFolder
  private var writtenBest: Int?

  package init(_ folder: RunFolder) { self.folder = folder }

  /// Writes what changed since the last call.
  package func save(_ trainer: Trainer) throws {
    let isComplete = trainer.progress.isComplete
    if isComplete {
      try Weights(of: trainer.table).write(of: trainer.table, to: folder.weights)
    } else if let best = trainer.best, trainer.progress.bestEpoch != writtenBest {
      try best.write(of: trainer.table, to: folder.weights)
      writtenBest = trainer.progress.bestEpoch
    }
    try RunLog.write(trainer.progress.history, to: folder.log)
    // A complete run is marked as such before its state goes; until then it could be resumed.
    if !isComplete { try Checkpoint.write(trainer, to: folder.state) }
  }

  /// Brings a trainer to where the run stands. False where nothing was saved yet.
  package func restore(_ trainer: Trainer) throws -> Bool {
    guard folder.hasState else { return false }
    try Checkpoint.read(into: trainer, from: folder.state)
    let epochs = trainer.progress.epochsDone
    trainer.progress.history = epochs == 0 ? [] : try RunLog.read(folder.log, count: epochs)
    if trainer.progress.bestEpoch != nil {
      trainer.best = try Weights(of: trainer.table, from: folder.weights)
    }
    return true
  }
}
