// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

/// The values of a tensor by the reference interpreter.
func values(_ tensor: Tensor, rounding: Bool = true) throws -> [Double] {
  try Reference.evaluate(tensor, rounding: rounding).elements
}

@Suite("The reference interpreter")
struct ReferenceTests {
  let x = Tensor([[1, 2, 3], [4, 5, 6]])

  @Test func movesElements() throws {
    #expect(try values(x.transposed()) == [1, 4, 2, 5, 3, 6])
    #expect(try values(x.reversed(along: 1)) == [3, 2, 1, 6, 5, 4])
    #expect(try values(x.reversed(along: 0, 1)) == [6, 5, 4, 3, 2, 1])
    #expect(try values(x[..., stride(from: 0, to: 3, by: 2)]) == [1, 3, 4, 6])
    #expect(try values(x.padded([(1, 0), (0, 1)])) == [0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0])
    #expect(try values(concatenate([x, x[..., 0..<1]], along: 1)) == [1, 2, 3, 1, 4, 5, 6, 4])
    #expect(try values(Tensor([1.0, 2]).broadcast(to: [2, 2])) == [1, 2, 1, 2])
    #expect(try values(Tensor([1.0, 2]).expanded(at: 1).broadcast(to: [2, 2])) == [1, 1, 2, 2])
    #expect(try values(Tensor.iota([2, 3], along: 1)) == [0, 1, 2, 0, 1, 2])
  }

  @Test func combinesElements() throws {
    #expect(try values(x.sum(over: 0)) == [5, 7, 9])
    #expect(try values(x.sum(over: 1)) == [6, 15])
    #expect(try values(x.max()) == [6])
    #expect(try values(x.cumulativeSum(along: 1)) == [1, 3, 6, 4, 9, 15])
    #expect(try values(x.cumulativeSum(along: 0, reversed: true)) == [5, 7, 9, 4, 5, 6])
    #expect(try values(matmul(x, x.transposed())) == [14, 32, 32, 77])
    #expect(try values(x.argMax(along: 0)) == [1, 1, 1])
    #expect(try values(Tensor.zeros([0, 2]).max(over: 0)) == [-.infinity, -.infinity])
    #expect(try values(Tensor.zeros([0, 2]).sum(over: 0)) == [0, 0])
    let odd = Tensor([2, .nan, 1, 2, -1])
    #expect(try values(odd.argumentSort()) == [4, 2, 0, 3, 1])
    #expect(try values(odd.argumentSort(descending: true)) == [0, 3, 2, 4, 1])
    #expect(try values(odd.argMax()) == [1])
    #expect(try values(odd.argMin()) == [1])
  }

  @Test func findsElementsByPosition() throws {
    let positions = Tensor([2, 2, 0] as [Int32])
    #expect(try values(x.gathered(positions, along: 1)) == [3, 3, 1, 6, 6, 4])
    let added = x.scatterAdded(Tensor([1, 1, 0] as [Int32]), along: 1, size: 2)
    #expect(try values(added) == [3, 3, 6, 9])
    for position in [3, -1] as [Int32] {
      let outside = x.gathered(Tensor([position]), along: 1)
      #expect(throws: (any Error).self) { try values(outside) }
    }
  }

  @Test func roundsToTheTypeOfEachResult() throws {
    let third = Tensor([1.0]) / 3
    #expect(try values(third) == [Double(Float(1) / 3)])
    #expect(try values(third, rounding: false) == [1.0 / 3])
    #expect(try values(third.cast(to: .bfloat16)) == [0.333984375])
    #expect(try values(third.cast(to: .float16)) == [0.333251953125])
    #expect(
      try values(Tensor([70000, 6e-8, -65520]).cast(to: .float16)) == [
        .infinity, 0x1p-24, -.infinity,
      ])
    #expect(
      try values(Tensor([3.99, -3.99, .nan, 3e9]).cast(to: .int32)) == [3, -3, 0, 2147483647])
    #expect(try values(Tensor([.nan, 0, -0.5]).cast(to: .bool)) == [1, 0, 1])
    #expect(try values(Tensor([258, -1] as [Int32]).cast(to: .uint8)) == [2, 255])
  }

  @Test func integersWrapAround() throws {
    let big = Tensor([2_147_483_647, -7, 7, -7] as [Int32])
    let small = Tensor([2, 2, -2, 0] as [Int32])
    #expect(try values(big + small) == [-2147483647, -5, 5, -7])
    #expect(try values(big * small) == [-2, -14, -14, 0])
    #expect(try values(big / small) == [1073741823, -4, -4, 0])
    #expect(try values(big % small) == [1, 1, -1, 0])
    #expect(try values(Tensor([7.0, -7, 7, -7]) % Tensor([3.0, 3, -3, -3])) == [1, 2, -2, -1])
  }

  // Known answers of the authors' library, Random123 (kat_vectors, philox4x32 10).
  @Test func philoxGivesTheKnownAnswers() {
    #expect(
      Philox.block(SIMD4(repeating: 0), key: SIMD2(repeating: 0))
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      Philox.block(SIMD4(repeating: .max), key: SIMD2(repeating: .max))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      Philox.block(
        SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func expandsCalls() throws {
    let soft = try values(Tensor([0.0, 1, 2]).softmax(), rounding: false)
    #expect(abs(soft.reduce(0, +) - 1) < 1e-12)
    let slopes = gradient(of: (Tensor([1.0, 2]) * Tensor([3.0, 4])).sum(), at: [])
    #expect(slopes.isEmpty)
    let leaf = Tensor([0.5, -0.25])
    let slope = gradient(of: (leaf * leaf * leaf).sum(), at: [leaf])[0]
    #expect(try values(slope) == [0.75, 0.1875])
  }
}
