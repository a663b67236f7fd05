// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Synchronization

/// The number of an interned ``GraphFunction``.
package struct FunctionID: Hashable, Sendable {
  package let id: UInt32
  package var function: GraphFunction { GraphFunction.table.withLock { $0.functions[Int(id)] } }
}

/// A piece of graph with its operands left open: a composite, or a gradient that was derived once
/// and is applied in every later step.
///
/// Functions are interned by their structure: equal pieces have one id, whatever the numbers in
/// them, because constants and random keys are lifted to operands.
package final class GraphFunction: Sendable {
  /// The cotangents of the operands from the operands, the results and the results' cotangents.
  package typealias Pullback = @Sendable ([Tensor], [Tensor], [Tensor?]) -> [Tensor?]

  package let name: String
  package let results: [Node]
  package let operandCount: Int
  /// How many of the operands were given; behind them are leaves that the piece met.
  let givenCount: Int
  /// Whether it is the segment of ``recomputed(_:_:)-([Tensor],_)``.
  var isRecomputed: Bool { name == GraphFunction.recomputedName }
  static let recomputedName = "recomputed"
  package let pullback: Pullback?

  fileprivate struct Table {
    var functions: [GraphFunction] = []
    var ids: [[UInt64]: UInt32] = [:]
  }
  fileprivate static let table = Mutex(Table())

  private init(
    name: String, results: [Node], operandCount: (given: Int, all: Int), pullback: Pullback?
  ) {
    self.name = name
    self.results = results
    self.operandCount = operandCount.all
    givenCount = operandCount.given
    self.pullback = pullback
  }

  /// A piece of graph cut out between `results` and `operands`.
  package struct Extracted {
    package let id: FunctionID
    /// The operands it is to be called with: those given, then the leaves that it met.
    package let operands: [Node]
  }

  /// Cuts the graph of `results` at `operands` and at its leaves, and interns it.
  package static func extract(
    _ name: String, results: [Node], operands: [Node], stopAt isBoundary: (Node) -> Bool,
    pullback: Pullback? = nil
  ) -> Extracted {
    var inputs = operands
    var copies: [ObjectIdentifier: Node] = [:]
    for (index, node) in operands.enumerated() where copies[ObjectIdentifier(node)] == nil {
      copies[ObjectIdentifier(node)] = Node(
        .placeholder(UInt32(index)), node.shape, node.dtype)
    }
    let order = topologicalOrder(of: results) {
      copies[ObjectIdentifier($0)] != nil || isBoundary($0)
    }
    for node in order where copies[ObjectIdentifier(node)] == nil {
      let isLeaf: Bool
      switch node.primitive {
      case .source, .constant, .random, .failed, .placeholder: isLeaf = true
      default: isLeaf = isBoundary(node) || node.value != nil
      }
      if isLeaf {
        copies[ObjectIdentifier(node)] = Node(
          .placeholder(UInt32(inputs.count)), node.shape, node.dtype)
        inputs.append(node)
      } else {
        let mapped = node.operands.map { copies[ObjectIdentifier($0)] ?? $0 }
        copies[ObjectIdentifier(node)] = Node(
          node.primitive, node.shape, node.dtype, operands: mapped)
      }
    }
    let bodies = results.map { copies[ObjectIdentifier($0)] ?? $0 }
    return Extracted(
      id: intern(name, bodies, (operands.count, inputs.count), pullback), operands: inputs)
  }

  private static func intern(
    _ name: String, _ results: [Node], _ operandCount: (given: Int, all: Int),
    _ pullback: Pullback?
  ) -> FunctionID {
    var words = [operandCount.given, operandCount.all, results.count].map(UInt64.init)
    for byte in name.utf8 { words.append(UInt64(byte)) }
    var places: [ObjectIdentifier: UInt64] = [:]
    for node in topologicalOrder(of: results, stopAt: { _ in false }) {
      places[ObjectIdentifier(node)] = UInt64(places.count)
      words.append(node.primitive.word)
      words.append(UInt64(node.dtype.rawValue) << 8 | UInt64(node.shape.rank))
      for axis in 0..<node.shape.rank { words.append(UInt64(node.shape[axis])) }
      for operand in node.operands { words.append(places[ObjectIdentifier(operand)] ?? .max) }
    }
    for node in results { words.append(places[ObjectIdentifier(node)] ?? .max) }
    return table.withLock { table in
      if let id = table.ids[words] { return FunctionID(id: id) }
      let id = UInt32(table.functions.count)
      table.functions.append(
        GraphFunction(
          name: name, results: results, operandCount: operandCount, pullback: pullback))
      table.ids[words] = id
      return FunctionID(id: id)
    }
  }

  /// The results as ordinary nodes over `operands`.
  package func expanded(on operands: [Node]) -> [Node] {
    var copies: [ObjectIdentifier: Node] = [:]
    for node in topologicalOrder(of: results, stopAt: { _ in false }) {
      if case .placeholder(let index) = node.primitive {
        copies[ObjectIdentifier(node)] = operands[Int(index)]
      } else {
        copies[ObjectIdentifier(node)] = Node(
          node.primitive, node.shape, node.dtype,
          operands: node.operands.map { copies[ObjectIdentifier($0)] ?? $0 })
      }
    }
    return results.map { copies[ObjectIdentifier($0)] ?? $0 }
  }
}

/// The results of a function applied to operands: one call node and an output node for each.
package func call(_ function: FunctionID, _ operands: [Node]) -> [Node] {
  let body = function.function
  let call = Node(.call(function), .scalar, .float32, operands: operands)
  var outputs: [Node] = []
  outputs.reserveCapacity(body.results.count)
  for index in body.results.indices {
    let result = body.results[index]
    outputs.append(Node(.output(UInt32(index)), result.shape, result.dtype, call))
  }
  return outputs
}

/// The nodes that `roots` are made from, operands first, each once; below a node for which
/// `stopAt` holds nothing is visited. No recursion: graphs may be a million nodes deep.
package func topologicalOrder(of roots: [Node], stopAt: (Node) -> Bool) -> [Node] {
  var order: [Node] = []
  var seen: Set<ObjectIdentifier> = []
  var stack: [(node: Node, isDone: Bool)] = roots.reversed().map { ($0, false) }
  while let (node, isDone) = stack.popLast() {
    if isDone {
      order.append(node)
      continue
    }
    guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
    stack.append((node, true))
    if stopAt(node) { continue }
    for operand in node.operands.reversed() where !seen.contains(ObjectIdentifier(operand)) {
      stack.append((operand, false))
    }
  }
  return order
}
