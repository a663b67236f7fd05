// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// The network of a recipe.
public struct ModelRecipe: Hashable, Sendable {
  /// What kind of network.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Fully connected layers one after another.
    case mlp
    /// The same for tables: numbers and embedded categories side by side.
    case table
  }

  /// The function between layers.
  public enum Activation: String, Hashable, Sendable, CaseIterable {
    /// max(x, 0)
    case relu
    /// x above 0, x/100 below.
    case leaky_relu
    /// x above 0, eˣ − 1 below.
    case elu
    /// elu with the self-normalizing constants.
    case selu
    /// x Φ(x)
    case gelu
    /// x Φ(x) with Φ by tanh.
    case gelu_tanh
    /// x σ(x)
    case silu
    /// x tanh(ln(1 + eˣ))
    case mish
    /// ln(1 + eˣ)
    case softplus
    /// tanh x
    case tanh
    /// 1/(1 + e⁻ˣ)
    case sigmoid
    /// x/6 + ½ between 0 and 1.
    case hard_sigmoid
    /// x · hard_sigmoid(x)
    case hard_swish
  }

  /// What keeps the scale of hidden layers.
  public enum Normalization: String, Hashable, Sendable, CaseIterable {
    /// Nothing does.
    case none
    /// Batch normalization.
    case batch
    /// Layer normalization.
    case layer
    /// Root-mean-square normalization.
    case rms
  }

  /// What kind of network.
  public var kind: Kind
  /// The widths of the hidden layers.
  public var hidden: [Int]
  /// The function between layers.
  public var activation: Activation
  /// The share of hidden values that each training step drops.
  public var dropout: Double
  /// What keeps the scale of hidden layers.
  public var normalization: Normalization
  /// Whether each hidden layer adds its input to its output where both are equally wide.
  public var residual: Bool

  init(_ keys: Section<ModelKey>, source: DataRecipe.Source) throws(RecipeError) {
    kind = try keys.choice(.kind, default: source == .csv ? .table : .mlp)
    hidden = try keys.integers(.hidden, in: 1...65536) ?? [128]
    activation = try keys.choice(.activation, default: .relu)
    dropout = try keys.number(.dropout, .fraction, default: 0)
    normalization = try keys.choice(.normalization, default: .none)
    residual = try keys.flag(.residual, default: false)
    guard hidden.count <= 256 else {
      throw keys.error(.hidden, "has \(hidden.count) layers", "write at most 256")
    }
    guard kind == .mlp || source == .csv else {
      throw keys.error(.kind, "table reads tables, and the source is \(source.rawValue)")
    }
  }

  var json: JSONObject {
    JSONObject([
      ("kind", .string(kind.rawValue)),
      ("hidden", .array(hidden.map { .integer($0) })),
      ("activation", .string(activation.rawValue)),
      ("dropout", .number(dropout)),
      ("normalization", .string(normalization.rawValue)),
      ("residual", .bool(residual)),
    ])
  }
}
