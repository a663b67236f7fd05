// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// A multilayer perceptron: linear layers with an activation between them.
///
///     x → [Linear → norm → activation → dropout]* → Linear
///
/// `x: [..., inputs] -> [..., outputs]`. Paths: `hidden.0.linear.weight`, `hidden.0.norm.weight`,
/// `output.weight`.
public struct MLP: Layer, CustomStringConvertible {
  /// One hidden layer.
  public struct Hidden: Layer {
    /// The matrix and its bias; where a batch norm follows there is no bias.
    public let linear: Linear
    /// What normalizes the features.
    public let norm: Normalization
    /// The activation.
    public let activation: Activation
    /// What drops features in training.
    public let dropout: Dropout

    /// `x: [..., inputs] -> [..., size]`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
      dropout(activation(norm(linear(x))))
    }
  }

  /// The hidden layers.
  public let hidden: [Hidden]
  /// The last layer.
  public let output: Linear
  private let sizes: [Int]

  /// A network with the given sizes of its layers, inputs and outputs included.
  ///
  /// Gates (`.swiglu` and its kind) halve their input, so the layer before them is made twice as
  /// wide.
  public init(
    _ sizes: [Int], activation: Activation = .relu, norm: Normalization.Kind = .none,
    dropout: Float = 0,
    initializer: Initializer = .linear
  ) {
    precondition(sizes.count >= 2, "an MLP needs the sizes of its inputs and outputs, not \(sizes)")
    self.sizes = sizes
    hidden = (1..<(sizes.count - 1)).map { index in
      let width = activation.isGate ? 2 * sizes[index] : sizes[index]
      return Hidden(
        linear: Linear(
          sizes[index - 1], width, bias: norm != .batch, initializer: initializer),
        norm: Normalization(norm, features: width), activation: activation,
        dropout: Dropout(dropout))
    }
    output = Linear(sizes[sizes.count - 2], sizes[sizes.count - 1], initializer: initializer)
  }

  /// `MLP 784→128→10`.
  public var description: String { "MLP " + sizes.map(String.init).joined(separator: "→") }

  /// `x: [..., inputs] -> [..., outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var y = x
    for layer in hidden { y = layer(y) }
    return output(y)
  }
}
