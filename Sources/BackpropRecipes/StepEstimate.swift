// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropNN
import BackpropRuntime
import BackpropTraining

/// What a training step of a recipe costs, known before any data is read or weight is drawn.
public struct StepEstimate: Sendable {
  /// The network, with shapes and without values.
  public let network: Network
  /// Parameters that are trained.
  public let parameters: Int
  /// Multiplications and additions in a step.
  public let operations: Int
  /// Bytes that a step's kernels read and write.
  public let bytesMoved: Int
  /// Bytes of weights, optimizer slots, one batch and everything in between, at their most.
  public let peakBytes: Int
  /// Kernels that a step runs.
  public let kernels: Int

  /// Plans a step of a recipe for data of a shape.
  ///
  /// - Throws: the ``ShapeError`` of a network that does not fit the data.
  public init(_ recipe: Recipe, shape: DataShape) throws {
    let network = try Network(recipe.model, for: shape, augmentation: recipe.training.augmentation)
    network.initialize(seed: 0)
    let goal = Goal(task: recipe.task, shape: shape, target: nil)
    let weights: [Float]? =
      recipe.training.balanceClasses ? Array(repeating: 1, count: shape.outputs) : nil
    let trainer = recipe.training.trainer(
      network, goal: goal.training(network, recipe.training, weights: weights), seed: 0,
      stepsPerEpoch: 1, shape: shape)
    let count = max(1, recipe.training.batch / recipe.training.microBatches)
    let batch = Batch.shaped(shape, count: count, task: recipe.task)
    // The first step makes the optimizer's slots; the second is like all that follow.
    _ = try StepEstimate.plan(trainer, batch)
    let plan = try StepEstimate.plan(trainer, batch)
    self.network = network
    parameters = network.parameters().reduce(0) { $0 + $1.count }
    operations = plan.operations * recipe.training.microBatches
    bytesMoved = plan.bytesMoved * recipe.training.microBatches
    peakBytes = plan.peakBytes
    kernels = plan.steps.count * recipe.training.microBatches
  }

  /// The plan of a step whose leaves have shapes and no values.
  private static func plan(_ trainer: Trainer, _ batch: Batch) throws -> Plan {
    let state = trainer.optimizer.state
    for parameter in state.parameters {
      parameter.replace(.shaped(parameter.shape, parameter.dtype))
    }
    for buffer in state.buffers { buffer.replace(.shaped(buffer.shape, buffer.dtype)) }
    let slots = state.tensors.map { ($0.name, $0.tensor.withoutValue) }
    try state.restore(step: state.step, tensors: Dictionary(slots) { first, _ in first })
    let precision = trainer.options.precision
    let (loss, gradients) = try Context.training(seed: 0, step: 0, precision: precision) {
      try valueAndGradient(of: state.parameters) { trainer.goal.loss(for: batch) }
    }
    let mean = loss.mean
    let (pending, undo) = state.install(state.pending(consume gradients))
    defer { withExtendedLifetime(undo) {} }
    return try Evaluator.plan(pending.map(\.node) + [mean.node])
  }
}

/// Stands where a value will be.
private final class NoValue {}

extension Tensor {
  /// A tensor that has a shape and can be planned with, but not computed.
  fileprivate static func shaped(_ shape: Shape, _ dtype: DType) -> Tensor {
    Tensor(Node(value: NoValue(), shape: shape, dtype: dtype))
  }

  fileprivate var withoutValue: Tensor { .shaped(shape, dtype) }
}

extension Batch {
  /// A batch that has shapes and can be planned with, but not computed.
  fileprivate static func shaped(
    _ shape: DataShape, count: Int, task: Recipe.Task
  ) -> Batch {
    let type: DType = shape.isImage ? .uint8 : (shape.vocabularySize == nil ? .float32 : .int32)
    let targets: Shape =
      task == .generation || task == .translation
      ? Shape([count] + shape.example)
      : shape.series?.horizon != nil ? [count, shape.outputs] : [count]
    return Batch(
      features: .shaped(Shape([count] + shape.example), type),
      codes: shape.codeCounts.isEmpty ? nil : .shaped([count, shape.codeCounts.count], .int32),
      targets: .shaped(targets, task == .regression ? .float32 : .int32),
      lengths: shape.series?.hasLengths == true ? .shaped([count], .int32) : nil, count: count)
  }
}
