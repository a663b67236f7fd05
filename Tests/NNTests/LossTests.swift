// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import Testing

@Suite("Losses")
struct LossTests {
  @Test(arguments: Fixture.cases("losses"))
  func agreesWithPyTorch(_ fixture: Fixture) throws {
    let roles = fixture.roles.filter { $0.hasPrefix("gradient.") && $0.hasSuffix(".sum") }
      .map { String($0.dropFirst("gradient.".count).dropLast(".sum".count)) }
    let loss = try loss(fixture)
    // Gradients come first: reading a value cuts its history.
    let leaves = try roles.map { try fixture($0) }
    let ofSum = gradient(of: loss.sum, at: leaves)
    let ofMean = gradient(of: loss.mean, at: leaves)
    // A sum of about a hundred terms whose errors are relative to the largest.
    try expectClose(
      loss.sum.reshaped(to: [1]), fixture("expected.sum"), absolute: 2e-6, "\(fixture.name), sum")
    // PyTorch's plain mean of a divergence counts elements; ours counts rows.
    let isRowMean = fixture.has("expected.batch_mean")
    try expectClose(
      loss.mean.reshaped(to: [1]),
      fixture(isRowMean ? "expected.batch_mean" : "expected.mean"), "\(fixture.name), mean")
    for (place, role) in roles.enumerated() {
      try expectClose(
        ofSum[place], fixture("gradient.\(role).sum"),
        "\(fixture.name), gradient of the sum at \(role)")
      if isRowMean { continue }
      try expectClose(
        ofMean[place], fixture("gradient.\(role).mean"),
        "\(fixture.name), gradient of the mean at \(role)")
    }
    if isRowMean { return }
    try expectClose(
      loss.weight.reshaped(to: [1]), fixture("expected.weight"), "\(fixture.name), weight")
  }

  private func loss(_ fixture: Fixture) throws -> Loss {
    let o = fixture.options
    let parts = fixture.name.split(separator: ".").map(String.init)
    func get(_ role: String) throws -> Tensor { try fixture(role) }
    func optional(_ role: String) throws -> Tensor? { fixture.has(role) ? try fixture(role) : nil }
    switch parts[1] {
    case "squared": return squaredError(try get("input"), try get("target"))
    case "absolute": return absoluteError(try get("input"), try get("target"))
    case "huber":
      return huberLoss(try get("input"), try get("target"), delta: o.float("delta", or: 0))
    case "smooth_l1":
      return smoothAbsoluteError(try get("input"), try get("target"), beta: o.float("beta", or: 0))
    case "log_cosh": return logCoshLoss(try get("input"), try get("target"))
    case "quantile":
      return quantileLoss(
        try get("input"), try get("target"), quantile: o.float("quantile", or: 0))
    case "cross_entropy":
      return crossEntropy(
        try get("input"), try get("target"), weights: try optional("weight"),
        labelSmoothing: o.float("label_smoothing", or: 0), ignoring: o.integer("ignored_index"))
    case "nll": return negativeLogLikelihood(try get("input"), try get("target"))
    case "binary_cross_entropy":
      return binaryCrossEntropy(
        try get("input"), try get("target"), weights: try optional("weight"),
        positiveWeight: try optional("positive_weight"))
    case "focal":
      let gamma = o.float("gamma", or: -1)
      return parts[2] == "binary"
        ? binaryFocalLoss(
          try get("input"), try get("target"), gamma: gamma,
          alpha: o.number("alpha").map(Float.init))
        : focalLoss(try get("input"), try get("target"), gamma: gamma)
    case "hinge" where parts.count == 2 || parts[2] == "squared":
      return hingeLoss(
        try get("input"), try get("target").cast(to: .float32), margin: o.float("margin", or: 0),
        isSquared: parts.count == 3)
    case "hinge":
      return classHingeLoss(
        try get("input"), try get("target"), margin: o.float("margin", or: 0),
        isSquared: o.integer("power") == 2)
    case "margin_ranking":
      return rankingLoss(try get("first"), try get("second"), try get("target"), margin: 0.3)
    case "triplet":
      return tripletLoss(
        try get("anchor"), try get("positive"), try get("negative"),
        margin: o.float("margin", or: 0), power: o.float("power", or: 0))
    case "cosine" where parts.count == 2:
      return cosineDistance(try get("first"), try get("second"))
    case "cosine":
      return cosineEmbeddingLoss(
        try get("first"), try get("second"), try get("target"), margin: o.float("margin", or: 0))
    case "kl" where parts.last == "logits":
      return klDivergence(
        try get("input").logSoftmax(), try get("target").logSoftmax(), isLogarithm: true)
    case "kl":
      return klDivergence(
        try get("input"), try get("target"), isLogarithm: o.truth("log_target"))
    case "poisson":
      return poissonLoss(
        try get("input"), try get("target"), isLogarithm: o.truth("log_input"),
        isFull: o.truth("full"))
    default:
      Issue.record("no loss for \(fixture.name)")
      return Loss(sum: Tensor(0), count: 1)
    }
  }
}
