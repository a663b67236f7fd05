// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import Synchronization

extension OptimizerState {
  /// The new values that a step would give, as a graph; nothing is changed.
  package func pending(_ gradients: consuming Gradients) -> PendingUpdate {
    let memory = self.memory.withLock { ($0.step, $0.slots, $0.averages, $0.templates) }
    let step = Step(state: self, number: memory.0 + 1, slots: memory.1, averages: memory.2)
    let key = UpdateTemplate.Key(
      targets: step.targets(of: gradients), hasWeight: gradients.weight != nil)
    let template =
      memory.3.first { $0.key == key }
      ?? {
        let template = step.template(key, gradients)
        self.memory.withLock { $0.templates.append(template) }
        return template
      }()
    return template.applied(
      to: step.operands(key, gradients), averaging: averaging != nil)
  }
}

/// One step of an optimizer, while its graph is written.
private struct Step {
  let state: OptimizerState
  /// Counted from 1.
  let number: Int
  let slots: [Slots]
  let averages: [Tensor?]

  /// The first part of a template's key.
  func targets(of gradients: borrowing Gradients) -> [Int] {
    let parameters = state.parameters
    var next = 0
    var targets: [Int] = []
    targets.reserveCapacity(gradients.parameters.count)
    for (place, parameter) in gradients.parameters.enumerated() {
      while next < parameters.count, parameters[next] !== parameter { next += 1 }
      if next == parameters.count {
        // Not in the order of the model: look from the start.
        next = parameters.firstIndex { $0 === parameter } ?? -1
      }
      if next < 0 || gradients.tensors[place].isZeroLiteral {
        targets.append(-1)
        next = max(next, 0)
      } else {
        let state = (slots[next].first == nil ? 0 : 1) + (averages[next] == nil ? 0 : 2)
        targets.append(4 * next + state)
      }
    }
    return targets
  }

  /// What a template is applied to: for each target parameter, gradient, slots and average; then
  /// the weight; then the numbers of each kind.
  func operands(_ key: UpdateTemplate.Key, _ gradients: borrowing Gradients) -> [Node] {
    var operands: [Node] = []
    operands.reserveCapacity(key.targets.count * 6 + 16)
    for (place, target) in key.targets.enumerated() where target >= 0 {
      let index = target >> 2
      operands.append(state.parameters[index].value.node)
      operands.append(gradients.tensors[place].node)
      let slots = self.slots[index]
      if let slot = slots.first { operands.append(slot.node) }
      if let slot = slots.second { operands.append(slot.node) }
      if let slot = slots.third { operands.append(slot.node) }
      if let average = averages[index] { operands.append(average.node) }
    }
    if let weight = gradients.weight { operands.append(weight.node) }
    for kind in state.kinds {
      for number in numbers(of: kind) {
        operands.append(Tensor.constant(Float(number), .float32).node)
      }
    }
    return operands
  }

  /// The numbers of a kind: those that all optimizers know, then the optimizer's own.
  private func numbers(of kind: OptimizerState.Kind) -> [Double] {
    let rate = kind.learningRate(number - 1) * kind.factor
    var numbers: [Double] = []
    if kind.l1 != 0 { numbers.append(kind.l1) }
    if kind.l2 != 0 { numbers.append(kind.l2) }
    if kind.weightDecay != 0, kind.rule.isDecayDecoupled {
      numbers.append(1 - rate * kind.weightDecay)
    }
    if let decay = state.averaging { numbers.append(1 - decay) }
    return numbers
      + kind.rule.numbers(step: number, rate: rate, decay: kind.weightDecay)
  }

  /// Writes the update down once, over stand-ins for the operands.
  func template(_ key: UpdateTemplate.Key, _ gradients: borrowing Gradients) -> UpdateTemplate {
    let actual = operands(key, gradients)
    let standIns = actual.map { Node(.stopGradient, $0.shape, $0.dtype, $0) }
    var next = 0
    func take() -> Tensor {
      next += 1
      return Tensor(standIns[next - 1])
    }
    typealias Operand = (
      index: Int, parameter: Tensor, gradient: Tensor, slots: Slots, average: Tensor?
    )
    var operands: [Operand] = []
    for target in key.targets where target >= 0 {
      let index = target >> 2
      let (parameter, gradient) = (take(), take())
      var slots = Slots()
      for slot in 0..<3 where self.slots[index][slot] != nil { slots[slot] = take() }
      operands.append(
        (index, parameter, gradient, slots, averages[index] == nil ? nil : take()))
    }
    let weight = key.hasWeight ? take() : nil
    let numbers = state.kinds.map { kind in self.numbers(of: kind).map { _ in take() } }

    let clipped = clip(
      Gradients(
        operands.map { state.parameters[$0.index] },
        operands.map { $0.gradient.cast(to: .float32) }, weight: weight
      ).divided())
    var results: [Node] = []
    var targets: [UpdateTemplate.Target] = []
    for (operand, gradient) in zip(operands, clipped.tensors) {
      let kind = state.kindOf[operand.index]
      let new = updated(
        operand.parameter, gradient, operand.slots, operand.average, state.kinds[kind],
        numbers[kind])
      results.append(new.parameter.node)
      let present = (0..<3).filter { new.slots[$0] != nil }
      for slot in present { if let tensor = new.slots[slot] { results.append(tensor.node) } }
      if let average = new.average { results.append(average.node) }
      targets.append(UpdateTemplate.Target(index: operand.index, slots: present))
    }
    let extracted = GraphFunction.extract(
      "update", results: results, operands: standIns, stopAt: { _ in false })
    return UpdateTemplate(
      key: key, function: extracted.id,
      captures: Array(extracted.operands.dropFirst(standIns.count)), targets: targets)
  }

  private func clip(_ gradients: Gradients) -> Gradients {
    switch state.clipping {
    case nil: gradients
    case .value(let limit): gradients.clipped(toValue: limit)
    case .norm(let limit): gradients.clipped(toNorm: limit)
    case .layer(let limit): gradients.clipped(toNormPerLayer: limit)
    }
  }

  private func updated(
    _ parameter: Tensor, _ gradient: Tensor, _ slots: Slots, _ average: Tensor?,
    _ kind: OptimizerState.Kind, _ numbers: [Tensor]
  ) -> (parameter: Tensor, slots: Slots, average: Tensor?) {
    var rest = numbers[...]
    var p = parameter.cast(to: .float32)
    var g = gradient
    if kind.l1 != 0 { g = g + p.sign() * rest.removeFirst() }
    if kind.l2 != 0 { g = g + p * rest.removeFirst() }
    if kind.weightDecay != 0, kind.rule.isDecayDecoupled { p = p * rest.removeFirst() }
    let share = state.averaging == nil ? nil : rest.removeFirst()
    let new = kind.rule.updated(p, g, slots, Array(rest))
    let stored = new.parameter.cast(to: parameter.dtype)
    let moved = share.map { share in
      // The average starts as the first value it sees: that before the first update.
      let old = average ?? parameter.cast(to: .float32)
      return old + (stored.cast(to: .float32) - old) * share
    }
    return (stored, new.slots, moved)
  }
}

extension Tensor {
  /// Whether this is a zero that `gradient(of:at:)` wrote for a leaf without influence.
  var isZeroLiteral: Bool {
    if case .literal(0) = node.primitive { return true }
    if case .broadcast = node.primitive, let first = node.first, case .literal(0) = first.primitive
    {
      return true
    }
    return false
  }
}
