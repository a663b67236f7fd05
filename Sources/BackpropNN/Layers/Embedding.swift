// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A learned vector for each of a number of things.
///
/// `indices: [...] int32 -> [..., features]`, `weight: [count, features]`, drawn from the normal
/// distribution at first, as PyTorch does. An index outside 0 ..< count is an error when the value
/// is computed.
public struct Embedding: Layer, CustomStringConvertible {
  /// The vectors, `[count, features]`.
  public let weight: Parameter
  /// The index whose vector gets no gradient, if any.
  public let paddingIndex: Int?

  /// Vectors of `features` numbers for `count` things.
  public init(
    _ count: Int, _ features: Int, paddingIndex: Int? = nil, initializer: Initializer = .normal()
  ) {
    weight = Parameter([count, features], initializer: initializer)
    self.paddingIndex = paddingIndex
  }

  /// The number of things.
  public var count: Int { weight.shape[0] }
  /// The size of a vector.
  public var features: Int { weight.shape[1] }

  /// `Embedding 1000→64`.
  public var description: String { "Embedding \(count)→\(features)" }

  /// `indices: [...] int32 -> [..., features]`.
  public func callAsFunction(_ indices: Tensor) -> Tensor {
    guard !indices.dtype.isFloatingPoint, indices.rank < Shape.maximumRank else {
      return failed(
        "embedding", [indices, weight.value],
        "indices must be integers with at most 7 axes, not \(indices.dtype)",
        hint: "cast them to int32", shape: indices.shape, layer: self, leaf: weight.path)
    }
    let vectors = weight.value.gathered(indices, along: 0)
    guard let paddingIndex else { return vectors }
    let isPadding = indices.cast(to: .int32) .== Float(paddingIndex)
    return select(isPadding.expanded(at: -1), vectors.stopGradient(), vectors)
  }
}
