// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Makes axes of space longer, by repeating elements or by blending neighbours.
///
/// `x: [N, S…, C] -> [N, O…, C]`, O = S · factor. Element j of an axis is taken from (j + ½) /
/// factor − ½, as PyTorch does with `align_corners` false: the nearest below (j / factor), or a
/// blend of the two around it, the first and the last element going on beyond the ends.
public struct Upsample: Layer, CustomStringConvertible {
  /// How elements between elements are found.
  public enum Mode: String, Sendable, CaseIterable {
    /// The element before it.
    case nearest
    /// A blend of the elements around it, along each axis.
    case linear
  }

  /// How often an element is repeated along each axis of space.
  public let factor: Int
  /// How elements between elements are found.
  public let mode: Mode

  /// A layer that makes axes so many times as long.
  public init(_ factor: Int, mode: Mode = .nearest) {
    precondition(factor > 0, "axes become at least as long as they are, not \(factor) times")
    self.factor = factor
    self.mode = mode
  }

  /// `Upsample 2 linear`.
  public var description: String { "Upsample \(factor) \(mode.rawValue)" }

  /// `x: [N, S…, C] -> [N, S · factor…, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank >= 3, x.dtype.isFloatingPoint else {
      return failed(
        "upsample", [x], "the input must be [N, S…, C] of floating-point numbers",
        hint: "channels lie last", shape: x.shape, layer: self, leaf: nil)
    }
    if factor == 1 { return x }
    var result = x
    for axis in 1..<(x.rank - 1) {
      result = mode == .nearest ? repeated(result, axis) : blended(result, axis)
    }
    return result
  }

  private func repeated(_ x: Tensor, _ axis: Int) -> Tensor {
    let apart = x.expanded(at: axis + 1)
    let shape = apart.shape.replacing(axis + 1, with: factor)
    return apart.broadcast(to: shape)
      .reshaped(to: x.shape.replacing(axis, with: x.shape[axis] * factor))
  }

  /// Each element with its neighbours on either side, one phase of the result after the other.
  private func blended(_ x: Tensor, _ axis: Int) -> Tensor {
    let n = x.shape[axis]
    var sides = [(Int, Int)](repeating: (0, 0), count: x.rank)
    sides[axis] = (1, 1)
    let wide = x.padded(sides, mode: .replicate)
    let before = wide.sliced(along: axis, 0..<n)
    let after = wide.sliced(along: axis, 2..<(n + 2))
    let phases = (0..<factor).map { phase -> Tensor in
      // Where it lies from its own element, in elements: below 0 towards the one before.
      let place = (Float(phase) + 0.5) / Float(factor) - 0.5
      let other = place < 0 ? before : after
      return x + (other - x) * abs(place)
    }
    return stack(phases, along: axis + 1)
      .reshaped(to: x.shape.replacing(axis, with: n * factor))
  }
}
