// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// In training sets elements to 0 with a probability and scales the others by 1/(1 − p)
/// (N. Srivastava et al., 2014); in use the identity.
///
/// Which elements depends on the training's seed, the step and the layer's place in the model; see
/// ``Context``.
public struct Dropout: Layer, CustomStringConvertible {
  /// The probability with which an element is set to 0.
  public let probability: Float
  private let place = Place()

  /// A layer that drops with a probability in 0 ..< 1.
  public init(_ probability: Float) {
    precondition(
      probability >= 0 && probability < 1, "a dropout of \(probability) is outside 0 ..< 1")
    self.probability = probability
  }

  /// `Dropout 0.1`.
  public var description: String { "Dropout \(probability)" }

  /// What is dropped here and now, and by which key; nil: nothing. Each call is a draw of its own.
  func draw() -> (probability: Float, key: RandomKey)? {
    let context = Context.current
    guard probability > 0, context.isTraining else { return nil }
    return (probability, context.draw(at: place))
  }

  /// `x: [...] -> [...]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard let (probability, key) = draw() else { return x }
    let kept = Tensor.bernoulli(x.shape, probability: 1 - probability, key: key)
    return select(kept, x * (1 / (1 - probability)), Tensor.literal(0, like: x))
  }
}
