// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The recurrent half of an LSTM (S. Hochreiter, J. Schmidhuber, 1997; F. Gers et al., 2000): what
/// the inputs contribute to the gates is known for all steps.
///
///     i, f, g, o = zₜ + hₜ₋₁ Uᵀ      cₜ = σ(f) cₜ₋₁ + σ(i) tanh(g)      hₜ = σ(o) tanh(cₜ)
///
/// `z: [T, B, 4H]`, `h, c: [B, H]`, `recurrent: [4H, H] -> [T, B, H], [T, B, H]`, the gates in the
/// order i, f, g, o. The gates are kept for the backward pass, in which the gradient of U is one
/// product over all steps.
package func longShortTermMemory(
  _ z: Tensor, h: Tensor, c: Tensor, recurrent: Tensor, reversed: Bool
) -> (h: Tensor, c: Tensor) {
  let results = composite("lstm \(reversed)", [z, h, c, recurrent]) { operands in
    states(operands, reversed: reversed)
  } pullback: { operands, results, cotangents in
    // The gates' own cotangents: only gradients of gradients ask for them.
    if cotangents[2...].contains(where: { $0 != nil }) {
      return ofStates(operands, cotangents, reversed: reversed)
    }
    let steps = operands[0].shape[0]
    func before(_ first: Tensor, _ history: Tensor) -> Tensor {
      let start = first.expanded(at: 0)
      if steps == 1 { return start }
      return reversed
        ? concatenate([history.sliced(along: 0, 1..<steps), start], along: 0)
        : concatenate([start, history.sliced(along: 0, 0..<(steps - 1))], along: 0)
    }
    let (h, c) = (results[0], results[1])
    let (earlierH, earlierC) = (before(operands[1], h), before(operands[2], c))
    let zero = Tensor.zeros(operands[1].shape)
    let loop = Loop(
      [zero, zero], [c, earlierC] + results[2...] + cotangents[..<2].compactMap { $0 }, kept: 0,
      isReversed: !reversed
    ) { carries, items in
      let (c, earlier) = (items[0], items[1])
      let (i, f, g, o) = (items[2], items[3], items[4], items[5])
      // Often nobody uses c outside.
      let dh = cotangents[0] == nil ? carries[0] : carries[0] + items[6]
      let dcLater = cotangents[1].map { _ in carries[1] + items[items.count - 1] } ?? carries[1]
      let t = c.tanh()
      let dc = dcLater + dh * o * (1 - t * t)
      let dz = concatenate(
        [
          dc * g * i * (1 - i), dc * earlier * f * (1 - f), dc * i * (1 - g * g),
          dh * t * o * (1 - o),
        ], along: -1)
      return ([matmul(dz, operands[3]), dc * f], [dz])
    }
    let dz = loop.values(loop.outputs[0])
    let (width, units) = (dz.shape[-1], h.shape[-1])
    let du = matmul(
      dz.reshaped(to: [-1, width]).transposed(), earlierH.reshaped(to: [-1, units]))
    return [dz, loop.last(0), loop.last(1), du]
  }
  return (results[0], results[1])
}

/// h, c and the gates i, f, g and o after each step, from z, h, c and U.
private func states(_ operands: [Tensor], reversed: Bool) -> [Tensor] {
  let u = operands[3]
  let made = scan(from: [operands[1], operands[2]], over: [operands[0]], reversed: reversed) {
    carries, items in
    let gates = (items[0] + matmul(carries[0], u.transposed())).split(into: 4, along: -1)
    let (i, f, o) = (gates[0].sigmoid(), gates[1].sigmoid(), gates[3].sigmoid())
    let g = gates[2].tanh()
    let c = f * carries[1] + i * g
    return ([o * c.tanh(), c], [i, f, g, o])
  }
  return made.histories + made.outputs
}

/// The cotangents of z, h, c and U, given those of all that ``states(_:reversed:)`` makes.
private func ofStates(
  _ operands: [Tensor], _ cotangents: [Tensor?], reversed: Bool
) -> [Tensor?] {
  // A loop looks through views of what it captures, so it is traced on operands of another kind.
  let inputs = operands.map { Tensor(Node(.stopGradient, $0.shape, $0.dtype, $0.node)) }
  let loop = GraphFunction.extract(
    "lstm states", results: states(inputs, reversed: reversed).map(\.node),
    operands: inputs.map(\.node), stopAt: { _ in false })
  let leaves = operands.map { Node(.reshape, $0.shape, $0.dtype, $0.node) }
  let again = loop.id.function.expanded(on: leaves + loop.operands.dropFirst(operands.count))
  let seeds = zip(again, cotangents).compactMap { state, g in g.map { (state, $0) } }
  return Differentiation.cotangents(of: seeds, at: leaves)
}
