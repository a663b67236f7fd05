// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What stands in the padding of a tensor.
public enum PaddingMode: String, Hashable, Sendable, CaseIterable {
  /// Zeros.
  case zeros
  /// The elements before the edge, mirrored at it; the edge itself once.
  case reflect
  /// The element at the edge, again and again.
  case replicate
  /// The elements of the other end.
  case circular
}

extension Tensor {
  /// Elements added before and after each axis.
  ///
  /// - Parameter padding: one pair (before, after) for each axis, none negative. To reflect, an
  ///   axis must be longer than its padding; to go round, at least as long.
  public func padded(_ padding: [(Int, Int)], mode: PaddingMode) -> Tensor {
    if mode == .zeros { return padded(padding) }
    guard padding.count == rank,
      padding.indices.allSatisfy({ axis in
        let (before, after) = padding[axis]
        let most =
          switch mode {
          case .zeros: Int.max
          case .reflect: Swift.max(0, shape[axis] - 1)
          case .replicate: shape[axis] > 0 ? Int.max : 0
          case .circular: shape[axis]
          }
        return before >= 0 && after >= 0 && before <= most && after <= most
      })
    else {
      return .failed(
        "pad", [self], "a padding of \(padding) by \(mode.rawValue) does not fit the shape",
        hint: "give a pair for each axis, none negative and none longer than the axis allows",
        shape: shape, dtype: dtype)
    }
    var result = self
    for (axis, (before, after)) in padding.enumerated() where before + after > 0 {
      result = result.padded(axis, before, after, mode)
    }
    return result
  }

  private func padded(_ axis: Int, _ before: Int, _ after: Int, _ mode: PaddingMode) -> Tensor {
    let n = shape[axis]
    func part(_ range: Range<Int>) -> Tensor { sliced(along: axis, range) }
    func edge(_ position: Int, _ count: Int) -> Tensor {
      part(position..<(position + 1)).broadcast(to: shape.replacing(axis, with: count))
    }
    var parts: [Tensor] = []
    if before > 0 {
      switch mode {
      case .zeros: break
      case .reflect: parts.append(part(1..<(before + 1)).reversed(along: axis))
      case .replicate: parts.append(edge(0, before))
      case .circular: parts.append(part((n - before)..<n))
      }
    }
    parts.append(self)
    if after > 0 {
      switch mode {
      case .zeros: break
      case .reflect: parts.append(part((n - 1 - after)..<(n - 1)).reversed(along: axis))
      case .replicate: parts.append(edge(n - 1, after))
      case .circular: parts.append(part(0..<after))
      }
    }
    return concatenate(parts, along: axis)
  }
}
