// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The keys and values of the places that were read, so that the next place costs one place's work.
///
/// The shapes stay the same from place to place, so that one plan serves them all.
public struct KeyValueCache: Sendable {
  /// keys: [B, K, S, D]; what lies behind the last place means nothing.
  public internal(set) var keys: Tensor
  /// values: [B, K, S, D].
  public internal(set) var values: Tensor

  /// The number of places, S.
  public var capacity: Int { keys.shape[2] }

  /// The cache of other sequences of the batch: sequence i is sequence `indices[i]` of this one.
  public func reordered(_ indices: Tensor) -> KeyValueCache {
    KeyValueCache(keys: keys.gathered(indices), values: values.gathered(indices))
  }
}

extension MultiHeadAttention {
  /// An empty cache for `batch` sequences of at most `capacity` places.
  public func cache(batch: Int, capacity: Int) -> KeyValueCache {
    let empty = Tensor.zeros([batch, keyValueHeads, capacity, headWidth])
    return KeyValueCache(keys: empty, values: empty)
  }

  /// The next place of each sequence, which sees what the cache holds; it is put there too.
  ///
  /// `x: [B, 1, width]`, `position: [] int32`, the number of places before it `-> [B, 1, width]`.
  public func next(_ x: Tensor, position: Tensor, cache: inout KeyValueCache) -> Tensor {
    var (query, key, value) = project(x, nil)
    if let rotary {
      let place = position.reshaped(to: [1])
      query = rotary(query, positions: place)
      key = rotary(key, positions: place)
    }
    let places = Tensor.iota([1, 1, cache.capacity, 1], along: 2)
    let isHere = places .== position
    cache.keys = select(isHere, key, cache.keys)
    cache.values = select(isHere, value, cache.values)
    let columns = places.reshaped(to: [1, 1, 1, cache.capacity])
    let isPast = columns .<= position
    let isNear = window.map { columns .> position - Tensor.constant(Float($0), .int32) }
    let seen = isNear.map { isPast .& $0 } ?? isPast
    let result = attention(query, cache.keys, cache.values, mask: AttentionMask(allowed: seen))
    return output(result.joinedHeads())
  }
}
