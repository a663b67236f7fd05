// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

/// Rows of a small table, each used many times: [B, T] positions in [R, K], times [K, N].
private struct Lookups {
  let table = Tensor.normal([5, 8], key: RandomKey(seed: 1))
  let weight = Tensor.normal([7, 8], key: RandomKey(seed: 2))
  let bias = Tensor.normal([7], key: RandomKey(seed: 3))
  let tokens = Tensor((0..<12).map { Int32($0 * $0 % 5) }, shape: [4, 3])

  init() throws { try evaluate([table, weight, bias, tokens]) }

  /// With the rows in the order of the positions, or time first, as recurrent layers have them.
  func vectors(timeFirst: Bool) -> Tensor {
    let found = table.gathered(tokens)
    return timeFirst ? found.permuted([1, 0, 2]) : found
  }

  func product(_ vectors: Tensor) -> Tensor { matmul(vectors, weight.transposed()) + bias }
}

extension DeviceTests {
  @Suite("Products of looked-up rows") struct ProductsOfLookups {
    @Test(arguments: [false, true]) func keepEveryBit(timeFirst: Bool) throws {
      let lookups = try Lookups()
      let whole = lookups.product(lookups.vectors(timeFirst: timeFirst))
      let plan = try Evaluator.plan([whole.node])
      #expect(plan.operations < 2 * 12 * 8 * 7, "\(plan)")
      let vectors = lookups.vectors(timeFirst: timeFirst)
      try evaluate(vectors)
      let apart = lookups.product(vectors)
      #expect(try Evaluator.plan([apart.node]).operations >= 2 * 12 * 8 * 7)
      #expect(try whole.array(of: Float.self) == apart.array(of: Float.self))
    }

    @Test(arguments: [false, true]) func gradientsAreThoseOfTheReference(timeFirst: Bool) throws {
      let lookups = try Lookups()
      let vectors = lookups.vectors(timeFirst: timeFirst)
      let y = lookups.product(vectors)
      let total = (y * y.tanh()).sum()
      let leaves = [lookups.table, lookups.weight, lookups.bias, vectors]
      let gradients =
        gradient(of: total, at: Array(leaves[..<3])) + gradient(of: total, at: [vectors])
      let expected = try Reference.evaluate(gradients)
      let plan = try Evaluator.plan(gradients[..<3].map(\.node))
      let products = plan.steps.compactMap { if case .matmul(let step) = $0 { step } else { nil } }
      #expect(products.count == 3 && products.allSatisfy { max($0.m, $0.n, $0.k) < 12 }, "\(plan)")
      for way in Way.all {
        try way.use {
          for (gradient, right) in zip(gradients, expected) {
            let again = gradient + 0
            try evaluate(again)
            for (a, e) in zip(try ReferenceValue(of: again).elements, right.elements) {
              #expect(abs(a - e) <= 1e-5 * max(1, abs(e)))
            }
          }
        }
      }
    }

    /// A table with as many rows as are looked up is cheaper read than multiplied.
    @Test func longTablesStayAsTheyAre() throws {
      let lookups = try Lookups()
      let few = lookups.table.gathered(Tensor([Int32(1), 2, 3]))
      let plan = try Evaluator.plan([matmul(few, lookups.weight.transposed()).node])
      #expect(plan.steps.contains { if case .matmul(let step) = $0 { step.m == 3 } else { false } })
    }

    @Test func positionsOutsideAreErrors() throws {
      let lookups = try Lookups()
      let wrong = lookups.table.gathered(Tensor([Int32](repeating: 5, count: 12)))
      #expect(throws: RuntimeError.self) {
        try evaluate(matmul(wrong, lookups.weight.transposed()))
      }
    }
  }
}
