// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// One of the normalizing layers, or none: what a model with a choice of them holds.
public enum Normalization: Layer, CustomStringConvertible {
  /// The identity.
  case none
  /// Over the batch.
  case batch(BatchNorm)
  /// Over the features.
  case layer(LayerNorm)
  /// Over the features, without a mean.
  case rms(RMSNorm)

  /// The kinds, by the names that recipes use.
  public enum Kind: String, Sendable, CaseIterable {
    /// None.
    case none
    /// ``BatchNorm``.
    case batch
    /// ``LayerNorm``.
    case layer
    /// ``RMSNorm``.
    case rms
  }

  /// A layer of a kind for a number of features.
  public init(_ kind: Kind, features: Int) {
    switch kind {
    case .none: self = .none
    case .batch: self = .batch(BatchNorm(features))
    case .layer: self = .layer(LayerNorm(features))
    case .rms: self = .rms(RMSNorm(features))
    }
  }

  /// What the layer says of itself.
  public var description: String {
    switch self {
    case .none: "none"
    case .batch(let layer): layer.description
    case .layer(let layer): layer.description
    case .rms(let layer): layer.description
    }
  }

  /// `x: [..., features] -> [..., features]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .none: x
    case .batch(let layer): layer(x)
    case .layer(let layer): layer(x)
    case .rms(let layer): layer(x)
    }
  }
}
