// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

/// A way to compute: a SIMD level of the CPU kernels and a number of threads. What a processor has
/// no level for is computed at the next lower one.
struct Way: Sendable, Hashable, CustomTestStringConvertible {
  let level: Int32
  let threads: Int

  var testDescription: String {
    ["portable", "NEON", "AVX2", "AVX-512"][Int(level)] + ", \(threads) threads"
  }

  static let all: [Way] = [0, 1, 2, 3].flatMap { level in
    [1, 3].map { Way(level: level, threads: $0) }
  }

  /// Runs `body` while evaluations go this way, and goes back to the usual way.
  func use<Result>(_ body: () throws -> Result) rethrows -> Result {
    let (level, threads) = (CPU.current.level, CPU.current.pool.threadCount)
    CPU.select(level: self.level, threadCount: self.threads)
    defer { CPU.select(level: level, threadCount: threads) }
    return try body()
  }
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
