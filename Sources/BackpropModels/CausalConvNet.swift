// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// Convolutions over time that see no later step, each block twice as far back as the one before
/// (S. Bai, J. Z. Kolter, V. Koltun, "An empirical evaluation of generic convolutional and recurrent
/// networks for sequence modeling", 2018; without their weight norm).
///
///     x → [Conv → activation → dropout → Conv → activation → dropout, + shortcut, → activation]*
///
/// `x: [B, T, inputs] -> [B, T, channels]`. Block i has dilation 2^i. Paths:
/// `blocks.0.first.weight`, `blocks.0.shortcut.weight`.
public struct CausalConvNet: Layer, CustomStringConvertible {
  /// Two convolutions beside a shortcut.
  public struct Block: Layer {
    /// The first convolution.
    public let first: Conv
    /// The second.
    public let second: Conv
    /// What the shortcut does where the number of channels changes.
    public let shortcut: Conv?
    /// The activation.
    public let activation: Activation
    /// What drops features, in training.
    public let dropout: [Dropout]

    init(
      _ inputs: Int, _ outputs: Int, window: Int, dilation: Int, activation: Activation,
      dropout: Float
    ) {
      func conv(_ inputs: Int) -> Conv {
        Conv(
          inputs, outputs, window: window, axes: 1, padding: .causal, dilation: dilation,
          initializer: .heUniform())
      }
      first = conv(inputs)
      second = conv(outputs)
      shortcut = inputs == outputs ? nil : Conv(inputs, outputs, window: 1, axes: 1)
      self.activation = activation
      self.dropout = [Dropout(dropout), Dropout(dropout)]
    }

    /// `x: [B, T, inputs] -> [B, T, outputs]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
      let y = dropout[0](activation(first(x)))
      let z = dropout[1](activation(second(y)))
      return activation(z + (shortcut.map { $0(x) } ?? x))
    }
  }

  /// The blocks.
  public let blocks: [Block]

  /// A network for `inputs` features of each step.
  ///
  /// - Parameters:
  ///   - channels: the outputs of each block.
  ///   - window: the steps that a convolution sees, as far apart as its dilation.
  public init(
    inputs: Int, channels: [Int], window: Int = 3, activation: Activation = .relu,
    dropout: Float = 0
  ) {
    precondition(
      !channels.isEmpty && channels.count <= 16, "one to 16 blocks, not \(channels.count)")
    precondition(!activation.isGate, "a gate cannot stand behind a convolution")
    blocks = channels.indices.map { index in
      Block(
        index == 0 ? inputs : channels[index - 1], channels[index], window: window,
        dilation: 1 << index, activation: activation, dropout: dropout)
    }
  }

  /// How many steps, the own included, a result depends on.
  public var reach: Int {
    blocks.reduce(1) { $0 + 2 * ($1.first.window[0] - 1) * $1.first.dilation[0] }
  }

  /// `CausalConvNet 8→32→32, 13 steps`.
  public var description: String {
    let sizes = [blocks[0].first.inputs] + blocks.map(\.first.outputs)
    return "CausalConvNet \(sizes.map(String.init).joined(separator: "→")), \(reach) steps"
  }

  /// `x: [B, T, inputs] -> [B, T, channels]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { blocks.reduce(x) { $1($0) } }
}
