// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropTraining
import Testing

@Suite("BLEU") struct BLEUTests {
  private func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

  private func bleu(_ pairs: [(String, String)]) -> BLEU {
    BLEU(pairs.map { words($0.0) }, references: pairs.map { words($0.1) })
  }

  @Test func theScoreIsThatOfTheFormula() {
    // 4 + 1 of 5 + 2 words, 3 + 0 of 4 + 1 pairs, 2 of 3 triples, 1 of 2 fours; 7 words where 8 are
    // wanted: (5/7 · 3/5 · 2/3 · 1/2)^¼ = 7^-¼, times exp(1 - 8/7).
    let corpus = bleu([("a b c d e", "a b c d f"), ("x x", "x y z")])
    let wanted = [5.0 / 7, 3.0 / 5, 2.0 / 3, 1.0 / 2]
    for (own, want) in zip(corpus.precisions, wanted) { #expect(abs(own - want) < 1e-12) }
    #expect(abs(corpus.brevityPenalty - 0.866877899) < 1e-8)
    #expect(abs(corpus.score - 53.294626) < 1e-4, "\(corpus.score)")
  }

  @Test func aWordCountsAsOftenAsInTheReference() {
    // The example of Papineni et al., section 2.1.
    let corpus = bleu([("the the the the the the the", "the cat is on the mat")])
    #expect(corpus.precisions == [2.0 / 7, 0, 0, 0])
    #expect(corpus.brevityPenalty == 1 && corpus.score == 0)
  }

  @Test func whatIsEqualHasAHundredAndNothingHasNone() {
    let same = "a man walks his dog"
    #expect(
      abs(bleu([(same, same), ("one two three four", "one two three four")]).score - 100) < 1e-9)
    #expect(bleu([("", "a b c d")]).score == 0)
    #expect(BLEU([[Int32]](), references: []).score == 0)
    // Longer than the reference: no penalty, lower shares.
    let long = bleu([("a b c d e", "a b c d")])
    #expect(long.brevityPenalty == 1 && long.precisions == [0.8, 0.75, 2.0 / 3, 0.5])
  }
}
