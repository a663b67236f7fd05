// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// a f(b), where a and b are the halves of the last axis (Y. Dauphin et al., 2016; N. Shazeer,
  /// "GLU variants improve transformer", 2020).
  ///
  /// `self: [..., 2 C] -> [..., C]`
  public func gated(_ name: String = "gated", by function: (Tensor) -> Tensor) -> Tensor {
    guard rank > 0, shape[-1] % 2 == 0 else {
      return .failed(
        name, [self], "the last axis is cut into two halves, so its size must be even",
        shape: shape, dtype: dtype)
    }
    let half = shape[-1] / 2
    let a = sliced(along: -1, 0..<half)
    let b = sliced(along: -1, half..<(2 * half))
    return a * function(b)
  }

  /// a σ(b) for the halves a, b of the last axis.
  public func glu() -> Tensor { gated("glu") { $0.sigmoid() } }
  /// a max(b, 0) for the halves a, b of the last axis.
  public func reglu() -> Tensor { gated("reglu") { $0.relu() } }
  /// a gelu(b) for the halves a, b of the last axis.
  public func geglu() -> Tensor { gated("geglu") { $0.gelu() } }
  /// a silu(b) for the halves a, b of the last axis.
  public func swiglu() -> Tensor { gated("swiglu") { $0.silu() } }
  /// a b for the halves a, b of the last axis.
  public func bilinearGate() -> Tensor { gated("bilinearGate") { $0 } }
}
