// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import Testing

/// Gradients at tensors that are not computed yet where a body uses them.
@Suite("Leaves that are not computed yet")
struct HiddenLeafTests {
  private static let x = Tensor((0..<24).map { Float($0 % 7) / 4 - 0.7 }, shape: [4, 2, 3])
  fileprivate static let numbers = Tensor((0..<9).map { Float($0 % 5) / 3 - 0.6 })

  /// A loop whose body uses w, [3, 3].
  private static func loop(_ w: Tensor) -> Tensor {
    let made = scan(from: [Tensor.zeros([2, 3])], over: [x]) { carries, items in
      ([(matmul(carries[0], w) + items[0]).tanh()], [])
    }
    return (made.histories[0] * made.histories[0]).sum()
  }

  /// A segment that is recomputed and uses w, [3, 3].
  private static func segment(_ w: Tensor) -> Tensor {
    recomputed(x) { matmul($0, w).tanh() }.sum()
  }

  /// Ways to make a tensor [3, 3] that is not computed.
  private static let pending: [@Sendable () -> Tensor] = [
    { numbers.reshaped(to: [3, 3]) }, { numbers.reshaped(to: [3, 3]).transposed() },
    { numbers[0..<3].broadcast(to: [3, 3]) }, { numbers.reshaped(to: [3, 3]) * 0.5 },
    { Tensor.zeros([3, 3]) }, { Tensor.full([3, 3], 0.3) },
  ]

  @Test(arguments: 0..<pending.count, [false, true])
  func standForThemselves(_ place: Int, isLoop: Bool) throws {
    let body = isLoop ? Self.loop : Self.segment
    let computed = Self.pending[place]()
    try evaluate(computed)
    let expected = try gradient(of: body(computed), at: [computed])[0].array()
    let (_, gradients) = valueAndGradient(at: [Self.pending[place]()]) { body($0[0]) }
    #expect(try gradients[0].array() == expected)
    #expect(expected.contains { $0 != 0 })
  }

  @Test(arguments: [false, true]) func aGradientThatWouldBeLostIsAnError(isLoop: Bool) {
    let w = Self.numbers.reshaped(to: [3, 3])
    let slope = gradient(of: isLoop ? Self.loop(w) : Self.segment(w), at: [w])[0]
    #expect(slope.failure?.hint.contains("valueAndGradient") == true)
    // What it is made of, and what stands in the graph itself, has one.
    #expect(gradient(of: Self.loop(w), at: [Self.numbers])[0].failure == nil)
    let seen = Self.x.reshaped(to: [4, 6])
    let sum = scan(from: [Tensor.zeros([6])], over: [seen]) { carries, items in
      ([carries[0] + items[0]], [])
    }
    #expect(gradient(of: sum.histories[0].sum(), at: [seen])[0].failure == nil)
  }

  /// The first step of a model is like the others, though its parameters are drawn in it.
  @Test func parametersNeedNotBeComputedBefore() throws {
    struct Model: Module {
      let recurrent = Recurrent(.gru, inputs: 3, units: 4)
      let norm = LayerNorm(4)
      let first = Linear(4, 4)
      let second = Linear(weight: Parameter(HiddenLeafTests.numbers[0..<8].reshaped(to: [2, 4])))

      func callAsFunction(_ x: Tensor) -> Tensor {
        recomputed(recurrent(x).outputs) { second(norm(first($0)).tanh()) }
      }
    }
    let model = Model()
    model.initialize(seed: 3)
    func gradients() throws -> [[Float]] {
      let (_, made) = try valueAndGradient(of: model) {
        let y = model(Self.x)
        return squaredError(y, Tensor.full(y.shape, 0.1))
      }
      return try made.tensors.map { try $0.array() }
    }
    let first = try gradients()
    try evaluate(model.parameters().map(\.value))
    #expect(try first == gradients())
    #expect(first.allSatisfy { $0.contains { $0 != 0 } })
  }
}
