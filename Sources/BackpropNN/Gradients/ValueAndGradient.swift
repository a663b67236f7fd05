// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// A loss and its gradients with respect to the parameters of a model that are not frozen.
///
/// Without a ``Context`` the layers behave as in training, with seed 0. Looking through the model
/// takes microseconds; a loop that counts them keeps the list of parameters and uses
/// ``valueAndGradient(of:dividing:_:)-([Parameter],_,_)``.
///
/// - Parameters:
///   - dividing: whether the gradients are those of the loss's mean. If false they are those of
///     its sum, and carry the weight they are to be divided by: to be added up over micro-batches.
///   - body: the loss; reading values inside is allowed.
/// - Throws: what `body` throws, or the ``ShapeError`` that the loss carries.
public func valueAndGradient<Value: Objective>(
  of model: some Module, dividing: Bool = true, _ body: () throws -> Value
) throws -> (loss: Value, gradients: Gradients) {
  try valueAndGradient(of: model.parameters(), dividing: dividing, body)
}

/// A loss and its gradients with respect to parameters; see
/// ``valueAndGradient(of:dividing:_:)-(Module,_,_)``. Frozen parameters are left out.
public func valueAndGradient<Value: Objective>(
  of parameters: [Parameter], dividing: Bool = true, _ body: () throws -> Value
) throws -> (loss: Value, gradients: Gradients) {
  var trained = parameters
  var leaves: [Tensor] = []
  leaves.reserveCapacity(parameters.count)
  for parameter in parameters {
    if let value = parameter.valueIfTrained { leaves.append(value) }
  }
  if leaves.count < parameters.count { trained.removeAll(where: \.isFrozen) }
  let value = try Evaluation.$isRecording.withValue(true) {
    if Context.isSet { return try body() }
    let step = Int(truncatingIfNeeded: parameters.first?.nextTrace() ?? 0)
    return try Context.training(seed: 0, step: step, body)
  }
  let parts = value.parts
  let result = dividing ? value.mean : parts.sum
  if let failure = result.failure { throw failure }
  let tensors = gradient(of: result, at: leaves)
  if let failure = tensors.first?.failure { throw failure }
  return (value, Gradients(trained, tensors, weight: dividing ? nil : parts.weight))
}
