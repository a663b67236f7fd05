// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// How a parameter gets its first value: a function of its shape and a random key.
public struct Initializer: Sendable {
  /// The name, for text.
  public let name: String
  private let draw: @Sendable (Shape, RandomKey) -> Tensor

  /// An initializer from a function of shape and key.
  public init(_ name: String, _ draw: @escaping @Sendable (Shape, RandomKey) -> Tensor) {
    self.name = name
    self.draw = draw
  }

  /// The first value for a shape.
  public func callAsFunction(_ shape: Shape, key: RandomKey) -> Tensor { draw(shape, key) }

  /// Zeros.
  public static let zeros = Initializer("zeros") { shape, _ in .zeros(shape) }
  /// Ones.
  public static let ones = Initializer("ones") { shape, _ in .ones(shape) }

  /// One number everywhere.
  public static func constant(_ value: Float) -> Initializer {
    Initializer("constant \(value)") { shape, _ in .full(shape, value) }
  }

  /// A given tensor of the parameter's shape.
  public static func given(_ tensor: Tensor) -> Initializer {
    Initializer("given") { _, _ in tensor }
  }

  /// Uniform numbers in −bound ..< bound.
  public static func uniform(_ bound: Float) -> Initializer {
    Initializer("uniform ±\(bound)") { shape, key in
      .uniform(shape, in: -bound..<bound, key: key)
    }
  }

  /// Normal numbers.
  public static func normal(mean: Float = 0, standardDeviation: Float = 1) -> Initializer {
    Initializer("normal σ=\(standardDeviation)") { shape, key in
      .normal(shape, mean: mean, standardDeviation: standardDeviation, key: key)
    }
  }

  /// Normal numbers within `bounds` standard deviations of the mean.
  public static func truncatedNormal(
    mean: Float = 0, standardDeviation: Float = 1, bounds: Float = 2
  ) -> Initializer {
    Initializer("truncated normal σ=\(standardDeviation)") { shape, key in
      .truncatedNormal(
        shape, mean: mean, standardDeviation: standardDeviation, bounds: bounds, key: key)
    }
  }
}
