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

  /// The outputs of the model as it is now for all examples, row-major. Outputs for each place of a
  /// text are those of all places, what fills it up among them.
  public func outputs(for examples: Examples) throws -> [Float] {
    try outputs(for: examples, withLoss: false).outputs
  }

  private func outputs(
    for examples: Examples, withLoss: Bool
  ) throws -> (outputs: [Float], loss: Double?) {
    // Outputs for each place of a target must be of one length to stand side by side.
    let isRead = goal.readsOutputs || !withLoss
    let source = BatchSource(examples, trims: !isRead || examples.targets?.padding == nil)
    // Texts of similar length together have little padding.
    let lengths = examples.paddedLengths
    let indices =
      lengths.map { lengths in
        (0..<examples.count).sorted { (lengths[$0], $0) < (lengths[$1], $1) }
      } ?? Array(0..<examples.count)
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
        }
        guard isRead else { return }
        let values = try outputs.array(of: Float.self)
        let size = values.count / batch.count
        if lengths == nil {
          if all.isEmpty { all.reserveCapacity(size * indices.count) }
          all += values
        } else {
          if all.isEmpty { all = [Float](repeating: 0, count: size * indices.count) }
          for (row, index) in indices[start..<end].enumerated() {
            all.replaceSubrange(
              index * size..<(index + 1) * size, with: values[row * size..<(row + 1) * size])
          }
        }
      }
      start = end
    }
    return (all, withLoss ? sum / (weight == 0 ? 1 : weight) : nil)
  }
}
