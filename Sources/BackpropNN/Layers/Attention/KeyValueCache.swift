// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The keys and values of the places that were read, so that the next place costs one place's work.
///
/// There is room for S places, twice as many whenever they are full: a place writes its own key and
/// value and reads those before it, and a handful of plans serve all places.
public struct KeyValueCache: Sendable {
  /// keys: [B, K, S, D]; what lies behind the last place means nothing.
  public internal(set) var keys: Tensor
  /// values: [B, K, S, D].
  public internal(set) var values: Tensor
  /// The most places that there can be.
  public let capacity: Int

  /// The number of places that there is memory for, S.
  public var room: Int { keys.shape[2] }

  /// The cache of each sequence as that of `count` equal ones, which stand side by side.
  public func repeated(_ count: Int) -> KeyValueCache {
    func all(_ x: Tensor) -> Tensor { x.repeated(count) }
    return KeyValueCache(keys: all(keys), values: all(values), capacity: capacity)
  }

  /// The cache of other sequences of the batch: sequence i is sequence `indices[i]` of this one.
  public func reordered(_ indices: Tensor) -> KeyValueCache {
    var result = self
    (result.keys, result.values) = (keys.gathered(indices), values.gathered(indices))
    return result
  }

  /// Room for a place after `count` of them, if the capacity allows.
  public mutating func makeRoom(after count: Int) {
    guard count >= room, room < capacity else { return }
    let more = min(max(room, count + 1 - room), capacity - room)
    func grown(_ x: Tensor) -> Tensor {
      concatenate([x, .zeros(x.shape.replacing(2, with: more), dtype: x.dtype)], along: 2)
    }
    (keys, values) = (grown(keys), grown(values))
  }
}

extension Tensor {
  /// Each example `count` times, side by side: [N, …] -> [N · count, …].
  package func repeated(_ count: Int) -> Tensor {
    guard count != 1 else { return self }
    let rest = Array(shape.dimensions.dropFirst())
    return expanded(at: 1).broadcast(to: Shape([shape[0], count] + rest))
      .reshaped(to: Shape([shape[0] * count] + rest))
  }
}

extension MultiHeadAttention {
  /// An empty cache for `batch` sequences of at most `capacity` places.
  public func cache(batch: Int, capacity: Int) -> KeyValueCache {
    let first = min(capacity, 64)
    let dtype = Context.current.precision ?? .float32
    let empty = Tensor.zeros([batch, keyValueHeads, first, headWidth], dtype: dtype)
    return KeyValueCache(keys: empty, values: empty, capacity: capacity)
  }

  /// The keys and values of another sequence, `memory: [B, S, width]`, for ``recall(_:from:allowed:)``.
  public func remember(_ memory: Tensor) -> KeyValueCache {
    let (key, value) = keysAndValues(of: memory)
    return KeyValueCache(keys: key, values: value, capacity: key.shape[2])
  }

  /// Attention to another sequence whose keys and values are known already, without rotary
  /// positions: `x: [B, T, width] -> [B, T, width]`.
  ///
  /// - Parameter allowed: `[B, S]` bool, the keys that are no padding; nil: all.
  public func recall(_ x: Tensor, from memory: KeyValueCache, allowed: Tensor?) -> Tensor {
    let mask = allowed.map { AttentionMask.keys($0) } ?? .none
    let result = attention(queries(of: x), memory.keys, memory.values, mask: mask)
    return output(result.joinedHeads())
  }

  /// The first places of each sequence, each of which sees those before it; they are put into the
  /// cache, which is empty and has room for them.
  ///
  /// `x: [B, T, width] -> [B, T, width]`.
  public func read(_ x: Tensor, cache: inout KeyValueCache) -> Tensor {
    var (query, key, value) = project(x, nil)
    if let rotary {
      query = rotary(query)
      key = rotary(key)
    }
    let rest = [(0, 0), (0, 0), (0, max(cache.room, x.shape[1]) - x.shape[1]), (0, 0)]
    cache.keys = key.cast(to: cache.keys.dtype).padded(rest)
    cache.values = value.cast(to: cache.values.dtype).padded(rest)
    let mask = AttentionMask(isCausal: true, window: window)
    return output(attention(query, key, value, mask: mask).joinedHeads())
  }

  /// The next place of each sequence, which sees what the cache holds; it is put there too.
  ///
  /// `x: [B, 1, width]`, `position: [] int32`, the number of places before it `-> [B, 1, width]`.
  /// The cache has room for the place.
  public func next(_ x: Tensor, position: Tensor, cache: inout KeyValueCache) -> Tensor {
    var (query, key, value) = project(x, nil)
    let place = position.reshaped(to: [1])
    if let rotary {
      query = rotary(query, positions: place)
      key = rotary(key, positions: place)
    }
    cache.keys = cache.keys.replaced(at: place, with: key, along: 2)
    cache.values = cache.values.replaced(at: place, with: value, along: 2)
    let columns = Tensor.iota([1, 1, 1, cache.room], along: 3)
    let isPast = columns .<= position
    let isNear = window.map { columns .> position - Tensor.constant(Float($0), .int32) }
    let seen = isNear.map { isPast .& $0 } ?? isPast
    let result = attention(query, cache.keys, cache.values, mask: AttentionMask(allowed: seen))
    return output(result.joinedHeads())
  }
}
