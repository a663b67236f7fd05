// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing
import TestSupport

@Suite("Weights made of other parameters")
struct WeightNormTests {
  private func layer(_ name: String) throws -> any Layer {
    switch name {
    case "weight_norm.linear": WeightNorm(Linear(4, 3))
    case "weight_norm.conv": WeightNorm(Conv(2, 3, window: [2, 3]))
    case "weight_norm.transposed": WeightNorm(TransposedConv(3, 2, window: 2, stride: 2))
    case "spectral_norm.linear": SpectralNorm(Linear(4, 3))
    case "spectral_norm.conv": SpectralNorm(Conv(2, 3, window: [2, 3]))
    default:
      try #require(
        name == "spectral_norm.transposed"
          ? SpectralNorm(TransposedConv(3, 2, window: 2, stride: 2)) : nil, "\(name)")
    }
  }

  @Test(arguments: Fixture.cases("weights"))
  func agreesWithPyTorch(_ fixture: Fixture) throws {
    let layer = try layer(fixture.name)
    let table = layer.table
    for entry in table.parameters { entry.parameter.replace(try fixture(entry.path)) }
    for entry in table.buffers { entry.buffer.replace(try fixture(entry.path)) }
    let (x, g) = (try fixture("input"), try fixture("cotangent"))
    let optimizer = SGD(layer, learningRate: 0.1)
    for step in 0..<3 {
      var result: Tensor?
      let (loss, gradients) = try Context.training(seed: 0, step: step) {
        try valueAndGradient(of: layer.parameters()) {
          let y = layer(x)
          result = y
          return Loss(sum: (y * g).sum(), count: 1)
        }
      }
      let y = try #require(result)
      if step == 0 {
        for (entry, gradient) in zip(table.parameters, gradients.tensors) {
          try expectClose(
            gradient, fixture("gradient.\(entry.path)"), relative: 2e-5, absolute: 4e-6,
            "gradient of \(entry.path)")
        }
      }
      try optimizer.update(gradients, evaluating: [loss.sum, y])
      try expectClose(
        y, fixture("expected.\(step)"), relative: 2e-5, absolute: 5e-6, "step \(step)")
    }
    for (path, value) in table.parameters.map({ ($0.path, $0.parameter.value) })
      + table.buffers.map({ ($0.path, $0.buffer.value) })
    {
      try expectClose(value, fixture("final.\(path)"), relative: 5e-5, absolute: 5e-6, path)
    }
    try expectClose(layer(x), fixture("used"), relative: 5e-5, absolute: 1e-5, "in use")
  }

  @Test func lengthsBeginAsThoseOfTheWeight() throws {
    let plain = Linear(6, 4)
    let layer = WeightNorm(plain)
    layer.initialize(seed: 3)
    #expect(layer.description == "WeightNorm Linear 6→4")
    #expect(layer.table.parameters.map(\.path) == ["weight", "bias", "length"])
    let x = Tensor.normal([2, 6], key: RandomKey(seed: 1))
    try expectClose(layer(x), plain(x), absolute: 1e-6, "at first")
    // On the first step too, the lengths are leaves of their own.
    let gradients = try valueAndGradient(of: layer.parameters()) {
      Loss(sum: layer(x).square().sum(), count: 1)
    }.gradients
    let along = (gradients.tensors[0] * plain.weight.value).sum(over: 1)
    try expectClose(along, .zeros([4]), absolute: 1e-4, "no gradient along the direction")
  }

  @Test func theFirstSingularValueIsNearTheLargest() throws {
    let linear = Linear(8, 5)
    let layer = SpectralNorm(linear)
    layer.initialize(seed: 4)
    // The largest singular value by many more steps.
    let w = linear.weight.value
    var v = Tensor.ones([8])
    for _ in 0..<200 {
      let u = matmul(w, v)
      v = matmul(w.transposed(), u)
      v = v / v.square().sum().squareRoot()
    }
    let largest = try matmul(w, v).square().sum().squareRoot().scalar()
    let x = Tensor.normal([3, 8], key: RandomKey(seed: 1))
    let plain = matmul(x, w.transposed()) / largest + (try #require(linear.bias)).value
    try expectClose(layer(x), plain, relative: 0.02, absolute: 0.02, "bounded")
  }

  @Test func aCloneGoesItsOwnWay() throws {
    struct Net: Module {
      let first = WeightNorm(Linear(4, 3))
      let second = SpectralNorm(Linear(3, 2))
      func callAsFunction(_ x: Tensor) -> Tensor { second(first(x).tanh()) }
    }
    let net = Net()
    net.initialize(seed: 5)
    let other = net.clone()
    // Drawn anew, the lengths and vectors are those of the copy's weights.
    other.initialize(seed: 6)
    let fresh = Net()
    fresh.initialize(seed: 6)
    let x = Tensor.normal([2, 4], key: RandomKey(seed: 1))
    try expectClose(other(x), fresh(x), absolute: 0, "drawn anew")
    #expect(try other(x).array() != net(x).array())
  }

  @Test func buffersAreSavedAndLoaded() throws {
    let layer = SpectralNorm(Linear(4, 3))
    layer.initialize(seed: 7)
    let x = Tensor.normal([5, 4], key: RandomKey(seed: 1))
    let optimizer = SGD(layer, learningRate: 0.1)
    for step in 0..<3 {
      let gradients = try Context.training(seed: 0, step: step) {
        try valueAndGradient(of: layer.parameters()) {
          Loss(sum: layer(x).square().sum(), count: 1)
        }.gradients
      }
      try optimizer.update(gradients, evaluating: [])
    }
    let folder = TemporaryFolder()
    let path = folder("w.safetensors")
    try layer.save(to: path)
    let again = SpectralNorm(Linear(4, 3))
    again.initialize(seed: 8)
    try again.load(from: path)
    #expect(try again.u.value.array() == layer.u.value.array())
    #expect(try again(x).array() == layer(x).array())
  }
}
