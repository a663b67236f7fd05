// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

/// The problem of the optimizer fixtures: loss(W, b) = mean((tanh(x W + b) − y)²).
private struct Problem: Module {
  let W: Parameter
  let b: Parameter

  func loss(_ x: Tensor, _ y: Tensor) -> Loss {
    squaredError((matmul(x, W.value) + b.value).tanh(), y)
  }
}

@Suite("Optimizers against PyTorch")
struct OptimizerFixtureTests {
  @Test(
    arguments: Fixture.cases("optimizers", "optimizer.").filter { !$0.name.contains("lbfgs") })
  func followsTheTrajectory(_ fixture: Fixture) throws {
    let x = try fixture("problem.x")
    let y = try fixture("problem.y")
    let hasBias = fixture.has("parameter.b")
    let model = Problem(
      W: Parameter(try fixture("parameter.W")[0]),
      b: Parameter(try hasBias ? fixture("parameter.b")[0] : fixture("problem.b")))
    if !hasBias { model.freeze("b") }
    let optimizer = try optimizer(fixture, model)
    let steps = try fixture("gradient.W").shape[0]
    for step in 0..<steps {
      let (loss, gradients) = try valueAndGradient(of: model) { model.loss(x, y) }
      let mine = try #require(gradients[model.W])
      try evaluate(mine, loss.mean)
      try expectClose(
        mine, fixture("gradient.W")[step], relative: 2e-4, absolute: 2e-6,
        "\(fixture.name), gradient of step \(step)")
      try optimizer.update(model, gradients)
      try expectClose(
        model.W.value, fixture("parameter.W")[step + 1], relative: 5e-5, absolute: 3e-6,
        "\(fixture.name), W after step \(step)")
      if hasBias {
        try expectClose(
          model.b.value, fixture("parameter.b")[step + 1], relative: 5e-5, absolute: 3e-6,
          "\(fixture.name), b after step \(step)")
      }
    }
    #expect(optimizer.state.step == steps)
  }

  private func optimizer(_ fixture: Fixture, _ model: Problem) throws -> any Optimizer {
    let o = fixture.options
    func number(_ key: String) -> Double { o.number(key) ?? 0 }
    let rate = LearningRate.constant(number("learning_rate"))
    let (beta1, beta2, epsilon) = (number("beta1"), number("beta2"), number("epsilon"))
    let (l2, decay) = (number("l2"), number("weight_decay"))
    switch fixture.name.split(separator: ".")[1] {
    case "sgd":
      return SGD(
        model, learningRate: rate, momentum: number("momentum"), dampening: number("dampening"),
        nesterov: o.truth("nesterov"), l2: l2)
    case "adagrad":
      return Adagrad(
        model, learningRate: rate, learningRateDecay: number("learning_rate_decay"),
        initial: number("initial"), epsilon: epsilon, l2: l2)
    case "rmsprop":
      return RMSprop(
        model, learningRate: rate, alpha: number("alpha"), epsilon: epsilon,
        momentum: number("momentum"), centered: o.truth("centered"), l2: l2)
    case "adadelta":
      return Adadelta(model, learningRate: rate, rho: number("rho"), epsilon: epsilon, l2: l2)
    case "adam":
      return Adam(
        model, learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, l2: l2)
    case "amsgrad":
      return AMSGrad(model, learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon)
    case "adamw":
      return AdamW(
        model, learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: decay, amsgrad: o.truth("amsgrad"))
    case "lion":
      return Lion(model, learningRate: rate, beta1: beta1, beta2: beta2, weightDecay: decay)
    case "lamb":
      return LAMB(
        model, learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: decay)
    default:
      return Muon(
        model, learningRate: rate, momentum: number("momentum"), nesterov: o.truth("nesterov"),
        weightDecay: decay, epsilon: epsilon, iterations: o.integer("iterations") ?? 0,
        adjustment: o.text("adjust") == "original" ? .original : .matchingAdamW)
    }
  }

  @Test(arguments: Fixture.cases("optimizers", "clip."))
  func clipsLikePyTorch(_ fixture: Fixture) throws {
    let w = Parameter(Tensor.zeros([3, 4]))
    let b = Parameter(Tensor.zeros([4]))
    let gradients = Gradients([w, b], [try fixture("gradient.W"), try fixture("gradient.b")])
    let limit = fixture.options.float("maximum", or: 0)
    let clipped =
      switch fixture.name.split(separator: ".")[1] {
      case "value": gradients.clipped(toValue: limit)
      case "layer": gradients.clipped(toNormPerLayer: limit)
      default: gradients.clipped(toNorm: limit)
      }
    try expectClose(clipped.tensors[0], fixture("expected.W"), "\(fixture.name), W")
    try expectClose(clipped.tensors[1], fixture("expected.b"), "\(fixture.name), b")
    try expectClose(gradients.norm.reshaped(to: [1]), fixture("norm"), "\(fixture.name), norm")
  }

  @Test func averagesTheWeights() throws {
    let fixture = try Fixture.named("ema", in: "optimizers")
    let values = try fixture("value")
    let parameter = Parameter(values[0])
    struct One: Module { let p: Parameter }
    let optimizer = SGD(
      One(p: parameter), learningRate: 1,
      options: OptimizerOptions(averaging: fixture.options.number("decay")))
    for step in 1..<values.shape[0] {
      // A step of rate 1 along the difference leads to the next value.
      let gradient = values[step - 1] - values[step]
      try optimizer.update(Gradients([parameter], [gradient]))
      let average = try #require(optimizer.state.average(of: parameter))
      try expectClose(average, fixture("expected")[step], "average after step \(step)")
    }
  }
}
