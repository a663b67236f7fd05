// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import Testing

@Suite("Activations")
struct ActivationTests {
  @Test(arguments: Fixture.cases("activations"))
  func agreesWithPyTorch(_ fixture: Fixture) throws {
    let x = try fixture("input")
    let result: Tensor
    var leaves = [x]
    var roles = ["input"]
    if fixture.has("weight") {
      let slope = try fixture("weight")
      result = x.prelu(slope: slope)
      leaves.append(slope)
      roles.append("weight")
    } else {
      result = try activation(fixture, x)
    }
    let cotangent = try fixture("cotangent")
    // The gradients come first: reading a value cuts its history.
    let gradients = gradient(of: (result * cotangent).sum(), at: leaves)
    // Values within 4 ulps of a float32, and of 1 where terms cancel.
    try expectClose(result, fixture("expected"), absolute: 3e-7, "\(fixture.name)")
    for (gradient, role) in zip(gradients, roles) {
      try expectClose(
        gradient, fixture("gradient.\(role)"), "the gradient of \(fixture.name) at \(role)")
    }
  }

  @Test func everyNamedActivationRuns() throws {
    let x = Tensor([-2, -0.5, 0.5, 2], shape: [1, 4])
    for (name, activation) in Activation.named {
      let y = activation(x)
      #expect(y.shape == (activation.isGate ? [1, 2] : [1, 4]), "\(name)")
      #expect(try y.array().allSatisfy(\.isFinite), "\(name)")
    }
  }

  @Test func gateOfAnOddAxisSaysWhy() {
    let failure = Tensor.zeros([2, 3]).swiglu().failure
    #expect(
      failure?.description
        == "swiglu of [2, 3]: the last axis is cut into two halves, so its size must be even.")
  }

  private func activation(_ fixture: Fixture, _ x: Tensor) throws -> Tensor {
    let options = fixture.options
    let name = String(fixture.name.dropFirst("activation.".count))
    switch name {
    case "relu": return x.relu()
    case "relu6": return x.relu6()
    case "leaky_relu", "leaky_relu.steep": return x.leakyReLU(slope: options.float("slope", or: 0))
    case "elu", "elu.half": return x.elu(alpha: options.float("alpha", or: 0))
    case "celu": return x.celu(alpha: options.float("alpha", or: 0))
    case "selu": return x.selu()
    case "gelu": return x.gelu()
    case "gelu.tanh": return x.geluTanh()
    case "silu": return x.silu()
    case "mish": return x.mish()
    case "sigmoid": return x.sigmoid()
    case "log_sigmoid": return x.logSigmoid()
    case "tanh": return x.tanh()
    case "softplus", "softplus.sharp": return x.softplus(beta: options.float("beta", or: 0))
    case "softsign": return x.softsign()
    case "hard_sigmoid": return x.hardSigmoid()
    case "hard_silu": return x.hardSiLU()
    case "hard_tanh": return x.hardTanh()
    case "hard_shrink": return x.hardShrink(threshold: options.float("lambda", or: 0))
    case "soft_shrink": return x.softShrink(threshold: options.float("lambda", or: 0))
    case "tanh_shrink": return x.tanhShrink()
    case "softmax", "softmax.columns": return x.softmax(along: options.integer("axis") ?? 9)
    case "softmin": return x.softmin(along: options.integer("axis") ?? 9)
    case "log_softmax", "log_softmax.columns":
      return x.logSoftmax(along: options.integer("axis") ?? 9)
    default:
      let activation = try #require(Activation.named[name], "no activation for \(name)")
      return activation(x)
    }
  }
}
