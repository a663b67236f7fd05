// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// A small convolutional network for images (after LeNet; Y. LeCun et al., "Gradient-based learning
/// applied to document recognition", 1998).
///
///     x → [Conv → norm → activation → MaxPool 2]* → Flatten → [Linear → activation → dropout]* → Linear
///
/// `x: [B, H, W, C] -> [B, outputs]`. Paths: `stages.0.conv.weight`, `hidden.0.weight`,
/// `output.weight`.
public struct ConvNet: Layer, CustomStringConvertible {
  /// A convolution that keeps the size, and a pooling that halves it.
  public struct Stage: Layer {
    /// The convolution; where a batch norm follows it has no bias.
    public let conv: Conv
    /// What normalizes the channels.
    public let norm: Normalization
    /// The activation.
    public let activation: Activation
    /// What halves height and width.
    public let pool: MaxPool

    /// `x: [B, H, W, C] -> [B, H / 2, W / 2, channels]`.
    public func callAsFunction(_ x: Tensor) -> Tensor { pool(activation(norm(conv(x)))) }
  }

  /// The convolutional part.
  public let stages: [Stage]
  /// The linear layers before the last.
  public let hidden: [Linear]
  /// Their activation.
  public let activation: Activation
  /// What drops features in training, before each linear layer.
  public let dropout: [Dropout]
  /// The last layer.
  public let output: Linear
  private let sizes: [Int]

  /// A network for images of a shape.
  ///
  /// - Parameters:
  ///   - image: height, width, channels.
  ///   - channels: the outputs of each convolution.
  ///   - window: the height and width of the kernels.
  ///   - hidden: the sizes of the linear layers before the last.
  public init(
    image: [Int], channels: [Int], window: Int = 3, hidden: [Int] = [128], outputs: Int,
    activation: Activation = .relu, norm: Normalization.Kind = .none, dropout: Float = 0
  ) {
    precondition(image.count == 3, "an image has height, width and channels, not \(image)")
    precondition(!activation.isGate, "a gate cannot stand behind a convolution")
    var (height, width, inputs) = (image[0], image[1], image[2])
    sizes = [inputs] + channels + hidden + [outputs]
    var stages: [Stage] = []
    for count in channels {
      precondition(
        height >= 2 && width >= 2, "\(channels.count) poolings are too many for \(image)")
      stages.append(
        Stage(
          conv: Conv(
            inputs, count, window: window, padding: .same, bias: norm != .batch,
            initializer: .heUniform()),
          norm: Normalization(norm, features: count), activation: activation, pool: MaxPool(2)))
      (height, width, inputs) = (height / 2, width / 2, count)
    }
    self.stages = stages
    let widths = [height * width * inputs] + hidden
    self.hidden = zip(widths, hidden).map { Linear($0, $1) }
    self.activation = activation
    self.dropout = widths.map { _ in Dropout(dropout) }
    output = Linear(widths[widths.count - 1], outputs)
  }

  /// `ConvNet 1→32→64→128→10`.
  public var description: String { "ConvNet " + sizes.map(String.init).joined(separator: "→") }

  /// `x: [B, H, W, C] -> [B, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var y = x
    for stage in stages { y = stage(y) }
    y = Flatten()(y)
    for (layer, drop) in zip(hidden, dropout) { y = activation(layer(drop(y))) }
    return output(dropout[hidden.count](y))
  }
}
