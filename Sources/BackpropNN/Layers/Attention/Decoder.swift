// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A model that says what comes next in a sequence of tokens.
public protocol Decoder: Module {
  /// The number of tokens that there are.
  var vocabularySize: Int { get }
  /// The most places of a sequence.
  var context: Int { get }
  /// tokens: [B, T] int32 -> logits of the next token at each place [B, T, V].
  func callAsFunction(_ tokens: Tensor) -> Tensor
  /// Empty caches for `batch` sequences of at most `capacity` places.
  func start(batch: Int, capacity: Int) -> DecoderState
  /// The logits [B, V] after the next token of each sequence, tokens: [B] int32.
  func next(_ tokens: Tensor, state: inout DecoderState) -> Tensor
}

/// What a ``Decoder`` remembers of the places that it has read.
public struct DecoderState: Sendable {
  /// The caches of the layers.
  public var caches: [KeyValueCache]
  /// The number of places read.
  public var position = 0

  /// Nothing read.
  public init(caches: [KeyValueCache]) { self.caches = caches }

  /// Whether another place can be read.
  public var isFull: Bool { caches.first.map { position >= $0.capacity } ?? false }

  /// Room in every cache for the next place.
  public mutating func makeRoom() {
    for index in caches.indices { caches[index].makeRoom(after: position) }
  }

  /// All tensors, to be evaluated together.
  public var tensors: [Tensor] { caches.flatMap { [$0.keys, $0.values] } }

  /// The state of other sequences of the batch: sequence i is sequence `indices[i]` of this one.
  public func reordered(_ indices: [Int]) -> DecoderState {
    let places = Tensor(indices.map { Int32($0) })
    var result = self
    result.caches = caches.map { $0.reordered(places) }
    return result
  }
}
