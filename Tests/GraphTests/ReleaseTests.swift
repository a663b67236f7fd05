// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import Testing

/// A graph of a million nodes must be freed, cut and walked without one stack frame a node.
@Suite("Letting go of large graphs")
struct ReleaseTests {
  private func chain(_ length: Int, _ leaf: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
    var y = leaf
    for _ in 0..<length { y = body(y) }
    return y
  }

  @Test func aMillionNodesAreOrderedAndFreed() {
    weak var witness: Node?
    do {
      let leaf = Tensor([1.0])
      witness = leaf.node
      let y = chain(1_000_000, leaf) { $0.exp() }
      let order = topologicalOrder(of: [y.node], stopAt: { _ in false })
      #expect(order.count == 1_000_001)
      #expect(order.first === leaf.node)
      #expect(order.last === y.node)
    }
    #expect(witness == nil)
  }

  @Test func chainsOfEveryKindOfOperandAreFreed() {
    weak var witness: Node?
    do {
      let leaf = Tensor([1.0])
      let mask = Tensor([true])
      witness = leaf.node
      let bodies: [(Tensor) -> Tensor] = [
        { leaf + $0 }, { $0 + $0 }, { select(mask, leaf, $0) }, { select(mask, $0, $0) },
        { concatenate([leaf, leaf, leaf, leaf, $0])[..<1] },
        { composite("c", [$0], body: { [$0[0] * 2] }, pullback: { _, _, g in g })[0] },
        { y in
          let z = y.exp(); return z * (z + y)
        },
      ]
      for body in bodies { _ = chain(60_000, leaf, body) }
      #expect(witness != nil)
    }
    #expect(witness == nil)
  }

  @Test func aChainIsCutInTheMiddle() {
    let leaf = Tensor([1.0])
    let half = chain(100_000, leaf) { $0.exp() }
    let whole = chain(100_000, half) { $0.exp() }
    half.node.cutHistory()
    #expect(half.node.operandCount == 0)
    #expect(whole.node.operandCount == 1)
  }

  @Test func whatSomebodyHoldsStays() {
    var held: Tensor?
    do {
      let y = chain(1000, Tensor([1.0])) { $0.exp() }
      held = y.node.first.map(Tensor.init)
    }
    var depth = 0
    var node = held?.node
    while let current = node {
      depth += 1
      node = current.first
    }
    #expect(depth == 1000)
  }
}
