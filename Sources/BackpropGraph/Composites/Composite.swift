// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A named function of tensors with a pullback of its own.
///
/// The body is written in ordinary operations; where it is cheaper or more accurate than the
/// derivative of the body, `pullback` says what the cotangents are, in ordinary operations too, so
/// that gradients of gradients work.
///
/// - Parameters:
///   - name: must name this pullback: bodies of equal structure and name share one pullback.
///   - operands: everything that the pullback needs must be among them. It may not use other
///     tensors, nor numbers that change between calls.
///   - body: the results from the operands.
///   - pullback: the operands' cotangents (nil: zero) from the operands, the results, and the
///     results' cotangents (nil: the result was not used).
public func composite(
  _ name: String, _ operands: [Tensor], body: ([Tensor]) -> [Tensor],
  pullback: @escaping @Sendable ([Tensor], [Tensor], [Tensor?]) -> [Tensor?]
) -> [Tensor] {
  if Composition.isPlain { return body(operands) }
  // Operands of their own, so that the body is cut exactly there.
  let inputs = operands.map { Tensor(Node(.stopGradient, $0.shape, $0.dtype, $0.node)) }
  let bodies = body(inputs)
  if bodies.contains(where: { $0.failure != nil }) { return bodies }
  let count = operands.count
  let extracted = GraphFunction.extract(
    name, results: bodies.map(\.node), operands: inputs.map(\.node), stopAt: { _ in false },
    pullback: { all, results, cotangents in
      // Leaves that the body met stand behind the operands and get no cotangent.
      let own = pullback(Array(all.prefix(count)), results, cotangents)
      return own + [Tensor?](repeating: nil, count: all.count - count)
    })
  let actual = operands.map(\.node) + extracted.operands.dropFirst(count)
  return call(extracted.id, actual).map(Tensor.init)
}

/// How composites are written down.
package enum Composition {
  /// Whether by their bodies alone: quicker where a step is short, such as a token's, and nobody asks
  /// for gradients. Their own pullbacks are forgotten.
  @TaskLocal package static var isPlain = false
}

/// A segment whose intermediate values are computed again in the backward pass instead of kept:
/// memory for time (T. Chen et al., "Training deep nets with sublinear memory cost", 2016).
///
/// Tensors and parameters that `body` uses without their being operands get their gradients too.
public func recomputed(_ operands: [Tensor], _ body: ([Tensor]) -> [Tensor]) -> [Tensor] {
  let inputs = operands.map { Tensor(Node(.stopGradient, $0.shape, $0.dtype, $0.node)) }
  let bodies = body(inputs)
  if bodies.contains(where: { $0.failure != nil }) { return bodies }
  // A parameter that was not computed yet must be met itself, not what it is made of.
  func isGiven(_ node: Node) -> Bool { node.primitive == .stopGradient }
  // Without its own pullback a call is differentiated through its body; the pullback here does the
  // same behind barriers that wait for the cotangents.
  let plain = GraphFunction.extract(
    "recomputed body", results: bodies.map(\.node), operands: inputs.map(\.node),
    stopAt: isGiven)
  let id = plain.id
  let wrapped = GraphFunction.extract(
    GraphFunction.recomputedName, results: bodies.map(\.node), operands: inputs.map(\.node),
    stopAt: isGiven,
    pullback: { all, _, cotangents in
      guard let signal = cotangents.lazy.compactMap({ $0 }).first else {
        return all.map { _ in nil }
      }
      let held = all.map { Node(.barrier, $0.shape, $0.dtype, $0.node, signal.node) }
      let again = id.function.expanded(on: held)
      let seeds = zip(again, cotangents).compactMap { node, g in g.map { (node, $0) } }
      return Differentiation.cotangents(of: seeds, at: held)
    })
  let actual = operands.map(\.node) + wrapped.operands.dropFirst(operands.count)
  return call(wrapped.id, actual).map(Tensor.init)
}

/// A segment with one operand and one result; see ``recomputed(_:_:)-([Tensor],_)``.
public func recomputed(_ x: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
  recomputed([x]) { [body($0[0])] }[0]
}
