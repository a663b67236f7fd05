// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Normalizes each sample over space and a group of channels (Y. Wu, K. He, "Group normalization",
/// 2018). With a group for each channel it is instance normalization (D. Ulyanov et al., 2016).
///
///     y = (x − mean) / √(variance + ε) · weight + bias
///
/// `x: [N, S…, features] -> [N, S…, features]`; channels lie last.
public struct GroupNorm: Layer, CustomStringConvertible {
  /// The scale of each channel, 1 at first; nil if not affine.
  public let weight: Parameter?
  /// The shift of each channel, 0 at first; nil if not affine.
  public let bias: Parameter?
  /// The number of channels.
  public let features: Int
  /// The number of groups that they are cut into.
  public let groups: Int
  /// What is added to the variance.
  public let epsilon: Float

  /// A layer for a number of channels in groups.
  public init(_ features: Int, groups: Int, epsilon: Float = 1e-5, affine: Bool = true) {
    precondition(
      groups > 0 && features % groups == 0,
      "\(features) channels cannot be cut into \(groups) groups")
    weight = affine ? Parameter([features], initializer: .ones) : nil
    bias = affine ? Parameter([features], initializer: .zeros) : nil
    self.features = features
    self.groups = groups
    self.epsilon = epsilon
  }

  /// Instance normalization: each channel of each sample by itself.
  public static func instance(
    _ features: Int, epsilon: Float = 1e-5, affine: Bool = false
  ) -> GroupNorm {
    GroupNorm(features, groups: features, epsilon: epsilon, affine: affine)
  }

  /// `GroupNorm 64 in 8`.
  public var description: String { "GroupNorm \(features) in \(groups)" }

  /// `x: [N, S…, features] -> [N, S…, features]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= 2, x.rank < Shape.maximumRank, x.shape[-1] == features,
      x.dtype.isFloatingPoint
    else {
      return failed(
        "groupNorm", [x], "the input must be [N, S…, \(features)] of floating-point numbers",
        hint: "channels lie last; this layer was made for \(features)", shape: x.shape,
        layer: self, leaf: weight?.path)
    }
    let sizes = x.shape.dimensions
    let apart = Shape(sizes.dropLast() + [groups, features / groups])
    // Space and the channels of a group, but not the groups.
    let axes = AxisSet(Array(1..<(x.rank - 1)) + [x.rank])
    let (normalized, _, _) = x.cast(to: .float32).reshaped(to: apart)
      .normalizedWithStatistics(over: axes, epsilon: epsilon)
    var y = normalized.reshaped(to: x.shape)
    if let weight, let bias { y = y * weight.value + bias.value }
    return y.cast(to: x.dtype)
  }
}

/// Weighs channels by what the whole image shows of them (J. Hu et al., "Squeeze-and-excitation
/// networks", 2017).
///
///     y = x · σ(W₂ relu(W₁ mean(x)))
///
/// `x: [N, S…, features] -> [N, S…, features]`.
public struct SqueezeExcite: Layer, CustomStringConvertible {
  /// From the channels to fewer.
  public let reduce: Linear
  /// Back to all.
  public let expand: Linear

  /// A layer for a number of channels, `reduction` times fewer in between.
  public init(_ features: Int, reduction: Int = 16) {
    precondition(reduction > 0, "a reduction is at least 1, not \(reduction)")
    let inner = max(1, features / reduction)
    reduce = Linear(features, inner)
    expand = Linear(inner, features)
  }

  /// `SqueezeExcite 64→4→64`.
  public var description: String {
    "SqueezeExcite \(reduce.inputs)→\(reduce.outputs)→\(expand.outputs)"
  }

  /// `x: [N, S…, features] -> [N, S…, features]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let share = expand(reduce(GlobalAveragePool()(x)).relu()).sigmoid()
    guard x.rank > 2, share.rank == 2 else { return x * share }
    let ones = [Int](repeating: 1, count: x.rank - 2)
    return x * share.reshaped(to: Shape([x.shape[0]] + ones + [share.shape[1]]))
  }
}
