// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Normalizes each channel over the batch (S. Ioffe, C. Szegedy, 2015); channels lie last.
///
///     y = (x − mean) / √(variance + ε) · weight + bias
///
/// `x: [..., features] -> [..., features]`. In training mean and variance are those of the batch,
/// and the running ones move towards them by `momentum` (the variance towards the unbiased
/// estimate), with the update of the weights. In use they are the running ones.
public struct BatchNorm: Layer, CustomStringConvertible {
  /// The scale of each channel, 1 at first; nil if not affine.
  public let weight: Parameter?
  /// The shift of each channel, 0 at first; nil if not affine.
  public let bias: Parameter?
  /// The running mean of each channel.
  public let runningMean: Buffer
  /// The running unbiased variance of each channel.
  public let runningVariance: Buffer
  /// How far the running statistics move towards those of a batch.
  public let momentum: Float
  /// What is added to the variance.
  public let epsilon: Float

  /// The names that PyTorch gives the statistics.
  public static let keys = ["runningMean": "running_mean", "runningVariance": "running_var"]

  /// A layer for a number of channels.
  public init(
    _ features: Int, momentum: Float = 0.1, epsilon: Float = 1e-5, affine: Bool = true
  ) {
    weight = affine ? Parameter([features], initializer: .ones) : nil
    bias = affine ? Parameter([features], initializer: .zeros) : nil
    runningMean = Buffer(.zeros([features]))
    runningVariance = Buffer(.ones([features]))
    self.momentum = momentum
    self.epsilon = epsilon
  }

  /// The number of channels.
  public var features: Int { runningMean.shape[0] }

  /// `BatchNorm 64`.
  public var description: String { "BatchNorm \(features)" }

  /// `x: [..., features] -> [..., features]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let isTraining = Context.current.isTraining
    let samples = x.rank < 2 ? 0 : x.count / max(1, features)
    guard x.rank >= 2, x.shape[-1] == features, x.dtype.isFloatingPoint,
      !isTraining || samples > 1
    else { return misfit(x, samples) }
    let values = x.cast(to: .float32)
    let result = isTraining ? trained(values, samples) : used(values)
    return result.cast(to: x.dtype)
  }

  private func trained(_ x: Tensor, _ samples: Int) -> Tensor {
    let axes = AxisSet(0..<(x.rank - 1))
    let (normalized, mean, scale) = x.normalizedWithStatistics(over: axes, epsilon: epsilon)
    // 1/scale² − ε is the variance over the batch.
    let variance = (scale * scale).reciprocal() - epsilon
    let unbiased = variance * (Float(samples) / Float(samples - 1))
    move(runningMean, towards: mean)
    move(runningVariance, towards: unbiased)
    return affine(normalized)
  }

  private func used(_ x: Tensor) -> Tensor {
    let scale = (runningVariance.value + epsilon).reciprocalSquareRoot()
    return affine((x - runningMean.value) * scale)
  }

  private func affine(_ x: Tensor) -> Tensor {
    guard let weight, let bias else { return x }
    return x * weight.value + bias.value
  }

  private func move(_ buffer: Buffer, towards statistic: Tensor) {
    let old = buffer.latest
    let new = statistic.reshaped(to: [features]).stopGradient()
    buffer.stage(old + (new - old) * momentum)
  }

  private func misfit(_ x: Tensor, _ samples: Int) -> Tensor {
    let rule: String
    let hint: String
    if x.rank < 2 || x.shape[-1] != features {
      rule = "the input must be [..., \(features)], with at least two axes"
      hint = "channels lie last; this layer was made for \(features)"
    } else if !x.dtype.isFloatingPoint {
      rule = "\(x.dtype) cannot be normalized"
      hint = "cast the input to float32"
    } else {
      rule = "in training there must be more than one value for each channel, not \(samples)"
      hint = "use a larger batch, or drop a last batch of one sample"
    }
    return failed(
      "batchNorm", [x], rule, hint: hint, shape: x.shape, layer: self,
      leaf: weight?.path ?? runningMean.path)
  }
}
