// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing

private struct Point: Module {
  let x: Parameter
  init(_ start: Tensor) { x = Parameter(start) }

  /// (1 − x)² + 100 (y − x²)², with its minimum 0 at (1, 1) (H. Rosenbrock, 1960).
  var rosenbrock: Tensor {
    let (a, b) = (x.value[0], x.value[1])
    return (1 - a).square() + (b - a.square()).square() * 100
  }
}

@Suite("L-BFGS")
struct LBFGSTests {
  @Test(arguments: Fixture.cases("optimizers", "optimizer.lbfgs."))
  func followsPyTorch(_ fixture: Fixture) throws {
    let positions = try fixture("parameter.x")
    let losses = try fixture("loss").array()
    let point = Point(positions[0])
    let o = fixture.options
    let optimizer = LBFGS(
      point, learningRate: o.number("lr") ?? 1, iterations: o.integer("max_iter") ?? 0,
      history: o.integer("history_size") ?? 0,
      lineSearch: o.text("line_search_fn") == nil ? .fixed : .strongWolfe)
    let isBowl = fixture.has("a")
    func loss() throws -> Tensor {
      guard isBowl else { return point.rosenbrock }
      let (a, b) = (try fixture("a"), try fixture("b"))
      return matmul(matmul(point.x.value, a), point.x.value) * 0.5
        - matmul(b, point.x.value)
    }
    // After twenty directions through the curved valley the roundings of float32 have grown large:
    // PyTorch's own float32 leaves its float64, which the fixture holds, at the same place.
    let steps = isBowl ? positions.shape[0] - 1 : 5
    for step in 0..<steps {
      let before = try optimizer.step(loss).scalar()
      #expect(
        abs(before - losses[step]) <= 1e-4 * max(1, abs(losses[step])),
        "\(fixture.name), loss before step \(step): \(before), PyTorch has \(losses[step])")
      try expectClose(
        point.x.value, positions[step + 1], relative: 2e-3, absolute: 2e-4,
        "\(fixture.name), step \(step)")
    }
  }

  @Test func findsTheEndOfRosenbrocksValley() throws {
    let point = Point(Tensor([-1.2, 1]))
    let minimum = try LBFGS(point).minimize { point.rosenbrock }
    #expect(minimum.reason != .iterations, "\(minimum)")
    #expect(minimum.loss < 1e-9, "\(minimum)")
    #expect(minimum.iterations < 60, "\(minimum)")
    try expectClose(point.x.value, Tensor([1, 1]), absolute: 1e-4, "the minimum")
  }

  @Test func fitsLogisticRegressionToDigits() throws {
    let data = try Digits.parts(seed: 0)
    let train = try Loader(data.train, batchSize: 1).whole
    let test = try Loader(#require(data.test), batchSize: 1).whole
    let model = Linear(64, 10)
    func logits(_ batch: Batch) -> Tensor {
      model(batch.features.flattened(1).cast(to: .float32) / 16)
    }
    let labels = try #require(train.targets)
    let minimum = try LBFGS(model, history: 10).minimize(iterations: 300) {
      // Without the penalty there is no minimum: the classes can be told apart.
      crossEntropy(logits(train), labels).mean + model.weight.value.square().sum() * 1e-4
    }
    #expect(minimum.reason != .iterations, "\(minimum)")
    #expect(minimum.gradient < 1e-2, "\(minimum)")
    let hits = (logits(test).argMax() .== (try #require(test.targets))).mean()
    #expect(try hits.scalar() > 0.95, "\(minimum)")
  }

  @Test func leavesFrozenParametersAlone() throws {
    struct Two: Module {
      let a = Parameter(Tensor([3]))
      let b = Parameter(Tensor([4]))
    }
    let model = Two()
    model.freeze("b")
    try LBFGS(model).minimize { (model.a.value - model.b.value).square().sum() }
    try expectClose(model.a.value, Tensor([4]), "a")
    try expectClose(model.b.value, Tensor([4]), "b")
    model.unfreeze("b")
    model.freeze("a")
    let optimizer = LBFGS(model)
    try optimizer.minimize { (model.b.value + model.a.value).square().sum() }
    try expectClose(model.b.value, Tensor([-4]), "b")
  }

  /// A search along a line compares values of one function, so its dropout may not change.
  @Test func drawsTheSameMaskAllThroughAStep() throws {
    struct Dropping: Module {
      let w = Parameter(Tensor.ones([64]))
      let dropout = Dropout(0.5)
    }
    let model = Dropping()
    let x = Tensor.ones([64])
    var masks: [[Float]] = []
    try LBFGS(model, iterations: 3).step {
      let y = model.dropout(x)
      masks.append(try y.array())
      return ((model.w.value * y) - 1).square().sum()
    }
    #expect(masks.count > 2)
    #expect(Set(masks).count == 1, "\(Set(masks).count) masks in one step")
  }

  @Test func staysWhereItWasWhenTheLossFails() throws {
    struct Stop: Error {}
    let point = Point(Tensor([-1.2, 1]))
    let before = try point.x.value.array()
    var calls = 0
    #expect(throws: Stop.self) {
      try LBFGS(point).step {
        calls += 1
        if calls == 2 { throw Stop() }
        return point.rosenbrock
      }
    }
    #expect(try point.x.value.array() == before)
  }

  /// Far from the start this loss is not finite; the search must come back.
  @Test func searchesBackFromWhatIsNotFinite() throws {
    let point = Point(Tensor([0.1]))
    let minimum = try LBFGS(point, learningRate: 100).minimize {
      (point.x.value * 3 - (point.x.value + 1e-3).log()).sum()
    }
    try expectClose(point.x.value, Tensor([1 / 3 - 1e-3]), relative: 1e-3, "\(minimum)")
  }

  @Test func nothingToTrainIsAMinimum() throws {
    let point = Point(Tensor([2, 2]))
    point.freeze()
    let minimum = try LBFGS(point).minimize { point.rosenbrock }
    #expect(minimum.evaluations == 1 && minimum.iterations == 0)
  }
}
