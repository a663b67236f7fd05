// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

@Suite("Einsum")
struct EinsumTests {
  /// Σ over all values of all letters of the product of the operands' elements.
  private func naive(_ formula: String, _ operands: [ReferenceValue]) -> [Double] {
    let sides = formula.split(separator: ">").map { $0.filter { $0 != "-" } }
    let names = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    let output = sides.count > 1 ? Array(sides[1]) : []
    var sizes: [Character: Int] = [:]
    for (name, operand) in zip(names, operands) {
      for (axis, letter) in name.enumerated() { sizes[letter] = operand.shape[axis] }
    }
    let letters = output + sizes.keys.filter { !output.contains($0) }.sorted()
    let resultCount = output.reduce(1) { $0 * sizes[$1]! }
    var result = [Double](repeating: 0, count: resultCount)
    let total = letters.reduce(1) { $0 * sizes[$1]! }
    for number in 0..<total {
      var place: [Character: Int] = [:]
      var rest = number
      for letter in letters.reversed() {
        place[letter] = rest % sizes[letter]!
        rest /= sizes[letter]!
      }
      var product = 1.0
      for (name, operand) in zip(names, operands) {
        var index = 0
        for letter in name { index = index * sizes[letter]! + place[letter]! }
        product *= operand.elements[index]
      }
      result[number / (total / resultCount)] += product
    }
    return result
  }

  private func random(_ sizes: [Int], _ generator: inout SeededGenerator) -> Tensor {
    let shape = Shape(sizes)
    return Tensor((0..<shape.count).map { _ in Float(generator.number()) }, shape: shape)
  }

  static let formulas = [
    "ij->ij", "ij->ji", "ij->i", "ij->", "ii->i", "ii->", "iij->j", "iji->ij", "ij,jk->ik",
    "ij,kj->ik", "ij,jk->ki", "ji,jk->ik", "bij,bjk->bik", "bij,bkj->ibk", "ij,ij->", "ij,ij->ij",
    "i,j->ij", "i,j->ji", "ij,j->i", "j,ij->i", "i,i->", ",->", ",i->i", "bhqd,bhkd->bhqk",
    "bhqk,bhkd->bqhd", "ij,jk,kl->il", "ij,jk,ki->", "i,j,k->kji", "ii,ij->ij", "bi,bj->b",
    "bi,bj->ij", "ai,aj,ak->ijk", "abc,cd,be->ade", "ijk,ijk->k", "ij,kl->jl",
  ]

  @Test(arguments: formulas) func equalsTheNaiveSum(formula: String) throws {
    var generator = SeededGenerator(seed: 7)
    let sizes: [Character: Int] = [
      "i": 2, "j": 3, "k": 4, "l": 2, "a": 3, "b": 2, "c": 4, "d": 3, "e": 2, "h": 3, "q": 4,
    ]
    let left = formula[..<formula.firstRange(of: "->")!.lowerBound]
    let operands = left.split(separator: ",", omittingEmptySubsequences: false).map { names in
      random(names.map { sizes[$0]! }, &generator)
    }
    let result = einsum(formula, operands)
    try #require(result.failure == nil, "\(result.failure!)")
    let actual = try Reference.evaluate(result, rounding: false)
    let expected = naive(formula, try Reference.evaluate(operands))
    #expect(actual.elements.count == expected.count)
    for (a, e) in zip(actual.elements, expected) { #expect(abs(a - e) < 1e-12) }
    try GradientCheck()(of: result, at: operands).requireAgreement()
  }

  @Test func lettersThatOccurOnceStandOnTheRightByDefault() throws {
    let a = Tensor([[1, 2, 3], [4, 5, 6]])
    #expect(einsum("ba", a).shape == [3, 2])
    #expect(try values(einsum("ba", a)) == [1, 4, 2, 5, 3, 6])
    #expect(try values(einsum("ij,kj", a, a)) == [14, 32, 32, 77])
    #expect(try values(einsum("ij, ij", a, a)) == [91])
    #expect(try values(einsum("ii", Tensor.eye(3))) == [3])
  }

  @Test func manyLettersAreNoTrap() throws {
    let ones = Tensor.ones([1, 1, 1, 1, 1, 1, 1, 2])
    #expect(try values(einsum("abcdefgh,abcdefgh->abcdefgh", ones, ones)) == [1, 1])
    #expect(try values(einsum("abcdefgh,abcdefgh->", ones, ones)) == [2])
    #expect(
      einsum(
        "abcde,fghij->abcdefghij", Tensor.ones([1, 1, 1, 1, 1]), Tensor.ones([1, 1, 1, 1, 1])
      )
      .failure?.rule == "the result of \"abcde\" and \"fghij\" would have 10 axes; 8 are the most")
  }
}
