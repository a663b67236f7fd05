// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import BackpropTesting
import BackpropTraining
import Testing

@Suite("Recurrent layers")
struct RecurrentTests {
  @Test(arguments: Fixture.cases("recurrent"))
  func agreeWithPyTorch(_ fixture: Fixture) throws {
    let o = fixture.options
    let kind = try #require(RecurrentKind(rawValue: o.text("kind") ?? ""))
    let isLong = kind == .lstm
    let layer = Recurrent(
      kind, inputs: 3, units: 3, depth: o.integer("depth") ?? 1,
      bidirectional: o.truth("bidirectional"))
    for entry in layer.table.parameters { entry.parameter.replace(try fixture(entry.path)) }
    let x = try fixture("input")
    let h = try fixture("h")
    let state = Recurrent.State(h: h, c: isLong ? try fixture("c") : .zeros(h.shape))
    let lengths = fixture.has("lengths") ? try fixture("lengths") : nil
    let made = layer(x, lengths: lengths, state: state)
    let roles = ["input", "h"] + (isLong ? ["c"] : []) + layer.table.parameters.map(\.path)
    let leaves = [x, h] + (isLong ? [state.c] : []) + layer.parameters().map(\.value)
    var total = (made.outputs * (try fixture("cotangent"))).sum() + made.state.h.sum()
    if isLong { total = total + made.state.c.sum() * 0.5 }
    let gradients = gradient(of: total, at: leaves)
    try expectClose(made.outputs, fixture("expected"), absolute: 2e-6, "\(fixture.name)")
    try expectClose(made.state.h, fixture("end.h"), absolute: 2e-6, "\(fixture.name), last h")
    if isLong {
      try expectClose(made.state.c, fixture("end.c"), absolute: 2e-6, "\(fixture.name), last c")
    }
    for (gradient, role) in zip(gradients, roles) {
      try expectClose(
        gradient, fixture("gradient.\(role)"), absolute: 1e-5,
        "\(fixture.name), gradient at \(role)")
    }
  }

  /// Forward and backward the sequences of a batch go on by themselves, and what the weights get is
  /// gathered behind the loop.
  @Test(arguments: RecurrentKind.allCases, [false, true])
  func loopsCanBeCutByTheirRows(_ kind: RecurrentKind, hasLengths: Bool) throws {
    let layer = Recurrent(kind, inputs: 3, units: 8)
    let x = Tensor.normal([32, 5, 3], key: RandomKey(seed: 1))
    let lengths = hasLengths ? Tensor((0..<32).map { Int32($0 % 5 + 1) }) : nil
    try evaluate([x] + layer.parameters().map(\.value))
    let total = layer(x, lengths: lengths).outputs.square().sum()
    let gradients = gradient(of: total, at: layer.parameters().map(\.value))
    let plan = try Evaluator.plan([total.node] + gradients.map(\.node))
    let loops = plan.steps.compactMap { if case .scan(let step) = $0 { step } else { nil } }
    #expect(loops.count == 2)
    for loop in loops { #expect(loop.rows == 32 && loop.part(8..<16) != nil, "\(loop.body)") }
    if kind == .lstm, !hasLengths { #expect(loops.allSatisfy { $0.body.steps.count == 2 }) }
  }

  /// Rows cut among threads, or all on one: the same bits.
  @Test(arguments: RecurrentKind.allCases) func threadsChangeNoBit(_ kind: RecurrentKind) throws {
    let layer = Recurrent(kind, inputs: 16, units: 64)
    let x = Tensor.normal([40, 6, 16], key: RandomKey(seed: 1))
    let leaves = [x] + layer.parameters().map(\.value)
    try evaluate(leaves)
    var first: [[Float]]?
    for threads in [1, 2, 3, 5] {
      try Way(level: CPU.current.level, threads: threads).use {
        let total = layer(x, lengths: nil).outputs.square().sum()
        let results = [total] + gradient(of: total, at: leaves)
        let values = try results.map { try $0.array(of: Float.self) }
        #expect(first == nil || first == values, "\(threads) threads")
        first = first ?? values
      }
    }
  }

  /// What a penalty on a gradient's norm needs.
  @Test(arguments: RecurrentKind.allCases, [false, true])
  func gradientsHaveGradients(_ kind: RecurrentKind, hasLengths: Bool) throws {
    let layer = Recurrent(kind, inputs: 2, units: 3, bidirectional: true)
    let x = Tensor.normal([2, 4, 2], key: RandomKey(seed: 1))
    let leaves = [x] + layer.parameters().map(\.value)
    try evaluate(leaves)
    let made = layer(x, lengths: hasLengths ? Tensor([4, 2] as [Int32]) : nil)
    let total = made.outputs.square().sum() + made.state.h.sum() + made.state.c.square().sum()
    var check = GradientCheck()
    check.order = 2
    try check(of: total, at: leaves).requireAgreement()
  }

  @Test func misfitsNameTheLayer() throws {
    let layer = Recurrent(.gru, inputs: 4, units: 6)
    let made = layer(Tensor.zeros([2, 3, 5]))
    let failure = try #require(made.outputs.failure)
    #expect(failure.description.contains("[B, T, 4]"), "\(failure)")
    #expect(made.state.h.failure != nil)
  }

  /// One step at a time, state handed on, is the whole sequence: what generation does.
  @Test(arguments: RecurrentKind.allCases)
  func stepsInTurnAreTheWholeSequence(_ kind: RecurrentKind) throws {
    let layer = Recurrent(kind, inputs: 3, units: 5, depth: 2)
    let x = Tensor.normal([2, 4, 3], key: RandomKey(seed: 1))
    let whole = try layer(x).outputs.array(of: Float.self)
    var state: Recurrent.State?
    var parts: [Tensor] = []
    for step in 0..<4 {
      let made = layer(x.sliced(along: 1, step..<(step + 1)), state: state)
      parts.append(made.outputs)
      state = made.state
    }
    #expect(try concatenate(parts, along: 1).array(of: Float.self) == whole)
  }
}
