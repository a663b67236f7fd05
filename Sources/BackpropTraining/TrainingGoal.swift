// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
public import BackpropGraph
public import BackpropNN

/// What a model is trained for: how it is applied to a batch, what is made small, and how good it
/// is.
public struct TrainingGoal: Sendable {
  /// The model's outputs for a batch, the examples along the first axis.
  public let outputs: @Sendable (Batch) -> Tensor
  /// What is made small, from the outputs.
  public let loss: @Sendable (Tensor, Batch) -> Loss
  /// Figures for people from the outputs of all examples of a part, row-major.
  public let metrics: @Sendable ([Float], Examples) -> Metrics

  /// Whether the metrics need the outputs; if not, those of all examples are never held at once.
  public let readsOutputs: Bool

  /// A goal of one's own.
  ///
  /// - Parameter metrics: computed on a whole part after each epoch; none by default.
  public init(
    outputs: @escaping @Sendable (Batch) -> Tensor,
    loss: @escaping @Sendable (Tensor, Batch) -> Loss,
    readsOutputs: Bool = true,
    metrics: @escaping @Sendable ([Float], Examples) -> Metrics = { _, _ in Metrics() }
  ) {
    self.readsOutputs = readsOutputs
    self.outputs = outputs
    self.loss = loss
    self.metrics = metrics
  }

  /// What is made small for a batch; losses are computed in float32 whatever the layers' type.
  package func loss(for batch: Batch) -> Loss { loss(outputs(batch).cast(to: .float32), batch) }
}
