// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("Layers")
struct LayerTests {
  @Test(arguments: Fixture.cases("layers").filter { !$0.name.contains("batch_norm") })
  func agreesWithPyTorch(_ fixture: Fixture) throws {
    let layer = try layer(fixture)
    for entry in layer.table.parameters { entry.parameter.replace(try fixture(entry.path)) }
    let x = try fixture("input")
    let y = layer.callAsFunction(x)
    let parameters = layer.parameters()
    let leaves = parameters.map(\.value) + (x.dtype.isFloatingPoint ? [x] : [])
    let roles = layer.table.parameters.map(\.path) + (x.dtype.isFloatingPoint ? ["input"] : [])
    let gradients = gradient(of: (y * (try fixture("cotangent"))).sum(), at: leaves)
    // A shift of 50 costs six bits of the differences.
    let isShifted = fixture.name.hasSuffix("shifted")
    try expectClose(
      y, fixture("expected"), absolute: isShifted ? 1e-5 : 2e-6, "\(fixture.name)")
    for (gradient, role) in zip(gradients, roles) {
      try expectClose(
        gradient, fixture("gradient.\(role)"), absolute: isShifted ? 2e-5 : 3e-6,
        "\(fixture.name), gradient at \(role)")
    }
  }

  @Test(arguments: Fixture.cases("layers", "layer.batch_norm"))
  func batchNormAgreesWithPyTorch(_ fixture: Fixture) throws {
    let o = fixture.options
    let features = try fixture("input.1").shape[-1]
    let layer = BatchNorm(
      features, momentum: o.float("momentum", or: 0), epsilon: o.float("epsilon", or: 0),
      affine: o.truth("affine"))
    for entry in layer.table.parameters { entry.parameter.replace(try fixture(entry.path)) }
    for step in 1...2 {
      let x = try fixture("input.\(step)")
      let y = Context.training(seed: 0, step: step) { layer(x) }
      let leaves = [x] + layer.parameters().map(\.value)
      let roles = ["input"] + layer.table.parameters.map(\.path)
      let gradients = gradient(of: (y * (try fixture("cotangent.\(step)"))).sum(), at: leaves)
      let mean = try #require(layer.runningMean.takeStaged())
      let variance = try #require(layer.runningVariance.takeStaged())
      try expectClose(y, fixture("expected.\(step)"), absolute: 3e-6, "\(fixture.name)")
      try expectClose(mean, fixture("running_mean.\(step)"), "\(fixture.name), mean")
      try expectClose(variance, fixture("running_var.\(step)"), "\(fixture.name), variance")
      layer.runningMean.replace(mean)
      layer.runningVariance.replace(variance)
      for (gradient, role) in zip(gradients, roles) {
        try expectClose(
          gradient, fixture("gradient.\(role).\(step)"), absolute: 5e-6,
          "\(fixture.name), step \(step), gradient at \(role)")
      }
    }
    try expectClose(
      layer(fixture("input.3")), fixture("expected.3"), absolute: 3e-6, "\(fixture.name), in use")
  }

  private func layer(_ fixture: Fixture) throws -> any Layer {
    let o = fixture.options
    let features = fixture.has("input") ? try fixture("input").shape[-1] : 0
    let parts = fixture.name.split(separator: ".")
    switch parts[1] {
    case "linear": return Linear(features, 7, bias: o.truth("bias"))
    case "embedding": return Embedding(6, 4, paddingIndex: o.integer("padding_index"))
    case "layer_norm":
      let shape = try fixture("input").shape
      let axes = o.integer("axes") ?? 1
      return LayerNorm(
        shape: Shape(shape.dimensions.suffix(axes)), epsilon: o.float("epsilon", or: 0),
        affine: o.truth("affine"))
    default:
      return RMSNorm(features, epsilon: o.float("epsilon", or: 0), affine: o.truth("affine"))
    }
  }
}
