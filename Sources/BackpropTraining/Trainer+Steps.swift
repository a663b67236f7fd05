// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropNN
import BackpropRuntime

extension Trainer {
  /// The steps of an epoch (counted from 0) from a batch on; false if asked to stop in between.
  func runSteps(ofEpoch epoch: Int, from first: Int, _ run: EpochRun) throws -> Bool {
    let indices = run.order.order(epoch: epoch)
    let batches = run.order.batchesPerEpoch
    let source = run.source(epoch: epoch)
    var meter = Meter(trainer: self, epoch: epoch, batches: batches, first: first)
    guardian.remember(self)
    var total = Tensor(progress.lossSum)
    for batch in first..<batches {
      if shouldStop() {
        progress.lossSum = try total.scalar()
        return false
      }
      let places = run.order.range(ofBatch: batch)
      let isLast = batch == batches - 1
      let (loss, gradients) = try makeStep(indices[places], source)
      total = total + (consume loss) * Float(places.count)
      var wanted = [total]
      if isLast {
        // Norms are of interest once an epoch; then they are computed in the step's own plan.
        let end = EpochEnd(gradients.parameters, gradients.norms, optimizer.state.rate)
        wanted += end.norms
        epochEnd = end
      }
      // Consumed: a gradient that nobody else holds need not be written to memory.
      try optimizer.update(consume gradients, evaluating: wanted)
      progress.position += 1
      progress.lossCount += places.count
      if isProgressWanted, meter.isDue() {
        let sum = try total.scalar()
        guard sum.isFinite else { throw try guardian.explain(self, run, sum) }
        tell(.progress(meter.progress(batch: batch + 1, examples: progress.lossCount, sum)))
      }
      // After the last step the epoch has to be finished first.
      if !isLast, isSaveDue {
        progress.lossSum = try total.scalar()
        try saveNow()
      }
    }
    progress.lossSum = try total.scalar()
    guard progress.lossSum.isFinite else {
      throw try guardian.explain(self, run, progress.lossSum)
    }
    examplesPerSecond = meter.overallRate(examples: run.order.count)
    return true
  }

  /// Loss and gradients of one step, written down and not yet computed.
  func makeStep(
    _ indices: ArraySlice<Int>, _ source: BatchSource
  ) throws -> (loss: Tensor, gradients: Gradients) {
    try Context.training(
      seed: options.seed, step: progress.position, precision: options.precision
    ) {
      if options.microBatches == 1 {
        let batch = source.batch(indices)
        let (loss, gradients) = try valueAndGradient(of: parameters) { goal.loss(for: batch) }
        return (loss.mean, gradients)
      }
      return try makeStepOfParts(indices, source)
    }
  }

  /// The same by micro-batches: sums and weights are added up and divided once.
  private func makeStepOfParts(
    _ indices: ArraySlice<Int>, _ source: BatchSource
  ) throws -> (loss: Tensor, gradients: Gradients) {
    let size = max(1, options.batchSize / options.microBatches)
    var total: (loss: Loss, gradients: Gradients)?
    var start = indices.startIndex
    while start < indices.endIndex {
      let end = min(start + size, indices.endIndex)
      let batch = source.batch(indices[start..<end])
      let part = try valueAndGradient(of: parameters, dividing: false) { goal.loss(for: batch) }
      // Evaluated part by part, so that only one part's intermediate results exist at a time.
      try BackpropRuntime.evaluate(
        part.gradients.tensors + [part.loss.sum, part.loss.weight]
          + (part.gradients.weight.map { [$0] } ?? []))
      total = total.map { ($0.loss + part.loss, $0.gradients + part.gradients) } ?? part
      start = end
    }
    guard let total else { throw TrainingError(what: "a batch without examples") }
    return (total.loss.mean, total.gradients)
  }
}

/// What is asked of an epoch's last step.
struct EpochEnd {
  let parameters: [Parameter]
  let norms: [Tensor]
  let rate: Double

  init(_ parameters: [Parameter], _ norms: [Tensor], _ rate: Double) {
    self.parameters = parameters
    self.norms = norms
    self.rate = rate
  }
}

/// Rates and times of an epoch, for the screen.
struct Meter {
  private let epoch: Int
  private let batches: Int
  private let remainingEpochs: Int
  private let start: Double
  private let first: Int
  private let watch: Stopwatch
  private let batchSize: Int
  private var last: (seconds: Double, batch: Int)
  private var next: Double
  private var rate = 0.0

  init(trainer: Trainer, epoch: Int, batches: Int, first: Int) {
    self.epoch = epoch
    self.batches = batches
    self.first = first
    remainingEpochs = trainer.options.epochs - epoch - 1
    watch = trainer.watch
    batchSize = trainer.options.batchSize
    start = watch.seconds
    last = (start, first)
    next = start + 0.1
  }

  /// Whether it is time for news.
  func isDue() -> Bool { watch.seconds >= next }

  mutating func progress(batch: Int, examples: Int, _ sum: Float) -> Event.Progress {
    let now = watch.seconds
    let fresh = Double((batch - last.batch) * batchSize) / max(now - last.seconds, 1e-9)
    rate = rate == 0 ? fresh : 0.7 * rate + 0.3 * fresh
    last = (now, batch)
    next = now + 0.1
    let perBatch = (now - start) / Double(max(batch - first, 1))
    let left = Double(batches - batch) + Double(remainingEpochs * batches)
    return Event.Progress(
      epoch: epoch + 1, step: batch, examplesPerSecond: rate,
      loss: Double(sum) / Double(max(examples, 1)), secondsLeft: perBatch * left)
  }

  func overallRate(examples: Int) -> Double {
    let share = Double(batches - first) / Double(max(batches, 1))
    return Double(examples) * share / max(watch.seconds - start, 1e-9)
  }
}
