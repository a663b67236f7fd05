// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

extension Way: CustomTestStringConvertible {
  /// Its name in test reports.
  public var testDescription: String { name }

  static let all = Way.all(threads: [1, 3])
}

/// The suites that choose how evaluations run take turns.
@Suite("Primitives on the CPU", .serialized) struct DeviceTests {}

/// The value of a tensor as the device computes it.
func computed(_ tensor: Tensor) throws -> ReferenceValue {
  try evaluate(tensor)
  return try ReferenceValue(of: tensor)
}

/// Expects what the device makes of one word's operands to be what the reference makes of them.
///
/// - Parameter tensor: a tensor whose operands have values.
func expectReference(
  _ tensor: Tensor, _ what: @autoclosure () -> String = "",
  at location: SourceLocation = #_sourceLocation
) throws {
  let (nodes, _) = GraphCopy.inlined([tensor])
  for node in nodes where node.value == nil {
    let operands = node.operands
    try Evaluator.evaluate([node])
    let problem = try NodeCheck.problem(
      node, operands, actual: try ReferenceValue(of: Tensor(node))
    ) { try ReferenceValue(of: Tensor($0)) }
    if let problem {
      let shapes = operands.map { "\($0.dtype)\($0.shape)" }.joined(separator: ", ")
      Issue.record("\(what()) \(node.primitive) of \(shapes): \(problem)", sourceLocation: location)
    }
  }
}
