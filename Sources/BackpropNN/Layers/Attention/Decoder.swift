// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A model that says what comes next in a sequence of tokens.
public protocol Decoder: Module {
  /// The number of tokens that there are.
  var vocabularySize: Int { get }
  /// The most places of a sequence; `Int.max`: any number.
  var context: Int { get }
  /// tokens: [B, T] int32 -> logits of the next token at each place [B, T, V].
  func callAsFunction(_ tokens: Tensor) -> Tensor
  /// The state of `batch` sequences of which nothing was read, with room for `capacity` places; for
  /// those of the context where it has fewer.
  func start(batch: Int, capacity: Int) -> DecoderState
  /// Reads the first places of each sequence in one pass, tokens: [B, T] int32, and gives the
  /// logits [B, V] after the last of them. Nothing has been read before.
  func read(_ tokens: Tensor, state: inout DecoderState) -> Tensor
  /// The logits [B, V] after the next token of each sequence, tokens: [B] int32.
  func next(_ tokens: Tensor, state: inout DecoderState) -> Tensor
}

/// What a ``Decoder`` remembers of the places that it has read.
public struct DecoderState: Sendable {
  /// The caches of the attention layers.
  public var caches: [KeyValueCache]
  /// Keys and values of other sequences, that stay as they are.
  public var memories: [KeyValueCache] = []
  /// Where the places read left the recurrent layers; nil: there are none.
  public var recurrent: Recurrent.State?
  /// The number of places read.
  public var position = 0

  /// Nothing read.
  public init(caches: [KeyValueCache] = [], recurrent: Recurrent.State? = nil) {
    self.caches = caches
    self.recurrent = recurrent
  }

  /// Whether another place can be read.
  public var isFull: Bool { caches.first.map { position >= $0.capacity } ?? false }

  /// Room in every cache for the next place.
  public mutating func makeRoom() {
    for index in caches.indices { caches[index].makeRoom(after: position) }
  }

  /// All tensors, to be evaluated together.
  public var tensors: [Tensor] {
    (caches + memories).flatMap { [$0.keys, $0.values] } + (recurrent.map { [$0.h, $0.c] } ?? [])
  }

  /// The state of other sequences of the batch: sequence i is sequence `indices[i]` of this one.
  public func reordered(_ indices: [Int]) -> DecoderState {
    let places = Tensor(indices.map { Int32($0) })
    var result = self
    result.caches = caches.map { $0.reordered(places) }
    result.memories = memories.map { $0.reordered(places) }
    result.recurrent = recurrent.map {
      Recurrent.State(h: $0.h.gathered(places, along: 1), c: $0.c.gathered(places, along: 1))
    }
    return result
  }
}
