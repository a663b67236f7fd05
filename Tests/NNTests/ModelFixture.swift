// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import Testing

/// Gives a model the parameters of a case, and expects PyTorch's result, loss and gradients. The loss
/// is the cross-entropy, or the squared error where the target is no class.
func expectModel(
  _ model: some Module, _ fixture: Fixture, _ run: () throws -> Tensor,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let paths = Set(model.table.parameters.map(\.path))
  let wanted = Set(
    fixture.roles.filter { $0.hasPrefix("gradient.") }.map { String($0.dropFirst(9)) })
  #expect(
    paths == wanted, "\(paths.symmetricDifference(wanted).sorted())",
    sourceLocation: sourceLocation)
  for entry in model.table.parameters { entry.parameter.replace(try fixture(entry.path)) }
  let target = try fixture("target")
  var logits: Tensor?
  let (loss, gradients) = try valueAndGradient(of: model.parameters()) {
    let made = try run()
    logits = made
    return target.dtype.isFloatingPoint
      ? squaredError(made, target) : crossEntropy(made, target, ignoring: -100)
  }
  try expectClose(
    try #require(logits), fixture("logits"), relative: 2e-5, absolute: 5e-6, "logits",
    sourceLocation: sourceLocation)
  try expectClose(
    loss.mean.reshaped(to: [1]), fixture("loss"), "loss", sourceLocation: sourceLocation)
  for (entry, gradient) in zip(model.table.parameters, gradients.tensors) {
    try expectClose(
      gradient, fixture("gradient.\(entry.path)"), relative: 5e-5, absolute: 5e-6,
      "gradient of \(entry.path)", sourceLocation: sourceLocation)
  }
}
