// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
public import BackpropNN
import BackpropRuntime

/// Goes on with several sequences side by side, each time by the likeliest token: a
/// ``BeamSearch`` of width 1 for many at once.
public struct GreedySearch: Hashable, Sendable {
  /// The most tokens of a continuation.
  public var length: Int
  /// The token that ends a continuation; nil: none does.
  public var end: Int32?

  /// A search.
  public init(length: Int, end: Int32? = nil) {
    precondition(length > 0, "a continuation has at least one token")
    self.length = length
    self.end = end
  }

  /// The continuations of prompts that are equally long, each with its end if it came to one.
  public func callAsFunction(_ model: some Decoder, prompts: [[Int32]]) throws -> [[Int32]] {
    guard let first = prompts.first else { return [] }
    precondition(
      !first.isEmpty && prompts.allSatisfy { $0.count == first.count },
      "prompts have equally many tokens, at least one")
    let room = min(length, model.context - first.count + 1)
    guard room > 0 else { return prompts.map { _ in [] } }
    return try Context.evaluating {
      var state = model.start(batch: prompts.count, capacity: model.context)
      let tokens = Tensor(prompts.flatMap { $0 }, shape: [prompts.count, first.count])
      var logits = model.read(tokens, state: &state)
      var results = prompts.map { _ in [Int32]() }
      var isDone = prompts.map { _ in false }
      for step in 0..<room {
        let likeliest = logits.argMax()
        try BackpropRuntime.evaluate([likeliest] + state.tensors)
        for (row, token) in try likeliest.array(of: Int32.self).enumerated() where !isDone[row] {
          results[row].append(token)
          isDone[row] = token == end
        }
        if step == room - 1 || !isDone.contains(false) { break }
        logits = model.next(likeliest, state: &state)
      }
      return results
    }
  }
}
