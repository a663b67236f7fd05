// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Positions as rotations of pairs of features (J. Su et al., "RoFormer", 2021, section 3.2.2):
/// what two places have to do with each other depends on their distance alone.
public struct Rotary: Hashable, Sendable {
  /// Which features are a pair.
  public enum Pairs: Hashable, Sendable {
    /// i and i + D/2, as GPT-NeoX and Llama's published weights have them.
    case halves
    /// 2i and 2i + 1, as in the paper.
    case neighbors
  }

  /// Pair i turns by position / base^(2i/D).
  public var base: Float
  /// Which features are a pair.
  public var pairs: Pairs

  /// Rotations with the usual base.
  public init(base: Float = 10000, pairs: Pairs = .halves) {
    self.base = base
    self.pairs = pairs
  }

  /// `x: [..., T, D]` turned by its positions; `positions: [T]`, 0 ..< T by default.
  ///
  /// Written without a copy: a pair's other half is the same memory read backwards.
  public func callAsFunction(_ x: Tensor, positions: Tensor? = nil) -> Tensor {
    guard x.rank >= 2, x.rank < Shape.maximumRank, x.shape[-1] % 2 == 0, x.dtype.isFloatingPoint,
      positions.map({ $0.shape == [x.shape[-2]] }) ?? true
    else {
      return .failed(
        "rotary", [x] + (positions.map { [$0] } ?? []),
        "the input must be [..., T, D] with an even D, and the positions [T]", shape: x.shape,
        dtype: x.dtype)
    }
    let (length, half) = (x.shape[-2], x.shape[-1] / 2)
    let places = (positions ?? Tensor.range(length)).cast(to: .float32).reshaped(to: [length, 1])
    let exponents = Tensor.range(half).cast(to: .float32) * (-1 / Float(Swift.max(1, half)))
    let angles = places * (exponents * Tensor(base).log()).exp()
    let leading = Array(x.shape.dimensions.dropLast())
    let (split, table, signs, axis): ([Int], Shape, Shape, Int) =
      switch pairs {
      case .halves: (leading + [2, half], [length, 1, half], [2, 1], leading.count)
      case .neighbors: (leading + [half, 2], [length, half, 1], [1, 2], leading.count + 1)
      }
    let parts = x.cast(to: .float32).reshaped(to: split)
    // −1 for the first of a pair, 1 for the second.
    let sign = Tensor.iota(signs, along: signs[0] == 2 ? 0 : 1).cast(to: .float32) * 2 - 1
    let turned =
      parts * angles.cos().reshaped(to: table)
      + parts.reversed(along: axis) * (angles.sin().reshaped(to: table) * sign)
    return turned.reshaped(to: x.shape).cast(to: x.dtype)
  }
}
