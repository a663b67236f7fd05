// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Normalizes each sample over its last axes (J. L. Ba et al., 2016).
///
///     y = (x − mean) / √(variance + ε) · weight + bias
///
/// `x: [..., shape] -> [..., shape]`; mean and variance are over `shape`.
public struct LayerNorm: Layer, CustomStringConvertible {
  /// The scale of each position, 1 at first; nil if not affine.
  public let weight: Parameter?
  /// The shift of each position, 0 at first; nil if there is none.
  public let bias: Parameter?
  /// The last axes of the input.
  public let shape: Shape
  /// What is added to the variance.
  public let epsilon: Float

  /// A layer that normalizes over the last axis.
  public init(_ features: Int, epsilon: Float = 1e-5, affine: Bool = true, bias: Bool = true) {
    self.init(shape: [features], epsilon: epsilon, affine: affine, bias: bias)
  }

  /// A layer that normalizes over several last axes.
  public init(shape: Shape, epsilon: Float = 1e-5, affine: Bool = true, bias: Bool = true) {
    precondition(shape.rank > 0, "a LayerNorm needs at least one axis")
    weight = affine ? Parameter(shape, initializer: .ones) : nil
    self.bias = affine && bias ? Parameter(shape, initializer: .zeros) : nil
    self.shape = shape
    self.epsilon = epsilon
  }

  /// `LayerNorm [256]`.
  public var description: String { "LayerNorm \(shape)" }

  /// `x: [..., shape] -> [..., shape]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let first = x.rank - shape.rank
    guard first >= 0, (0..<shape.rank).allSatisfy({ x.shape[first + $0] == shape[$0] }),
      x.dtype.isFloatingPoint
    else {
      return failed(
        "layerNorm", [x], "the input must be floating-point and end in the axes \(shape)",
        hint: "this layer was made for \(shape)", shape: x.shape, layer: self, leaf: weight?.path)
    }
    let values = x.cast(to: .float32)
    var y = values.normalizedWithStatistics(over: AxisSet(first..<x.rank), epsilon: epsilon).result
    if let weight { y = y * weight.value }
    if let bias { y = y + bias.value }
    return y.cast(to: x.dtype)
  }
}

/// Divides each sample by the root of its mean square (B. Zhang, R. Sennrich, 2019).
///
///     y = x / √(mean x² + ε) · weight
///
/// `x: [..., features] -> [..., features]`.
public struct RMSNorm: Layer, CustomStringConvertible {
  /// The scale of each feature, 1 at first; nil if not affine.
  public let weight: Parameter?
  /// The size of the last axis.
  public let features: Int
  /// What is added to the mean square.
  public let epsilon: Float

  /// A layer for a number of features.
  public init(_ features: Int, epsilon: Float = 1e-6, affine: Bool = true) {
    weight = affine ? Parameter([features], initializer: .ones) : nil
    self.features = features
    self.epsilon = epsilon
  }

  /// `RMSNorm 256`.
  public var description: String { "RMSNorm \(features)" }

  /// `x: [..., features] -> [..., features]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank > 0, x.shape[-1] == features, x.dtype.isFloatingPoint else {
      return failed(
        "rmsNorm", [x], "the input must be floating-point with \(features) features last",
        hint: "this layer was made for \(features) features", shape: x.shape, layer: self,
        leaf: weight?.path)
    }
    let y = x.cast(to: .float32).rmsNormalized(epsilon: epsilon)
    return (weight.map { y * $0.value } ?? y).cast(to: x.dtype)
  }
}
