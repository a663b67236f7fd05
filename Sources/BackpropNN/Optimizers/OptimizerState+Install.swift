// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropGraph
import Synchronization

extension OptimizerState {
  /// Puts the pending values of a step into their cells, and staged values into buffers.
  ///
  /// Afterwards nobody but the pending graph holds the old values, so that their memory can be
  /// written over.
  ///
  /// - Returns: what is to be evaluated, and how to go back if that fails.
  package func install(_ update: consuming PendingUpdate) -> (pending: [Tensor], undo: UndoUpdate) {
    var pending: [Tensor] = []
    pending.reserveCapacity(update.targets.count * 4)
    var undo = UndoUpdate(state: self)
    undo.entries.reserveCapacity(update.targets.count)
    memory.withLock { memory in
      for (place, index) in update.targets.enumerated() {
        let parameter = parameters[index]
        let old = memory.slots[index]
        undo.entries.append(
          UndoUpdate.Entry(
            index: index, parameter: .passUnretained(parameter.value.node),
            first: old.first.map { .passUnretained($0.node) },
            second: old.second.map { .passUnretained($0.node) },
            third: old.third.map { .passUnretained($0.node) },
            average: memory.averages[index].map { .passUnretained($0.node) }))
        let slots = update.slots[place]
        parameter.replace(update.parameters[place])
        memory.slots[index] = slots
        memory.averages[index] = update.averages[place]
        pending.append(update.parameters[place])
        if let slot = slots.first { pending.append(slot) }
        if let slot = slots.second { pending.append(slot) }
        if let slot = slots.third { pending.append(slot) }
        if let average = update.averages[place] { pending.append(average) }
      }
      memory.step += 1
    }
    for buffer in buffers {
      guard let staged = buffer.takeStaged() else { continue }
      undo.buffers.append((buffer, buffer.value))
      buffer.replace(staged)
      pending.append(staged)
    }
    return (pending, undo)
  }
}

/// How to go back from an update whose evaluation failed.
///
/// The old values are not retained: the pending graph holds them for as long as it has not been
/// computed.
package struct UndoUpdate {
  struct Entry {
    let index: Int
    let parameter: Unmanaged<Node>
    let first: Unmanaged<Node>?
    let second: Unmanaged<Node>?
    let third: Unmanaged<Node>?
    let average: Unmanaged<Node>?
  }
  let state: OptimizerState
  var entries: [Entry] = []
  var buffers: [(Buffer, Tensor)] = []

  init(state: OptimizerState) { self.state = state }

  /// Puts the old values back. To be called once, while the pending values are still held.
  package func restore() {
    func tensor(_ node: Unmanaged<Node>?) -> Tensor? {
      node.map { Tensor($0.takeUnretainedValue()) }
    }
    state.memory.withLock { memory in
      for entry in entries {
        memory.slots[entry.index] = Slots(
          tensor(entry.first), tensor(entry.second), tensor(entry.third))
        memory.averages[entry.index] = tensor(entry.average)
        state.parameters[entry.index].replace(Tensor(entry.parameter.takeUnretainedValue()))
      }
      memory.step -= 1
    }
    for (buffer, old) in buffers { buffer.replace(old) }
  }
}
