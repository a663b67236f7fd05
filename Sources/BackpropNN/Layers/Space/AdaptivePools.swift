// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The mean of each of a given number of parts of every axis of space, whatever the input's size.
///
/// `x: [N, S…, C] -> [N, size…, C]`. Part j of an axis of n elements is ⌊jn / size⌋ ..<
/// ⌈(j + 1)n / size⌉, as PyTorch has it.
public struct AdaptiveAveragePool: Layer, CustomStringConvertible {
  /// The number of parts of each axis; one number counts for all.
  public let size: [Int]

  /// A layer that makes so many parts of each axis.
  public init(_ size: Int...) { self.size = size }

  /// `AdaptiveAveragePool 7`.
  public var description: String { "AdaptiveAveragePool \(text(size))" }

  /// `x: [N, S…, C] -> [N, size…, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    adapted(x, size, self) { $0.mean(over: $1, keepingAxes: true) }
  }
}

/// The greatest element of each of a given number of parts of every axis of space.
///
/// `x: [N, S…, C] -> [N, size…, C]`; the parts are those of ``AdaptiveAveragePool``.
public struct AdaptiveMaxPool: Layer, CustomStringConvertible {
  /// The number of parts of each axis; one number counts for all.
  public let size: [Int]

  /// A layer that makes so many parts of each axis.
  public init(_ size: Int...) { self.size = size }

  /// `AdaptiveMaxPool 7`.
  public var description: String { "AdaptiveMaxPool \(text(size))" }

  /// `x: [N, S…, C] -> [N, size…, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    adapted(x, size, self) { x, axis in
      // A window over one axis, so that the gradient goes to the first of equal elements.
      let space = x.rank - 2
      var window = [Int](repeating: 1, count: space)
      window[axis - 1] = x.shape[axis]
      return x.windowMax(window)
    }
  }
}

/// The mean over all axes of space: `x: [N, S…, C] -> [N, C]`.
public struct GlobalAveragePool: Layer, CustomStringConvertible {
  /// A layer that leaves one number of each channel.
  public init() {}

  /// `GlobalAveragePool`.
  public var description: String { "GlobalAveragePool" }

  /// `x: [N, S…, C] -> [N, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.rank > 2 ? x.mean(over: Array(1..<(x.rank - 1))) : x
  }
}

/// The greatest element over all axes of space: `x: [N, S…, C] -> [N, C]`.
public struct GlobalMaxPool: Layer, CustomStringConvertible {
  /// A layer that leaves one number of each channel.
  public init() {}

  /// `GlobalMaxPool`.
  public var description: String { "GlobalMaxPool" }

  /// `x: [N, S…, C] -> [N, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank > 2, x.rank <= 5 else { return x }
    let window = Array(x.shape.dimensions.dropFirst().dropLast())
    return x.windowMax(window).reshaped(to: [x.shape[0], x.shape[-1]])
  }
}

private func text(_ size: [Int]) -> String { size.map(String.init).joined(separator: "x") }

/// Axis after axis in parts, each reduced to one element.
private func adapted(
  _ x: Tensor, _ size: [Int], _ layer: some CustomStringConvertible,
  _ reduced: (Tensor, Int) -> Tensor
) -> Tensor {
  let space = x.rank - 2
  let sizes = size.count == 1 ? [Int](repeating: size[0], count: max(0, space)) : size
  guard (1...3).contains(space), sizes.count == space, sizes.allSatisfy({ $0 > 0 }),
    x.shape.count > 0, x.dtype.isFloatingPoint
  else {
    return failed(
      "adaptivePool", [x], "the input must be [N, S…, C] with an axis of space for each of \(size)",
      hint: "channels lie last", shape: x.shape, layer: layer, leaf: nil)
  }
  var result = x
  for (number, parts) in sizes.enumerated() {
    let axis = number + 1
    let n = result.shape[axis]
    if n == parts { continue }
    let pieces = (0..<parts).map { part in
      let range = (part * n / parts)..<(((part + 1) * n + parts - 1) / parts)
      return reduced(result.sliced(along: axis, range), axis)
    }
    result = concatenate(pieces, along: axis)
  }
  return result
}
