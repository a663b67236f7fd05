// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// x between 0 and 6. The slope at both ends is ½.
  public func relu6() -> Tensor { clamped(0, 6) }

  /// x between −1 and 1. The slope at both ends is ½.
  public func hardTanh() -> Tensor { clamped(-1, 1) }

  /// x/6 + ½ between 0 and 1. The slope at both ends is half of that inside.
  public func hardSigmoid() -> Tensor { (self * (1.0 / 6) + 0.5).clamped(0, 1) }

  /// x times its ``hardSigmoid()`` (A. Howard et al., 2019), also called hard swish.
  public func hardSiLU() -> Tensor { self * hardSigmoid() }

  /// x where |x| is above `threshold`, else 0.
  public func hardShrink(threshold: Float = 0.5) -> Tensor {
    select(absolute() .> threshold, self, Tensor.literal(0, like: self))
  }

  /// x brought nearer to 0 by `threshold`, and 0 within.
  public func softShrink(threshold: Float = 0.5) -> Tensor {
    self - clamped(-threshold, threshold)
  }
}
