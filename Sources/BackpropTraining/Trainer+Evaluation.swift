// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropGraph
import BackpropNN
import BackpropRuntime

extension Trainer {
  /// Loss and metrics of the model as it is now on a part whose targets are known.
  public func evaluate(on examples: Examples) throws -> Metrics {
    let outcome = try outputs(for: examples, withLoss: true)
    var metrics = Metrics()
    metrics["loss"] = outcome.loss
    return metrics.merging(goal.metrics(outcome.outputs, examples))
  }

  /// The outputs of the model as it is now for all examples, row-major.
  public func outputs(for examples: Examples) throws -> [Float] {
    try outputs(for: examples, withLoss: false).outputs
  }

  private func outputs(
    for examples: Examples, withLoss: Bool
  ) throws -> (outputs: [Float], loss: Double?) {
    let source = BatchSource(examples)
    let indices = Array(0..<examples.count)
    var all: [Float] = []
    var (sum, weight) = (0.0, 0.0)
    var start = 0
    while start < indices.count {
      let end = min(start + options.evaluationBatchSize, indices.count)
      let batch = source.batch(indices[start..<end])
      try Context.evaluating(precision: options.precision) {
        let outputs = goal.outputs(batch).cast(to: .float32)
        if withLoss {
          let loss = goal.loss(outputs, batch)
          try BackpropRuntime.evaluate(
            [loss.sum, loss.weight] + (goal.readsOutputs ? [outputs] : []))
          sum += Double(try loss.sum.scalar())
          weight += Double(try loss.weight.scalar())
          if !goal.readsOutputs { return }
        }
        let values = try outputs.array(of: Float.self)
        if all.isEmpty { all.reserveCapacity(values.count / batch.count * indices.count) }
        all += values
      }
      start = end
    }
    return (all, withLoss ? sum / (weight == 0 ? 1 : weight) : nil)
  }
}
