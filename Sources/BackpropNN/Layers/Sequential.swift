// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Layers one after the other. Their paths are their numbers: `0.weight`, `2.bias`.
public struct Sequential: Layer {
  /// The layers, in order.
  public let layers: [any Layer]

  /// The layers are not named for the list they are in.
  public static let keys = ["layers": ""]

  /// Layers one after the other.
  public init(_ layers: any Layer...) { self.layers = layers }

  /// Layers one after the other.
  public init(_ layers: [any Layer]) { self.layers = layers }

  /// The last layer's result.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var result = x
    for index in layers.indices { result = layers[index].callAsFunction(result) }
    return result
  }
}

/// The axes of each sample merged into one: `[B, ...] -> [B, C]`.
public struct Flatten: Layer, CustomStringConvertible {
  /// A layer that merges all axes but the first.
  public init() {}

  /// `Flatten`.
  public var description: String { "Flatten" }

  /// `x: [B, ...] -> [B, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    if x.rank == 2 { return x }
    if x.rank == 1 { return x.reshaped(to: [x.count, 1]) }
    return x.flattened(1, -1)
  }
}
