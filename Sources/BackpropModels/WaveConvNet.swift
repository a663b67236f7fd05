// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// Classes of recordings by convolutions over the wave itself (W. Dai et al., "Very deep
/// convolutional neural networks for raw waveforms", 2017).
///
///     x → [Conv → BatchNorm → activation → MaxPool 4]* → mean over time → dropout → Linear
///
/// `x: [B, T] -> [B, outputs]`. The first convolution is wide and takes large steps: it learns the
/// filters that a spectrogram has by construction. Paths: `stages.0.conv.weight`, `output.weight`.
public struct WaveConvNet: Layer, CustomStringConvertible {
  /// A convolution and a pooling to a quarter.
  public struct Stage: Layer {
    /// The convolution, without a bias: a batch norm follows.
    public let conv: Conv
    /// What normalizes the channels.
    public let norm: BatchNorm
    /// The activation.
    public let activation: Activation
    /// What leaves a quarter of the places.
    public let pool: MaxPool

    /// `x: [B, T, C] -> [B, T / (4 · step), channels]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { pool(activation(norm(conv(x)))) }
  }

  /// The convolutional part.
  public let stages: [Stage]
  /// What drops channels in training.
  public let dropout: Dropout
  /// The last layer.
  public let output: Linear
  private let sizes: [Int]

  /// A network for recordings of `samples` samples.
  ///
  /// - Parameters:
  ///   - channels: the outputs of each convolution.
  ///   - firstWindow: the samples that the first convolution looks at.
  ///   - firstStep: the samples from one of its places to the next.
  ///   - window: the places that each later convolution looks at.
  public init(
    samples: Int, channels: [Int], firstWindow: Int = 80, firstStep: Int = 4, window: Int = 3,
    outputs: Int, activation: Activation = .relu, dropout: Float = 0
  ) {
    precondition(!channels.isEmpty, "a network without convolutions")
    precondition(!activation.isGate, "a gate cannot stand behind a convolution")
    var (length, inputs) = (samples, 1)
    var stages: [Stage] = []
    for (number, count) in channels.enumerated() {
      let isFirst = number == 0
      let width = isFirst ? firstWindow : window
      let step = isFirst ? firstStep : 1
      length = (length + 2 * (width / 2) - width) / step + 1
      precondition(length >= 4, "\(channels.count) poolings are too many for \(samples) samples")
      stages.append(
        Stage(
          conv: Conv(
            inputs, count, window: width, axes: 1, stride: step, padding: .each(width / 2),
            bias: false, initializer: .heUniform()),
          norm: BatchNorm(count), activation: activation, pool: MaxPool(4)))
      (length, inputs) = (length / 4, count)
    }
    self.stages = stages
    sizes = [1] + channels + [outputs]
    self.dropout = Dropout(dropout)
    output = Linear(inputs, outputs)
  }

  /// `WaveConvNet 1→32→64→10`.
  public var description: String { "WaveConvNet " + sizes.map(String.init).joined(separator: "→") }

  /// `x: [B, T] -> [B, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var y = x.expanded(at: -1)
    for stage in stages { y = stage(y) }
    return output(dropout(y.mean(over: 1)))
  }
}
