// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The input added to what a layer makes of it: y = x + body(x) (K. He et al., 2015).
public struct Residual<Body: Layer, Shortcut: Layer>: Layer, CustomStringConvertible {
  /// What is added to the input.
  public let body: Body
  /// What the input goes through on its way past the body.
  public let shortcut: Shortcut

  /// A layer around which the input is led through another.
  public init(_ body: Body, shortcut: Shortcut) {
    self.body = body
    self.shortcut = shortcut
  }

  /// A layer around which the input is led as it is.
  public init(_ body: Body) where Shortcut == Activation {
    self.init(body, shortcut: .identity)
  }

  /// `Residual`.
  public var description: String { "Residual" }

  /// `x: [...] -> [...]`; body and shortcut must make one shape.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let past = shortcut.callAsFunction(x)
    let made = body.callAsFunction(x)
    guard past.shape == made.shape else {
      return failed(
        "residual", [past, made], "the body must make the shape that is led past it",
        hint: "give a shortcut that makes \(made.shape), or change the body", shape: made.shape,
        layer: self, leaf: nil)
    }
    return past + made
  }
}
