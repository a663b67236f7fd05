// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropNN
import BackpropRuntime

/// Says where numbers first stopped being numbers.
///
/// Every step is a pure function of the position, so the steps since the start of the epoch are
/// simply made again, looking at each; until then looking costs nothing.
struct Guardian {
  /// Larger models are not remembered: it would cost their size in memory.
  private static let largestMemory = 64 << 20

  private struct Moment {
    let weights: Weights
    let slots: [(name: String, tensor: Tensor)]
    let step: Int
    let plateau: Plateau.Memory?
    let position: Int
  }
  private var moment: Moment?

  /// Remembers the state at the start of some steps.
  mutating func remember(_ trainer: Trainer) {
    let byteCount = trainer.parameters.reduce(0) { $0 + $1.count * $1.dtype.byteCount }
    let state = trainer.optimizer.state
    moment =
      byteCount > Guardian.largestMemory
      ? nil
      : Moment(
        weights: Weights(of: trainer.table), slots: state.tensors, step: state.step,
        plateau: state.learningRate.plateau?.memory, position: trainer.progress.position)
  }

  /// The error for a loss that is not finite.
  func explain(_ trainer: Trainer, _ run: EpochRun, _ sum: Float) throws -> TrainingError {
    let (epoch, batch) = run.order.place(ofPosition: max(trainer.progress.position - 1, 0))
    guard let moment else {
      let layer = try Guardian.firstNonFinite(Weights(of: trainer.table), trainer)
      return error(
        "the loss became \(Guardian.name(sum)) in epoch \(epoch + 1), by step \(batch + 1)",
        layer.map { "; the first layer with values that are not finite is \($0)" }, trainer)
    }
    let end = trainer.progress.position
    moment.weights.install(in: trainer.table)
    let state = trainer.optimizer.state
    try state.restore(
      step: moment.step,
      tensors: Dictionary(moment.slots.map { ($0.name, $0.tensor) }) { first, _ in first })
    if let memory = moment.plateau { state.learningRate.plateau?.memory = memory }
    trainer.progress.position = moment.position
    let start = run.order.place(ofPosition: moment.position).epoch
    let indices = run.order.order(epoch: start)
    let source = run.source(epoch: start)
    while trainer.progress.position < end {
      let place = run.order.place(ofPosition: trainer.progress.position)
      let range = run.order.range(ofBatch: place.batch)
      let before = Weights(of: trainer.table)
      let (mean, gradients) = try trainer.makeStep(indices[range], source)
      let norms = gradients.norms
      let parameters = gradients.parameters
      try trainer.optimizer.update(gradients, evaluating: [mean] + norms)
      let loss = try mean.scalar()
      if !loss.isFinite {
        let cause = try cause(
          before, zip(parameters, norms), source.batch(indices[range]), trainer)
        return error(
          "the loss became \(Guardian.name(loss)) in epoch \(place.epoch + 1), step \(place.batch + 1)",
          cause,
          trainer)
      }
      trainer.progress.position += 1
    }
    return error(
      "the sum of the losses became \(Guardian.name(sum)) in epoch \(epoch + 1)", nil, trainer)
  }

  private func cause(
    _ before: Weights, _ norms: some Sequence<(Parameter, Tensor)>, _ batch: Batch,
    _ trainer: Trainer
  ) throws -> String? {
    if batch.features.dtype == .float32,
      try batch.features.array(of: Float.self).contains(where: { !$0.isFinite })
    {
      return ": the batch has features that are not finite"
    }
    if let layer = try Guardian.firstNonFinite(before, trainer) {
      return ": the first layer with values that are not finite is \(layer), after the step before"
    }
    for (parameter, norm) in norms where !(try norm.scalar()).isFinite {
      return ": the first layer with values that are not finite is \(parameter.path), in its "
        + "gradient"
    }
    return nil
  }

  private func error(_ what: String, _ cause: String?, _ trainer: Trainer) -> TrainingError {
    TrainingError(
      what: what + (cause ?? ""),
      remedy: "lower the learning rate (it is \(Float(trainer.optimizer.state.rate))) or clip the "
        + "gradients, for example with training.clip_norm=1")
  }

  /// NaN has a sign bit, which says nothing.
  private static func name(_ loss: Float) -> String { loss.isNaN ? "NaN" : "\(loss)" }

  private static func firstNonFinite(_ weights: Weights, _ trainer: Trainer) throws -> String? {
    for (entry, value) in zip(trainer.table.parameters, weights.parameters) {
      let values = try value.cast(to: .float32).array(of: Float.self)
      if values.contains(where: { !$0.isFinite }) { return entry.path }
    }
    return nil
  }
}
