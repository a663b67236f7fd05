// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// Tells classes of series apart by convolutions over time: the fully convolutional network of
/// Z. Wang, W. Yan, T. Oates, "Time series classification from scratch with deep neural networks: a
/// strong baseline", 2017; with shortcuts their ResNet's idea in its simplest form.
///
///     x → [Conv → norm → activation (+ shortcut)]* → mean over the steps that count → dropout → Linear
///
/// `x: [B, T, C] -> [B, classes]`. Behind the end of a shorter series there are zeros before every
/// convolution, so that how far it is filled up changes nothing; but in training a batch norm's
/// statistics include what the convolution makes there. Paths: `blocks.0.conv.weight`,
/// `blocks.0.norm.weight`, `output.weight`.
public struct SeriesCNN: Module, CustomStringConvertible {
  /// A convolution that keeps the number of steps.
  public struct Block: Module {
    /// The convolution; where a batch norm follows it has no bias.
    public let conv: Conv
    /// What normalizes the channels.
    public let norm: Normalization
    /// The activation.
    public let activation: Activation
    /// Whether the input is added to the result.
    public let isResidual: Bool
    /// What the shortcut does where the number of channels changes.
    public let shortcut: Conv?

    init(
      _ inputs: Int, _ outputs: Int, window: Int, activation: Activation,
      norm: Normalization.Kind, isResidual: Bool
    ) {
      conv = Conv(
        inputs, outputs, window: window, axes: 1, padding: .same, bias: norm != .batch,
        initializer: .heUniform())
      self.norm = Normalization(norm, features: outputs)
      self.activation = activation
      self.isResidual = isResidual
      shortcut =
        isResidual && inputs != outputs ? Conv(inputs, outputs, window: 1, axes: 1) : nil
    }

    /// `x: [B, T, inputs] -> [B, T, outputs]`.
    public func callAsFunction(_ x: Tensor, lengths: Tensor? = nil) -> Tensor {
      let made = activation(norm(conv(x)))
      let y = isResidual ? made + (shortcut.map { $0(x) } ?? x) : made
      return keptSteps(y, lengths: lengths)
    }
  }

  /// The convolutions.
  public let blocks: [Block]
  /// What drops features, in training.
  public let dropout: Dropout
  /// What makes logits.
  public let output: Linear

  /// A network for series of `inputs` channels.
  ///
  /// - Parameters:
  ///   - channels: the outputs of each convolution.
  ///   - windows: the steps that each convolution sees at once.
  public init(
    inputs: Int, channels: [Int] = [128, 256, 128], windows: [Int] = [8, 5, 3], classes: Int,
    activation: Activation = .relu, norm: Normalization.Kind = .batch, isResidual: Bool = false,
    dropout: Float = 0
  ) {
    precondition(
      !channels.isEmpty && channels.count == windows.count,
      "\(channels.count) convolutions need as many windows, not \(windows)")
    precondition(!activation.isGate, "a gate cannot stand behind a convolution")
    blocks = channels.indices.map { index in
      Block(
        index == 0 ? inputs : channels[index - 1], channels[index], window: windows[index],
        activation: activation, norm: norm, isResidual: isResidual)
    }
    self.dropout = Dropout(dropout)
    output = Linear(channels[channels.count - 1], classes)
  }

  /// `SeriesCNN 1→128→256→128→2`.
  public var description: String {
    let sizes = blocks.map(\.conv.outputs) + [output.outputs]
    return "SeriesCNN " + ([blocks[0].conv.inputs] + sizes).map(String.init).joined(separator: "→")
  }

  /// `x: [B, T, C] -> [B, classes]`.
  ///
  /// - Parameter lengths: `[B]` int32, how many steps of each series count; nil: all.
  public func callAsFunction(_ x: Tensor, lengths: Tensor? = nil) -> Tensor {
    var y = keptSteps(x, lengths: lengths)
    for block in blocks { y = block(y, lengths: lengths) }
    return output(dropout(meanOverSteps(y, lengths: lengths)))
  }
}
