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
    var scores = logits.map(Double.init)
    if repetitionPenalty != 1 {
      for token in Set(earlier) where scores.indices.contains(Int(token)) {
        let score = scores[Int(token)]
        scores[Int(token)] = score > 0 ? score / repetitionPenalty : score * repetitionPenalty
      }
    }
    // The likeliest first; of equal ones that with the lower number.
    let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
    var result = [Double](repeating: 0, count: scores.count)
    guard let best = order.first else { return result }
    guard temperature > 0 else {
      result[best] = 1
      return result
    }
    let weights = order.map { HostMath.exponential((scores[$0] - scores[best]) / temperature) }
    let limit = min(max(1, topK ?? order.count), order.count)
    let total = weights[..<limit].reduce(0, +)
    var kept = 1
    var sum = weights[0]
    while kept < limit, sum < topP * total, weights[kept] >= minP {
      sum += weights[kept]
      kept += 1
    }
    for (place, token) in order[..<kept].enumerated() { result[token] = weights[place] / sum }
    return result
  }

  /// The token that a number in 0 ..< 1 falls on.
  public func token(_ logits: [Float], earlier: [Int32] = [], at number: Double) -> Int32 {
    var sum = 0.0
    var last = 0
    for (token, share) in probabilities(logits, earlier: earlier).enumerated() where share > 0 {
      sum += share
      last = token
      if number < sum { break }
    }
    return Int32(last)
  }
}
