// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN

/// How the next token is drawn from a model's logits.
///
/// The steps, in this order: the repetition penalty, the temperature, then from the probabilities
/// `topK`, `minP`, `topP`; what is left is drawn from in proportion.
public struct Sampling: Hashable, Sendable {
  /// What logits are divided by: below 1 safer, above 1 bolder; 0 takes the likeliest token always.
  public var temperature: Double
  /// Only so many of the likeliest tokens; nil: all.
  public var topK: Int?
  /// Only the likeliest tokens that together have this probability (A. Holtzman et al., 2019).
  public var topP: Double
  /// Only tokens with this share of the likeliest one's probability (N. N. Minh et al., 2024).
  public var minP: Double
  /// What the logit of a token that occurred before is divided by where it is positive, and
  /// multiplied with where it is not (N. S. Keskar et al., 2019); 1: nothing.
  public var repetitionPenalty: Double

  /// Draws from all tokens as the model says, unless told otherwise.
  public init(
    temperature: Double = 1, topK: Int? = nil, topP: Double = 1, minP: Double = 0,
    repetitionPenalty: Double = 1
  ) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
    self.repetitionPenalty = repetitionPenalty
  }

  /// The probability with which each token is drawn.
  ///
  /// - Parameter earlier: the tokens that the repetition penalty speaks of.
  public func probabilities(_ logits: [Float], earlier: [Int32] = []) -> [Double] {
    var result = [Double](repeating: 0, count: logits.count)
    let kept = candidates(logits, earlier: earlier)
    let sum = kept.weights.reduce(0, +)
    for (place, weight) in kept.weights.enumerated() { result[kept.token(place)] = weight / sum }
    return result
  }

  /// The token that a number in 0 ..< 1 falls on.
  public func token(_ logits: [Float], earlier: [Int32] = [], at number: Double) -> Int32 {
    let kept = candidates(logits, earlier: earlier)
    let limit = number * kept.weights.reduce(0, +)
    var sum = 0.0
    for (place, weight) in kept.weights.enumerated() {
      sum += weight
      if limit < sum { return Int32(kept.token(place)) }
    }
    return Int32(kept.weights.lastIndex { $0 > 0 }.map(kept.token) ?? 0)
  }

  /// Tokens in the order of their numbers, with weights in proportion to their probabilities; a
  /// weight of zero is that of a token which cannot be drawn.
  private struct Candidates {
    /// The tokens; nil: all.
    var tokens: [Int]?
    var weights: [Double]

    func token(_ place: Int) -> Int { tokens.map { $0[place] } ?? place }
  }

  private func candidates(_ logits: [Float], earlier: [Int32]) -> Candidates {
    var scores = logits.map { $0.isNaN ? -Double.infinity : Double($0) }
    if repetitionPenalty != 1 {
      for token in Set(earlier) where scores.indices.contains(Int(token)) {
        let score = scores[Int(token)]
        scores[Int(token)] = score > 0 ? score / repetitionPenalty : score * repetitionPenalty
      }
    }
    guard let top = scores.max(), let best = scores.firstIndex(of: top) else {
      return Candidates(weights: [])
    }
    guard temperature > 0, top.isFinite else { return Candidates(tokens: [best], weights: [1]) }
    func weights(_ scores: [Double]) -> [Double] {
      HostMath.exponentials(scores.map { ($0 - top) / temperature })
    }
    let limit = min(max(1, topK ?? scores.count), scores.count)
    if limit == scores.count, topP >= 1 {
      let shares = weights(scores)
      return Candidates(weights: minP > 0 ? shares.map { $0 >= minP ? $0 : 0 } : shares)
    }
    var total = limit == scores.count ? weights(scores).reduce(0, +) : 0
    // How many of the likeliest are needed shows while they are gone through.
    var wanted = limit == scores.count ? min(64, limit) : limit
    while true {
      let order = likeliest(scores, top, wanted)
      let shares = weights(order.map { scores[$0] })
      if limit < scores.count { total = shares.reduce(0, +) }
      var kept = 1
      var sum = shares[0]
      while kept < order.count, sum < topP * total, shares[kept] >= minP {
        sum += shares[kept]
        kept += 1
      }
      if kept < order.count || order.count == limit {
        let drawn = zip(order, shares).prefix(kept).sorted { $0.0 < $1.0 }
        return Candidates(tokens: drawn.map(\.0), weights: drawn.map(\.1))
      }
      wanted = min(8 * wanted, limit)
    }
  }

  /// So many tokens with the highest scores, the likeliest first; of equal ones that with the lower
  /// number. Only those near the top are sorted.
  private func likeliest(_ scores: [Double], _ top: Double, _ count: Int) -> [Int] {
    var near: [Int] = []
    var distance = 0.125
    repeat {
      near = scores.indices.filter { scores[$0] >= top - distance }
      distance *= 2
    } while near.count < count && distance < 1e6
    if near.count < count { near = Array(scores.indices) }
    near.sort { (scores[$1], $0) < (scores[$0], $1) }
    return Array(near.prefix(count))
  }
}
