// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// x above 0, `slope` x below (A. Maas et al., 2013). The slope at 0 is that below.
  public func leakyReLU(slope: Float = 0.01) -> Tensor {
    select(self .> Tensor.literal(0, like: self), self, self * slope)
  }

  /// x above 0, `slope` x below, with slopes that are learned (K. He et al., 2015).
  ///
  /// `slope`: one element, or one for each position of the last axis.
  public func prelu(slope: Tensor) -> Tensor {
    guard rank > 0, slope.count == 1 || slope.shape == [shape[-1]] else {
      return .failed(
        "prelu", [self, slope],
        "there must be one slope, or one for each of the \(rank == 0 ? 1 : shape[-1]) channels",
        shape: shape, dtype: dtype)
    }
    let slopes = slope.count == 1 ? slope.reshaped(to: Shape.scalar) : slope
    return select(self .> Tensor.literal(0, like: self), self, self * slopes)
  }

  /// x above 0, α (eˣ − 1) below (D.-A. Clevert et al., 2015).
  public func elu(alpha: Float = 1) -> Tensor {
    guard dtype.isFloatingPoint else { return cast(to: .float32).elu(alpha: alpha) }
    // The number is part of the name, because the pullback uses it.
    return composite("elu \(alpha)", [self]) { x in
      let below = minimum(x[0], 0).expm1()
      return [
        select(
          x[0] .> Tensor.literal(0, like: x[0]), x[0], alpha == 1 ? below : below * alpha)
      ]
    } pullback: { x, _, g in
      guard let g = g[0] else { return [nil] }
      let slope = minimum(x[0], 0).exp()
      return [
        select(x[0] .> Tensor.literal(0, like: x[0]), g, g * (alpha == 1 ? slope : slope * alpha))
      ]
    }[0]
  }

  /// x above 0, α (e^(x/α) − 1) below (J. Barron, 2017): smooth for every α.
  public func celu(alpha: Float = 1) -> Tensor {
    alpha == 1 ? elu() : (self * (1 / alpha)).elu() * alpha
  }

  /// λ elu(x, α) with the constants that keep mean 0 and variance 1 (G. Klambauer et al., 2017).
  public func selu() -> Tensor {
    // λ and α to 17 digits, from the authors' code.
    elu(alpha: 1.6732632423543772) * 1.0507009873554805
  }
}
