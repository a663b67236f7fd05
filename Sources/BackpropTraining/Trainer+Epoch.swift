// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropNN
import BackpropRuntime

extension Trainer {
  /// Validates after the last step of an epoch (counted from 0), compares, reports, and decides
  /// whether the training is complete.
  func finishEpoch(_ epoch: Int, _ order: BatchOrder, _ validation: Examples?) throws {
    var train = Metrics()
    train["loss"] = Double(progress.lossSum) / Double(max(progress.lossCount, 1))
    var report = EpochReport(
      epoch: epoch + 1, train: train, validation: nil,
      learningRate: epochEnd?.rate ?? optimizer.state.rate, examplesPerSecond: examplesPerSecond,
      isBest: validation == nil, gradientNorms: try norms(), seconds: 0)
    if let validation {
      let metrics = try optimizer.state.withAverages { () throws -> Metrics in
        let metrics = try evaluate(on: validation)
        if isBetter(metrics) {
          best = Weights(of: table)
          report.isBest = true
        }
        return metrics
      }
      report.validation = metrics
      if report.isBest {
        progress.bestEpoch = epoch + 1
        progress.bestMetrics = metrics
        progress.waited = 0
      } else {
        progress.waited += 1
      }
    } else if epoch == options.epochs - 1 {
      optimizer.state.withAverages { best = Weights(of: table) }
    }
    if let plateau = optimizer.state.learningRate.plateau {
      plateau.observe(report.validation?["loss"] ?? train["loss"] ?? .nan)
    }
    report.seconds = progress.secondsBefore + Stopwatch.process.seconds
    progress.lossSum = 0
    progress.lossCount = 0
    progress.history.append(report)
    progress.epochsDone += 1
    tell(.epoch(report))
    for warning in GradientHealth.warnings(report.gradientNorms, epoch: epoch + 1)
    where told.insert(warning.key).inserted {
      tell(.warning(warning.text))
    }
    if let patience = options.patience, progress.waited >= patience, epoch < options.epochs - 1 {
      progress.isComplete = true
      tell(
        .stopped(
          Event.Stop(
            reason: .noImprovement(epochs: patience), epoch: epoch + 1,
            bestEpoch: progress.bestEpoch)))
    }
    if epoch == options.epochs - 1 { progress.isComplete = true }
  }

  private func norms() throws -> [EpochReport.LayerNorm] {
    guard let end = epochEnd else { return [] }
    var result: [EpochReport.LayerNorm] = []
    for (parameter, norm) in zip(end.parameters, end.norms) {
      result.append(
        EpochReport.LayerNorm(path: parameter.path, norm: Double(try norm.scalar())))
    }
    return result
  }

  private func isBetter(_ metrics: Metrics) -> Bool {
    guard let best = progress.bestMetrics else { return true }
    let loss = metrics["loss"] ?? .nan
    let bestLoss = best["loss"] ?? .nan
    switch options.monitor {
    case .loss: return loss < bestLoss || bestLoss.isNaN
    case .metric(let name):
      let value = metrics[name] ?? .nan
      let bestValue = best[name] ?? .nan
      if value.isNaN { return false }
      if bestValue.isNaN { return true }
      if value == bestValue { return loss < bestLoss }
      return Metrics.isBetterWhenLarger(name) ? value > bestValue : value < bestValue
    }
  }
}
