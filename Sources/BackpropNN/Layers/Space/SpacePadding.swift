// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// How far windows reach beyond the input, along each axis of space.
public enum SpacePadding: Hashable, Sendable, ExpressibleByIntegerLiteral {
  /// Not at all: only whole windows count.
  case valid
  /// As far as it takes for ⌈S / stride⌉ outputs, evenly, an odd one at the end.
  case same
  /// As far back as it takes, so that no output sees what comes after it.
  case causal
  /// So far on both sides of every axis.
  case each(Int)
  /// So far before and after each axis.
  case explicit([Sides])

  /// How far before and after an axis.
  public struct Sides: Hashable, Sendable {
    /// Before the first element.
    public let before: Int
    /// After the last element.
    public let after: Int

    /// Sides of an axis.
    public init(_ before: Int, _ after: Int) {
      self.before = before
      self.after = after
    }
  }

  /// So far on both sides of every axis.
  public init(integerLiteral value: Int) { self = .each(value) }

  /// The padding of each axis for an input of the sizes `input`.
  func sides(
    input: [Int], window: [Int], strides: [Int], dilation: [Int]
  ) -> [(Int, Int)] {
    if case .explicit(let sides) = self { return sides.map { ($0.before, $0.after) } }
    return window.indices.map { axis in
      let reach = dilation[axis] * (window[axis] - 1)
      switch self {
      case .valid: return (0, 0)
      case .same:
        guard axis < input.count else { return (0, 0) }
        let outputs = (input[axis] + strides[axis] - 1) / strides[axis]
        let missing = max(0, (outputs - 1) * strides[axis] + reach + 1 - input[axis])
        return (missing / 2, missing - missing / 2)
      case .causal: return (reach, 0)
      case .each(let size): return (size, size)
      case .explicit: return (0, 0)
      }
    }
  }

  /// What a transposed convolution leaves out of each axis of its result, and what it adds at the end
  /// where windows do not touch.
  func cut(
    window: [Int], strides: [Int], dilation: [Int]
  ) -> (sides: [(Int, Int)], extra: [Int]) {
    if case .explicit(let sides) = self {
      return (sides.map { ($0.before, $0.after) }, window.map { _ in 0 })
    }
    var result: (sides: [(Int, Int)], extra: [Int]) = ([], [])
    for axis in window.indices {
      // How much longer than stride · inputs the whole result is.
      let surplus = dilation[axis] * (window[axis] - 1) + 1 - strides[axis]
      let much = max(0, surplus)
      switch self {
      case .valid, .explicit: result.sides.append((0, 0))
      case .same: result.sides.append((much / 2, much - much / 2))
      case .causal: result.sides.append((0, much))
      case .each(let size): result.sides.append((size, size))
      }
      switch self {
      case .same, .causal: result.extra.append(max(0, -surplus))
      case .valid, .each, .explicit: result.extra.append(0)
      }
    }
    return result
  }
}
