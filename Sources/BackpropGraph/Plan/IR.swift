// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The pending graph as the planner sees it: values numbered in an order in which operands come
/// first, calls expanded, equal values merged, and the obvious simplified.
package struct IR: Sendable {
  package struct Value: Sendable {
    package var primitive: Primitive
    package var shape: Shape
    package var dtype: DType
    package var operands: [Int]
    /// For a source: which leaf of the trace it is.
    package var leaf = -1
    /// For a constant or random value, and for attention with random draws: the place of its number
    /// or key among the scalars of the trace.
    package var scalar = -1
  }

  package var values: [Value] = []
  /// For each requested result, its value.
  package var results: [Int] = []

  struct Key: Hashable {
    let word: UInt64
    let shape: Shape
    let dtype: DType
    let operands: [Int]
    let leaf: Int
    let scalar: Int
  }
  var known: [Key: Int] = [:]

  package init() {}

  /// Builds the values of `nodes`, which stand in an order with operands first and carry in
  /// `place` where.
  package init(nodes: [Node], results wanted: [Int]) {
    var map: [[Int]] = []
    map.reserveCapacity(nodes.count)
    var leaves = 0
    var scalars = 0
    for node in nodes {
      if node.value != nil {
        map.append([addLeaf(leaves, node.shape, node.dtype)])
        leaves += 1
        continue
      }
      let operands = node.operands.map { map[Int($0.place)] }
      switch node.primitive {
      case .constant:
        map.append([addScalar(node, scalars)])
        scalars += 1
      case .random:
        map.append([addScalar(node, scalars)])
        scalars += 2
      case .call(let id):
        map.append(expand(id.function, operands.map { $0[0] }))
      case .output(let index):
        map.append([operands[0][Int(index)]])
      default:
        map.append([add(node, operands.map { $0[0] })])
      }
    }
    results = wanted.map { map[$0][0] }
    removeDead()
    exchangeTransposedProducts()
    takeKeysOfDraws()
    removeDead()
  }

  /// Builds the values of a function's body; its n-th operand is the n-th leaf.
  package init(body function: GraphFunction) {
    var operands = [Int](repeating: 0, count: function.operandCount)
    for node in topologicalOrder(of: function.results, stopAt: { _ in false }) {
      guard case .placeholder(let index) = node.primitive else { continue }
      operands[Int(index)] = addLeaf(Int(index), node.shape, node.dtype)
    }
    results = expand(function, operands)
    removeDead()
    exchangeTransposedProducts()
    removeDead()
  }

  private mutating func addLeaf(_ leaf: Int, _ shape: Shape, _ dtype: DType) -> Int {
    values.append(
      Value(primitive: .source, shape: shape, dtype: dtype, operands: [], leaf: leaf))
    return values.count - 1
  }

  private mutating func addScalar(_ node: Node, _ scalar: Int) -> Int {
    values.append(
      Value(
        primitive: node.primitive, shape: node.shape, dtype: node.dtype, operands: [],
        scalar: scalar))
    return values.count - 1
  }

  private mutating func expand(_ function: GraphFunction, _ operands: [Int]) -> [Int] {
    var map: [ObjectIdentifier: [Int]] = [:]
    for node in topologicalOrder(of: function.results, stopAt: { _ in false }) {
      let inner = node.operands.map { map[ObjectIdentifier($0)] ?? [] }
      let result: [Int]
      switch node.primitive {
      case .placeholder(let index): result = [operands[Int(index)]]
      case .call(let id): result = expand(id.function, inner.map { $0[0] })
      case .output(let index): result = [inner[0][Int(index)]]
      default: result = [add(node, inner.map { $0[0] })]
      }
      map[ObjectIdentifier(node)] = result
    }
    return function.results.map { (map[ObjectIdentifier($0)] ?? [0])[0] }
  }

  /// The value of a node; numbers among the operands of a binary function are repeated.
  private mutating func add(_ node: Node, _ operands: [Int]) -> Int {
    var operands = operands
    if case .binary = node.primitive, node.shape.rank > 0 {
      for (position, operand) in operands.enumerated() where values[operand].shape.rank == 0 {
        operands[position] = add(.broadcast, node.shape, values[operand].dtype, [operand])
      }
    }
    return add(node.primitive, node.shape, node.dtype, operands)
  }

  /// A value of a primitive over earlier values: simplified if a rule applies, and an equal value
  /// that exists already if there is one.
  package mutating func add(
    _ primitive: Primitive, _ shape: Shape, _ dtype: DType, _ operands: [Int]
  ) -> Int {
    if let simple = simplified(primitive, shape, dtype, operands) { return simple }
    let key = Key(
      word: primitive.word, shape: shape, dtype: dtype, operands: operands, leaf: -1, scalar: -1)
    if let existing = known[key] { return existing }
    values.append(Value(primitive: primitive, shape: shape, dtype: dtype, operands: operands))
    known[key] = values.count - 1
    return values.count - 1
  }

  /// Keeps the values that a result needs, in order.
  private mutating func removeDead() {
    var isLive = [Bool](repeating: false, count: values.count)
    for result in results { isLive[result] = true }
    for index in values.indices.reversed() where isLive[index] {
      for operand in values[index].operands { isLive[operand] = true }
    }
    var moved = [Int](repeating: -1, count: values.count)
    var kept: [Value] = []
    for index in values.indices where isLive[index] {
      moved[index] = kept.count
      var value = values[index]
      value.operands = value.operands.map { moved[$0] }
      kept.append(value)
    }
    values = kept
    results = results.map { moved[$0] }
    known = [:]
  }
}
