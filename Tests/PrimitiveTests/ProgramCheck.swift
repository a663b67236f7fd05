// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting

/// Computes a program on the device in two ways, and both against the reference.
enum ProgramCheck {
  /// nil if everything agrees, else what does not.
  ///
  /// The results together, as the planner fuses them; then every node alone. What a node makes of
  /// its operands must be what the reference makes of them; and fusion may not change a bit.
  ///
  /// - Parameter isDonating: whether results may overwrite the leaves of the fused graph.
  static func problem(_ results: [Tensor], isDonating: Bool = true) throws -> String? {
    let fused = GraphCopy.whole(results)
    let held =
      isDonating
      ? []
      : topologicalOrder(of: fused.map(\.node), stopAt: { _ in false })
        .filter { $0.value != nil }
    let together = try withExtendedLifetime(held) { try values(of: fused) }
    let (nodes, roots) = GraphCopy.inlined(results)
    let operands = nodes.map(\.operands)
    for (node, operands) in zip(nodes, operands) {
      if node.value == nil { try Evaluator.evaluate([node]) }
      guard !operands.isEmpty || node.primitive != .source else { continue }
      let actual = try ReferenceValue(of: Tensor(node))
      let problem = try NodeCheck.problem(node, operands, actual: actual) {
        try ReferenceValue(of: Tensor($0))
      }
      if let problem {
        let shapes = operands.map { "\($0.dtype)\($0.shape)" }.joined(separator: ", ")
        return "alone: \(node.primitive) of \(shapes): \(problem)"
      }
    }
    for (number, (root, value)) in zip(roots, together).enumerated() {
      let alone = try ReferenceValue(of: root)
      if let mismatch = Tolerance.exact.mismatch(of: value, from: alone) {
        return "fused: result \(number) of \(results.count): \(mismatch)"
      }
    }
    return nil
  }

  private static func values(of tensors: [Tensor]) throws -> [ReferenceValue] {
    try evaluate(tensors)
    return try tensors.map { try ReferenceValue(of: $0) }
  }
}
