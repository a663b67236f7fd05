// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import Testing

@Suite("Tensors against PyTorch")
struct TensorFixtureTests {
  private static let functions: [String: @Sendable (Tensor) -> Tensor] = [
    "sum": { $0.sum(over: 0, 2) },
    "mean": { $0.mean(over: 1) },
    "variance": { $0.variance(over: 1) },
    "variance.unbiased": { $0.variance(over: 1, 2, correction: 1) },
    "deviation": { $0.standardDeviation(over: 2, correction: 1) },
    "max": { $0.max(over: 1) },
    "min": { $0.min(over: 0, 1) },
    "norm.1": { $0.norm(1, over: 1) },
    "norm.2": { $0.norm(over: 0, 2) },
    "norm.3": { $0.norm(3, over: 2) },
    "norm.infinity": { $0.norm(.infinity, over: 1) },
    "log_sum_exp": { $0.logSumExp(over: 1, 2) },
    "cumulative_sum": { $0.cumulativeSum(along: 1) },
    "product": { $0.product(over: 1) },
    "clamped": { $0.clamped(-0.5, 0.8) },
    "padded": { $0.padded([(0, 0), (0, 3), (2, 1)]) },
    "reversed": { $0.reversed(along: 0, 2) },
    "softmax": { $0.softmax(along: 1) },
    "log_softmax": { $0.logSoftmax(along: 0) },
    "power": { power($0.absolute(), 1.7) },
  ]

  @Test(arguments: Fixture.cases("tensors", "tensor."))
  func functionsAgree(_ fixture: Fixture) throws {
    let function = try #require(
      TensorFixtureTests.functions[String(fixture.name.dropFirst("tensor.".count))])
    try expectAgreement(fixture, ["input"]) { function($0[0]) }
  }

  @Test(arguments: Fixture.cases("tensors", "product."))
  func productsOfAnyRankAgree(_ fixture: Fixture) throws {
    try expectAgreement(fixture, ["first", "second"]) { matmul($0[0], $0[1]) }
  }

  @Test(arguments: Fixture.cases("tensors", "einsum."))
  func einsumsAgree(_ fixture: Fixture) throws {
    let formula = try #require(fixture.options.text("formula"))
    try expectAgreement(fixture, ["first", "second"]) { einsum(formula, $0) }
  }

  @Test func elementsByPositionAgree() throws {
    let taken = try Fixture.named("index.taken", in: "tensors")
    try expectAgreement(taken, ["input"]) { try $0[0].taken(taken("indices"), along: 1) }
    let gathered = try Fixture.named("index.gathered", in: "tensors")
    try expectAgreement(gathered, ["input"]) { try $0[0].gathered(gathered("indices"), along: 1) }
    let scattered = try Fixture.named("index.scattered", in: "tensors")
    try expectAgreement(scattered, ["input"]) {
      try $0[0].scatterAdded(scattered("indices"), along: 0, size: 4)
    }
  }

  @Test func ordersAgree() throws {
    let fixture = try Fixture.named("index.order", in: "tensors")
    let x = try fixture("input")
    for (role, mine) in [
      ("expected", x.argumentSort(along: 1)),
      ("descending", x.argumentSort(along: 1, descending: true)), ("largest", x.argMax()),
      ("smallest", x.argMin(along: 0)),
    ] {
      #expect(
        try mine.array(of: Int32.self) == fixture(role).array(of: Int32.self), "\(role)")
    }
  }

  /// Values and pullbacks within 1e-5 of each, and of 1 where terms cancel.
  private func expectAgreement(
    _ fixture: Fixture, _ roles: [String], _ body: ([Tensor]) throws -> Tensor
  ) throws {
    let leaves = try roles.map { try fixture($0) }
    let result = try body(leaves)
    let gradients = gradient(of: (result * (try fixture("cotangent"))).sum(), at: leaves)
    try expectClose(result, fixture("expected"), "\(fixture.name)")
    for (gradient, role) in zip(gradients, roles) {
      try expectClose(
        gradient, fixture("gradient.\(role)"), "the gradient of \(fixture.name) at \(role)")
    }
  }
}
