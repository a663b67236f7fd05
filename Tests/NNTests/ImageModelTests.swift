// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("Models for images")
struct ImageModelTests {
  private func images(_ shape: Shape, seed: UInt64) throws -> Tensor {
    let x = Tensor.normal(shape, key: RandomKey(seed: seed))
    try evaluate(x)
    return x
  }

  /// The losses of some updates on one batch.
  private func losses(
    _ model: some Layer, _ optimizer: some BackpropNN.Optimizer, _ x: Tensor, _ steps: Int
  ) throws -> [Float] {
    let labels = Tensor((0..<x.shape[0]).map { Int32($0 % 4) })
    return try (0..<steps).map { step in
      let (loss, gradients) = try Context.training(seed: 0, step: step) {
        try valueAndGradient(of: model.parameters()) { crossEntropy(model(x), labels) }
      }
      let mean = loss.mean
      try optimizer.update(gradients, evaluating: [mean])
      return try mean.scalar()
    }
  }

  @Test func resNet18HasItsParameters() {
    let model = ResNet(outputs: 10)
    #expect(model.parameters().reduce(0) { $0 + $1.count } == 11_173_962)
    #expect(model.description == "ResNet-18")
    let paths = Set(model.table.parameters.map(\.path))
    for path in [
      "stem.conv.weight", "stages.1.0.shortcut.norm.bias", "stages.3.1.second.conv.weight",
      "output.bias",
    ] {
      #expect(paths.contains(path), "\(path) is none of \(paths.count) paths")
    }
    // The shortcut is listed once, though it is optional.
    let layers = model.table.layers.map(\.path)
    #expect(Set(layers).count == layers.count)
  }

  @Test func eachStageButTheFirstHalvesTheImage() throws {
    let model = ResNet(inputs: 2, outputs: 5, channels: [4, 8, 16], blocks: [1, 1, 1])
    model.initialize(seed: 1)
    let x = try images([3, 9, 12, 2], seed: 1)
    var y = model.stem(x).relu()
    #expect(y.shape == [3, 9, 12, 4])
    for (stage, shape) in zip(model.stages, [[3, 9, 12, 4], [3, 5, 6, 8], [3, 3, 3, 16]]) {
      for block in stage { y = block(y) }
      #expect(y.shape == Shape(shape))
    }
    #expect(model(x).shape == [3, 5])
    #expect(try model(x).array(of: Float.self).allSatisfy(\.isFinite))
  }

  @Test func aResNetLearnsABatch() throws {
    let model = ResNet(inputs: 3, outputs: 4, channels: [8, 16], blocks: [1, 1])
    model.initialize(seed: 2)
    let x = try images([8, 8, 8, 3], seed: 2)
    let losses = try losses(model, SGD(model, learningRate: 0.05, momentum: 0.9), x, 25)
    #expect(losses[0] > 1 && losses[24] < 0.1, "\(losses)")
  }

  @Test func aConvNetLearnsABatch() throws {
    let model = ConvNet(
      image: [10, 8, 1], channels: [8, 8], hidden: [16], outputs: 4, norm: .batch)
    #expect(model.description == "ConvNet 1→8→8→16→4")
    model.initialize(seed: 3)
    let x = try images([8, 10, 8, 1], seed: 3)
    let losses = try losses(model, AdamW(model, learningRate: 0.01), x, 30)
    #expect(losses[0] > 1 && losses[29] < 0.1, "\(losses)")
  }
}
