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
  /// The gradient Φ(x) + x φ(x) takes Φ(x) from the forward pass: the planner decides whether it
  /// is kept or computed again.
  public func gelu() -> Tensor {
    composite("gelu", [self]) { x in
      let cumulative = 0.5 * ((x[0] * 0.70710678118654752).erf() + 1)
      return [x[0] * cumulative, cumulative]
    } pullback: { x, y, g in
      // 1/√(2π) to 17 digits.
      let density = (x[0] * x[0] * -0.5).exp() * 0.39894228040143268
      return [total(g[0].map { $0 * (y[1] + x[0] * density) }, g[1].map { $0 * density })]
    }[0]
  }

  /// The tanh form of GELU: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
  public func geluTanh() -> Tensor {
    composite("geluTanh", [self]) { x in
      let inner = x[0] * (x[0] * x[0] * 0.035677408136300125 + 0.79788456080286536)
      let t = inner.tanh()
      return [x[0] * 0.5 * (t + 1), t]
    } pullback: { x, y, g in
      let t = y[1]
      // 3 · 0.044715 · √(2/π) = 0.107032224…
      let slope = (1 - t * t) * (x[0] * x[0] * 0.10703222440890038 + 0.79788456080286536)
      return [
        total(g[0].map { $0 * (0.5 * (t + 1) + x[0] * 0.5 * slope) }, g[1].map { $0 * slope })
      ]
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

/// The sum of the parts of a cotangent that are there.
private func total(_ a: Tensor?, _ b: Tensor?) -> Tensor? {
  guard let a else { return b }
  return b.map { a + $0 } ?? a
}
