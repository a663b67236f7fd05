// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// What is to be made small: a sum over samples and the weight to divide it by.
///
/// Kept apart until the update, so that micro-batches, a ragged last one included, add up to
/// exactly the large batch: Σ sums / Σ weights.
public struct Loss: Sendable {
  /// The sum, a scalar.
  public let sum: Tensor
  /// What the sum is to be divided by, a scalar: the number of elements, or their weights' sum.
  public let weight: Tensor
  /// The weight as a number, where it is known without computing.
  package let count: Float?

  /// A loss from a sum over `count` equal elements.
  public init(sum: Tensor, count: Int) {
    self.sum = sum
    self.count = Float(count)
    weight = Tensor.constant(Float(count), .float32)
  }

  /// A loss from a sum and the sum of the weights, both scalars.
  public init(sum: Tensor, weight: Tensor) {
    self.sum = sum
    self.weight = weight
    count = nil
  }

  /// The sum divided by the weight, a scalar. Where the weight is zero the mean is zero.
  public var mean: Tensor {
    if let count { return sum * (count == 0 ? 0 : 1 / count) }
    let isNothing = weight .== Tensor.literal(0, like: weight)
    return sum / select(isNothing, Tensor.literal(1, like: weight), weight)
  }

  /// Both sums and both weights added: the loss of two batches together.
  public static func + (a: Loss, b: Loss) -> Loss {
    if let first = a.count, let second = b.count {
      return Loss(sum: a.sum + b.sum, count: Int(first + second))
    }
    return Loss(sum: a.sum + b.sum, weight: a.weight + b.weight)
  }
}

/// What ``valueAndGradient(of:dividing:_:)-(Module,_,_)`` can differentiate: a ``Loss``, or a
/// tensor with one element.
public protocol Objective: Sendable {
  /// The sum and what it is to be divided by; nil: nothing.
  var parts: (sum: Tensor, weight: Tensor?) { get }
  /// The value that is to be made small.
  var mean: Tensor { get }
}

extension Loss: Objective {
  /// The sum and the weight.
  public var parts: (sum: Tensor, weight: Tensor?) { (sum, weight) }
}

extension Tensor: Objective {
  /// The tensor itself, which nothing divides.
  public var parts: (sum: Tensor, weight: Tensor?) { (self, nil) }
  /// The tensor itself, which has one element.
  public var mean: Tensor { self }
}
