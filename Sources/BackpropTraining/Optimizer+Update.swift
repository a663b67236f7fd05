// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN
import BackpropRuntime

extension Optimizer {
  /// Moves the parameters by one step: computes the new values, the optimizer's slots and the
  /// model's staged buffers in one plan, and stores them.
  ///
  /// Loss, gradients and new weights are planned together: a gradient that nobody else holds is
  /// never written to memory as such, and the weights are updated in place.
  ///
  /// - Parameters:
  ///   - gradients: consumed; they may still have to be divided by a weight.
  ///   - others: what else to compute in the same plan, e.g. the loss.
  /// - Throws: the ``ShapeError`` that a gradient carries, or what went wrong while computing. The
  ///   parameters then are as they were before.
  public func update(
    _ gradients: consuming Gradients, evaluating others: [Tensor] = []
  ) throws {
    let update = state.pending(gradients)
    let (tensors, undo) = state.install(update)
    do {
      try evaluate(tensors + others)
    } catch {
      undo.restore()
      throw error
    }
  }

  /// Moves a model's parameters by one step; see ``update(_:evaluating:)``.
  public func update(_ model: some Module, _ gradients: consuming Gradients) throws {
    try update(gradients)
  }
}

extension Module {
  /// Draws the initial values of all parameters that have none yet, in one plan.
  ///
  /// - Throws: what went wrong while computing.
  public func prepare() throws {
    let table = self.table
    try evaluate(table.parameters.map(\.parameter.value) + table.buffers.map(\.buffer.value))
  }
}
