// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Two linear layers with an activation between them, for each place by itself.
///
/// `x: [..., width] -> [..., width]`. A gate halves its input, so the layer before it is made twice
/// as wide: `up.weight: [hidden, width]` or `[2 · hidden, width]`, `down.weight: [width, hidden]`.
public struct FeedForward: Layer, CustomStringConvertible {
  /// The layer that widens.
  public let up: Linear
  /// The function between the layers.
  public let activation: Activation
  /// The layer that narrows.
  public let down: Linear

  /// Layers from `width` features to `hidden` ones and back.
  public init(
    _ width: Int, hidden: Int, activation: Activation = .gelu, bias: Bool = true,
    initializer: Initializer = .linear, outputInitializer: Initializer? = nil
  ) {
    up = Linear(
      width, activation.isGate ? 2 * hidden : hidden, bias: bias, initializer: initializer)
    self.activation = activation
    down = Linear(hidden, width, bias: bias, initializer: outputInitializer ?? initializer)
  }

  /// `FeedForward 384→1536, gelu`.
  public var description: String { "FeedForward \(down.outputs)→\(down.inputs), \(activation)" }

  /// `x: [..., width] -> [..., width]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { down(activation(up(x))) }
}
