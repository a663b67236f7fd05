// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
public import BackpropNN
import BackpropRuntime

/// A search for the likeliest continuations of a sequence, which looks at a few side by side until
/// as many have come to an end.
public struct BeamSearch: Hashable, Sendable {
  /// How many sequences are looked at side by side.
  public var width: Int
  /// The most tokens of a continuation.
  public var length: Int
  /// The token that ends a continuation; nil: none does.
  public var end: Int32?
  /// Scores are divided by the length to this power: 0 likes short ones, 1 compares means.
  public var lengthPenalty: Double

  /// A search.
  public init(width: Int = 4, length: Int, end: Int32? = nil, lengthPenalty: Double = 1) {
    precondition(width > 0 && length > 0, "a search has a width and a length")
    self.width = width
    self.length = length
    self.end = end
    self.lengthPenalty = lengthPenalty
  }

  /// A continuation and how likely it is.
  public struct Found: Hashable, Sendable {
    /// The tokens behind the prompt, the end among them.
    public let tokens: [Int32]
    /// The logarithm of its probability.
    public let logProbability: Double
    /// By what continuations are compared.
    public let score: Double
  }

  private struct Beam {
    var tokens: [Int32] = []
    var sum = 0.0
  }

  /// The best continuations of a prompt, at most `width`, the best first.
  ///
  /// Prompt and continuation but for its last token must fit the model's context; what does not is
  /// not looked at.
  public func callAsFunction(_ model: some Decoder, prompt: [Int32]) throws -> [Found] {
    precondition(!prompt.isEmpty, "a prompt has at least one token")
    let room = min(length, model.context - prompt.count + 1)
    var state = model.start(batch: width, capacity: model.context)
    var logits: [Float] = []
    if room > 0 {
      let prompts = Tensor((0..<width).flatMap { _ in prompt }, shape: [width, prompt.count])
      logits = try values(&state) { model.read(prompts, state: &$0) }
    }
    // At first all rows are the same: one of them counts.
    var beams = [Beam()]
    var found: [Found] = []
    for step in 0..<max(0, room) {
      let isLast = step == room - 1
      var kept: [(row: Int, beam: Beam)] = []
      for choice in choices(beams, logits, model.vocabularySize) where kept.count < width {
        if choice.beam.tokens.last == end || isLast { found.append(scored(choice.beam)) }
        if choice.beam.tokens.last != end { kept.append(choice) }
      }
      beams = kept.map(\.beam)
      if isLast || beams.isEmpty || found.count >= width { break }
      // Rows that stand for nothing are copies of the last.
      let rows = (0..<width).map { kept[min($0, kept.count - 1)] }
      state = state.reordered(rows.map(\.row))
      let tokens = Tensor(rows.compactMap(\.beam.tokens.last))
      logits = try values(&state) { model.next(tokens, state: &$0) }
    }
    return Array(found.sorted { $0.score > $1.score }.prefix(width))
  }

  /// The likeliest next steps of all beams, the likeliest first: more than are needed at most.
  private func choices(
    _ beams: [Beam], _ logits: [Float], _ size: Int
  ) -> [(row: Int, beam: Beam)] {
    var all: [(row: Int, token: Int, sum: Double)] = []
    for (row, beam) in beams.enumerated() {
      let shares = BeamSearch.logSoftmax(logits[row * size..<(row + 1) * size])
      all += likeliest(shares).map { (row, $0, beam.sum + shares[$0]) }
    }
    all.sort { ($1.sum, $0.row, $0.token) < ($0.sum, $1.row, $1.token) }
    return all.prefix(2 * width).map { choice in
      let tokens = beams[choice.row].tokens + [Int32(choice.token)]
      return (choice.row, Beam(tokens: tokens, sum: choice.sum))
    }
  }

  /// As many tokens as can matter, the likeliest first; of equal ones that with the lower number.
  private func likeliest(_ shares: [Double]) -> [Int] {
    var best: [Int] = []
    best.reserveCapacity(2 * width + 1)
    for (token, share) in shares.enumerated() {
      if best.count == 2 * width, let last = best.last, !(share > shares[last]) { continue }
      let place = best.firstIndex { shares[$0] < share } ?? best.count
      best.insert(token, at: place)
      if best.count > 2 * width { best.removeLast() }
    }
    return best
  }

  private func scored(_ beam: Beam) -> Found {
    let logarithm = HostMath.logarithm(Double(beam.tokens.count))
    return Found(
      tokens: beam.tokens, logProbability: beam.sum,
      score: beam.sum / HostMath.exponential(lengthPenalty * logarithm))
  }

  private func values(
    _ state: inout DecoderState, _ read: (inout DecoderState) -> Tensor
  ) throws -> [Float] {
    try Context.evaluating {
      let logits = read(&state).cast(to: .float32)
      try BackpropRuntime.evaluate([logits] + state.tensors)
      return try logits.array()
    }
  }

  private static func logSoftmax(_ logits: ArraySlice<Float>) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    let sum = HostMath.exponentials(logits.map { Double($0) - largest }).reduce(0, +)
    let shift = largest + HostMath.logarithm(sum)
    return logits.map { Double($0) - shift }
  }
}
