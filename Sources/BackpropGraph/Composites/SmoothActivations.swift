// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// ln(1 + e^(βx)) / β, without overflow.
  public func softplus(beta: Float) -> Tensor {
    beta == 1 ? softplus() : (self * beta).softplus() * (1 / beta)
  }

  /// x tanh(ln(1 + eˣ)) (D. Misra, 2019).
  public func mish() -> Tensor { self * softplus().tanh() }

  /// ln σ(x), without overflow.
  public func logSigmoid() -> Tensor { -((-self).softplus()) }

  /// x / (1 + |x|).
  public func softsign() -> Tensor { self / (absolute() + 1) }

  /// x − tanh x.
  public func tanhShrink() -> Tensor { self - tanh() }

  /// e⁻ˣⁱ / Σⱼ e⁻ˣʲ along an axis.
  public func softmin(along axis: Int = -1) -> Tensor { (-self).softmax(along: axis) }
}
