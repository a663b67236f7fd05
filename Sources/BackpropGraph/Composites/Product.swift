// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Tensor {
  /// The product over axes (all by default); 1 over none. bool and uint8 are counted in int32.
  ///
  /// By halves: neighbours are multiplied until one is left, ⌈log₂ n⌉ times. So the gradient is
  /// right where elements are zero, which a quotient of the product would not be.
  public func product(over axes: Int..., keepingAxes keeping: Bool = false) -> Tensor {
    let positions = axes.isEmpty ? Array(0..<rank) : axes.compactMap(axis)
    guard positions.count == (axes.isEmpty ? rank : axes.count),
      Set(positions).count == positions.count
    else {
      return .failed(
        "product", [self], "axes \(axes) must be different and among the \(rank) axes",
        shape: shape, dtype: dtype)
    }
    let isCounted = dtype == .bool || dtype == .uint8
    let isNarrow = dtype == .bfloat16 || dtype == .float16
    var result = isCounted ? cast(to: .int32) : (isNarrow ? cast(to: .float32) : self)
    for position in positions { result = result.halved(along: position) }
    if isNarrow { result = result.cast(to: dtype) }
    return result.reshaped(to: shape.reduced(over: AxisSet(positions), keeping: keeping))
  }

  /// The product along an axis, which then has size 1.
  private func halved(along axis: Int) -> Tensor {
    if shape[axis] == 0 { return .ones(shape.replacing(axis, with: 1), dtype: dtype) }
    var x = self
    while x.shape[axis] > 1 {
      let size = x.shape[axis]
      let half = size / 2
      let pairs = x.sliced(along: axis, 0..<half) * x.sliced(along: axis, half..<2 * half)
      x =
        size % 2 == 0
        ? pairs : concatenate([pairs, x.sliced(along: axis, 2 * half..<size)], along: axis)
    }
    return x
  }
}
