// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The gradients of a loss, keyed by parameter: a value, never stored on the parameters, so that
/// nothing has to be zeroed.
public struct Gradients: Sendable {
  /// The parameters, in the order of the model.
  public let parameters: [Parameter]
  /// The gradient of each parameter.
  public private(set) var tensors: [Tensor]
  /// What the gradients are still to be divided by, a scalar; nil: nothing.
  public private(set) var weight: Tensor?

  /// Gradients, one for each parameter.
  ///
  /// - Parameter weight: what they are still to be divided by.
  public init(_ parameters: [Parameter], _ tensors: [Tensor], weight: Tensor? = nil) {
    precondition(
      parameters.count == tensors.count,
      "\(tensors.count) gradients for \(parameters.count) parameters")
    self.parameters = parameters
    self.tensors = tensors
    self.weight = weight
  }

  /// The gradient of a parameter; nil if the parameter took no part.
  public subscript(_ parameter: Parameter) -> Tensor? {
    parameters.firstIndex { $0 === parameter }.map { tensors[$0] }
  }

  /// Gradients of two losses added, together with what they are still to be divided by.
  public static func + (a: Gradients, b: Gradients) -> Gradients {
    if (a.weight == nil) != (b.weight == nil) { return a.divided() + b.divided() }
    let weight = a.weight.flatMap { first in b.weight.map { first + $0 } }
    if a.hasParameters(of: b) {
      return Gradients(a.parameters, zip(a.tensors, b.tensors).map { $0 + $1 }, weight: weight)
    }
    var parameters = a.parameters
    var tensors = a.tensors
    var places: [ObjectIdentifier: Int] = [:]
    for (index, parameter) in parameters.enumerated() {
      places[ObjectIdentifier(parameter)] = index
    }
    for (parameter, tensor) in zip(b.parameters, b.tensors) {
      if let index = places[ObjectIdentifier(parameter)] {
        tensors[index] = tensors[index] + tensor
      } else {
        parameters.append(parameter)
        tensors.append(tensor)
      }
    }
    return Gradients(parameters, tensors, weight: weight)
  }

  /// The gradients times a number.
  public func scaled(by factor: Float) -> Gradients {
    mapped { $0 * factor }
  }

  /// The gradients with the division that was put off carried out.
  public func divided() -> Gradients {
    guard let weight else { return self }
    let zero = Tensor.literal(0, like: weight)
    let factor = select(weight .== zero, zero, weight.reciprocal())
    return Gradients(parameters, tensors.map { $0 * factor.cast(to: $0.dtype) })
  }

  func mapped(_ body: (Tensor) -> Tensor) -> Gradients {
    Gradients(parameters, tensors.map(body), weight: weight)
  }

  private func hasParameters(of other: Gradients) -> Bool {
    parameters.count == other.parameters.count
      && zip(parameters, other.parameters).allSatisfy { $0 === $1 }
  }
}
