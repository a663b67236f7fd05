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
    for layer in layers { result = layer.callAsFunction(result) }
    return result
  }
}

/// The input added to what a layer makes of it: y = x + body(x) (K. He et al., 2015).
public struct Residual: Layer, CustomStringConvertible {
  /// What is added to the input.
  public let body: any Layer
  /// What the input goes through on its way past the body; nil: nothing.
  public let shortcut: (any Layer)?

  /// A layer around which the input is led.
  public init(_ body: any Layer, shortcut: (any Layer)? = nil) {
    self.body = body
    self.shortcut = shortcut
  }

  /// `Residual`.
  public var description: String { "Residual" }

  /// `x: [...] -> [...]`; the body must keep the shape.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let past = shortcut?.callAsFunction(x) ?? x
    let made = body.callAsFunction(x)
    guard past.shape == made.shape else {
      return failed(
        "residual", [past, made], "the body must make the shape that is led past it",
        hint: shortcut == nil ? "give a shortcut that makes \(made.shape)" : "change the shortcut",
        shape: made.shape, layer: self, leaf: nil)
    }
    return past + made
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
