// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// ln(1 + eˣ), without overflow.
  public func softplus() -> Tensor {
    composite("softplus", [self]) { x in
      [maximum(x[0], 0) + (-x[0].absolute()).exp().log1p()]
    } pullback: { x, _, g in
      [g[0].map { $0 * x[0].sigmoid() }]
    }[0]
  }

  /// x Φ(x) with Φ the normal distribution function (D. Hendrycks, K. Gimpel, 2016, eq. 1).
  ///
  /// The gradient Φ(x) + x φ(x) is computed from x again: nothing else is kept.
  public func gelu() -> Tensor {
    composite("gelu", [self]) { x in
      [x[0] * 0.5 * ((x[0] * 0.70710678118654752).erf() + 1)]
    } pullback: { x, _, g in
      guard let g = g[0] else { return [nil] }
      let cumulative = 0.5 * ((x[0] * 0.70710678118654752).erf() + 1)
      // 1/√(2π) to 17 digits.
      let density = (x[0] * x[0] * -0.5).exp() * 0.39894228040143268
      return [g * (cumulative + x[0] * density)]
    }[0]
  }

  /// The tanh form of GELU: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
  public func geluTanh() -> Tensor {
    composite("geluTanh", [self]) { x in
      let inner = x[0] * (x[0] * x[0] * 0.035677408136300125 + 0.79788456080286536)
      return [x[0] * 0.5 * (inner.tanh() + 1)]
    } pullback: { x, _, g in
      guard let g = g[0] else { return [nil] }
      let square = x[0] * x[0]
      let t = (x[0] * (square * 0.035677408136300125 + 0.79788456080286536)).tanh()
      // 3 · 0.044715 · √(2/π) = 0.107032224…
      let slope = square * 0.10703222440890038 + 0.79788456080286536
      return [g * (0.5 * (t + 1) + x[0] * 0.5 * (1 - t * t) * slope)]
    }[0]
  }

  /// x σ(x), also called swish (S. Elfwing et al., 2017).
  public func silu() -> Tensor {
    composite("silu", [self]) { x in
      [x[0] * x[0].sigmoid()]
    } pullback: { x, _, g in
      guard let g = g[0] else { return [nil] }
      let s = x[0].sigmoid()
      return [g * (s * (1 + x[0] * (1 - s)))]
    }[0]
  }
}
