// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// Copies of graphs, so that one program can be computed in several ways: evaluating a graph
/// gives its nodes values and cuts their history.
enum GraphCopy {
  /// The same graph, with leaves of its own: nobody else holds anything of it but the roots.
  static func whole(_ roots: [Tensor]) -> [Tensor] {
    var copies: [ObjectIdentifier: Node] = [:]
    for node in topologicalOrder(of: roots.map(\.node), stopAt: { _ in false }) {
      copies[ObjectIdentifier(node)] = copy(
        node, node.operands.map { copies[ObjectIdentifier($0)]! })
    }
    return roots.map { Tensor(copies[ObjectIdentifier($0.node)]!) }
  }

  /// Every node of the graph in an order with operands first, with the bodies of functions in
  /// place of their calls, and where the roots are.
  static func inlined(_ roots: [Tensor]) -> (nodes: [Node], roots: [Tensor]) {
    var nodes: [Node] = []
    let results = inline(roots.map(\.node), [], &nodes)
    return (nodes, results.map(Tensor.init))
  }

  private static func inline(_ roots: [Node], _ arguments: [Node], _ nodes: inout [Node]) -> [Node]
  {
    var copies: [ObjectIdentifier: [Node]] = [:]
    for node in topologicalOrder(of: roots, stopAt: { _ in false }) {
      let operands = node.operands.map { copies[ObjectIdentifier($0)]! }
      switch node.primitive {
      case .call(let function):
        copies[ObjectIdentifier(node)] = inline(
          function.function.results, operands.map { $0[0] }, &nodes)
      case .output(let index): copies[ObjectIdentifier(node)] = [operands[0][Int(index)]]
      case .placeholder(let index): copies[ObjectIdentifier(node)] = [arguments[Int(index)]]
      default:
        let made = copy(node, operands.map { $0[0] })
        nodes.append(made)
        copies[ObjectIdentifier(node)] = [made]
      }
    }
    return roots.map { copies[ObjectIdentifier($0)]![0] }
  }

  private static func copy(_ node: Node, _ operands: [Node]) -> Node {
    if node.operandCount > 0 {
      return Node(node.primitive, node.shape, node.dtype, operands: operands)
    }
    guard let buffer = node.value as? HostBuffer else {
      return Node(node.primitive, node.shape, node.dtype, argument: node.argument)
    }
    let copy = HostBuffer(byteCount: buffer.byteCount)
    copy.pointer.copyMemory(from: buffer.pointer, byteCount: buffer.byteCount)
    return Node(value: copy, shape: node.shape, dtype: node.dtype)
  }
}
