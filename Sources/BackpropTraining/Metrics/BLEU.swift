// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// How near translations come to those of people: the corpus BLEU (K. Papineni et al., "BLEU: a
/// method for automatic evaluation of machine translation", ACL 2002).
///
///     100 · min(1, exp(1 − r/c)) · exp(¼ Σ ln pₙ)        n = 1 … 4
///
/// pₙ is the share of the n-grams of all translations that occur in their references, each n-gram at
/// most as often as there; c and r are the lengths of all translations and of all references. One
/// reference for each, nothing smoothed: where no n-gram of some length matches, the score is 0.
public struct BLEU: Hashable, Sendable {
  /// The share of 1-grams, 2-grams, 3-grams and 4-grams that match; 0 where there are none.
  public let precisions: [Double]
  /// min(1, exp(1 − r/c)): translations that are too short together score less.
  public let brevityPenalty: Double
  /// From 0 to 100.
  public let score: Double

  /// Compares translations with their references, both in words or their numbers.
  public init<Token: Hashable>(_ translations: [[Token]], references: [[Token]]) {
    precondition(translations.count == references.count, "each translation has a reference")
    var matches = [0, 0, 0, 0]
    var totals = [0, 0, 0, 0]
    for (translation, reference) in zip(translations, references) {
      for n in 1...4 {
        let there = BLEU.counts(reference, n)
        for (gram, count) in BLEU.counts(translation, n) {
          matches[n - 1] += min(count, there[gram] ?? 0)
          totals[n - 1] += count
        }
      }
    }
    let own = translations.reduce(0) { $0 + $1.count }
    let wanted = references.reduce(0) { $0 + $1.count }
    precisions = zip(matches, totals).map { $1 == 0 ? 0 : Double($0) / Double($1) }
    brevityPenalty =
      own == 0 ? 0 : min(1, HostMath.exponential(1 - Double(wanted) / Double(own)))
    guard !precisions.contains(0) else {
      score = 0
      return
    }
    let mean = precisions.reduce(0) { $0 + HostMath.logarithm($1) } / 4
    score = 100 * brevityPenalty * HostMath.exponential(mean)
  }

  private static func counts<Token: Hashable>(_ text: [Token], _ n: Int) -> [ArraySlice<Token>: Int]
  {
    var counts: [ArraySlice<Token>: Int] = [:]
    for start in stride(from: 0, through: text.count - n, by: 1) {
      counts[text[start..<start + n], default: 0] += 1
    }
    return counts
  }
}
