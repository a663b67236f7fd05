// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

/// What is dropped forwards is dropped backwards, in whole training steps.
@Suite("Gradients with dropout")
struct DropoutGradientTests {
  /// The change of the loss along the direction of the update of a step of SGD is what the update
  /// promises, if all is dropped that the step dropped.
  @Test(arguments: [3, 4])
  func anUpdateLowersTheLossOfItsOwnDraws(_ step: Int) throws {
    var block = TransformerOptions.gpt2(32, heads: 4)
    block.dropout = 0.3
    let model = GPT(vocabulary: 40, context: 32, layers: 2, block: block)
    model.initialize(seed: 1)
    for parameter in model.parameters("**.weight") where parameter.shape.rank == 2 {
      parameter.replace(parameter.value * 6)
    }
    let tokens = Tensor.integers([8, 33], in: 0..<40, key: RandomKey(seed: 2))
    let (x, y) = (tokens[0..., 0..<32] + 0, tokens[0..., 1...] + 0)
    try evaluate([x, y] + model.parameters().map(\.value))

    func loss(_ step: Int) throws -> Float {
      try Context.training(seed: 9, step: step) { try crossEntropy(model(x), y).mean.scalar() }
    }
    let before = model.parameters().map(\.value)
    let rate: Float = 1e-3
    let optimizer = SGD(model, learningRate: 1e-3)
    let (_, gradients) = try Context.training(seed: 9, step: step) {
      try valueAndGradient(of: model) { crossEntropy(model(x), y) }
    }
    try optimizer.update(model, gradients)
    let moves = zip(model.parameters(), before).map { $0.value - $1 }
    let squares = moves.map { ($0 * $0).sum() }.reduce(Tensor(0), +)
    try evaluate(moves)
    let expected = try squares.scalar() / (rate * rate)

    /// The slope of the loss along the update, by differences to both sides.
    func slope(_ step: Int) throws -> Float {
      let scale: Float = 4
      func moved(_ factor: Float) throws -> Float {
        for (parameter, (start, move)) in zip(model.parameters(), zip(before, moves)) {
          parameter.replace(start + move * factor)
        }
        return try loss(step)
      }
      return try (moved(-scale) - moved(scale)) / (2 * scale * rate)
    }
    let own = try slope(step)
    #expect(abs(own - expected) < 0.01 * expected, "\(own), promised \(expected)")
    // Other draws have another loss, which falls less.
    #expect(try slope(step + 1) < 0.9 * expected)
  }
}
