// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropGraph

/// An update that was written down once and is applied in every later step of the same structure:
/// one node and one for each result, however much the optimizer does.
struct UpdateTemplate: Sendable {
  /// What must be equal for a template to fit.
  struct Key: Hashable, Sendable {
    /// For each gradient four times the optimizer's index, plus 1 if the slots exist, plus 2 if the
    /// average does; −1 where there is nothing to update.
    var targets: [Int]
    var hasWeight: Bool
  }

  /// A parameter that gets a new value, and which of its slots do.
  struct Target: Sendable {
    let index: Int
    let slots: [Int]
  }

  let key: Key
  let function: FunctionID
  /// Operands behind those of the step: numbers that the optimizer wrote down.
  let captures: [Node]
  let targets: [Target]

  /// The new values for this step's operands.
  func applied(to operands: [Node], averaging: Bool) -> PendingUpdate {
    let outputs = call(function, operands + captures)
    var update = PendingUpdate()
    update.targets.reserveCapacity(targets.count)
    update.parameters.reserveCapacity(targets.count)
    update.slots.reserveCapacity(targets.count)
    var next = 0
    func take() -> Tensor {
      next += 1
      return Tensor(outputs[next - 1])
    }
    for target in targets {
      update.targets.append(target.index)
      update.parameters.append(take())
      var slots = Slots()
      for slot in target.slots { slots[slot] = take() }
      update.slots.append(slots)
      update.averages.append(averaging ? take() : nil)
    }
    return update
  }
}

/// The new values of a step: pending, and not yet in their cells.
package struct PendingUpdate {
  /// Indices into the optimizer's parameters.
  package var targets: [Int] = []
  package var parameters: [Tensor] = []
  package var slots: [Slots] = []
  package var averages: [Tensor?] = []
}
