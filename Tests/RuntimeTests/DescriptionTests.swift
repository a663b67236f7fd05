// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import Testing

@Suite("Tensors as text")
struct DescriptionTests {
  @Test func listsStandUnderEachOther() {
    #expect("\(Tensor(0.25))" == "0.25")
    #expect("\(Tensor([1, -2, 30]))" == "[ 1.0, -2.0, 30.0]")
    #expect("\(Tensor([[1, 2], [3, 4]]) * 0.5)" == "[[0.5, 1.0],\n [1.5, 2.0]]")
    #expect("\(Tensor.range(3))" == "[0, 1, 2]")
    #expect("\(Tensor([true, false]))" == "[ true, false]")
    #expect("\(Tensor.zeros([0, 3]))" == "[]")
    #expect("\(Tensor.zeros([2, 0]))" == "[[],\n []]")
    #expect(
      "\(Tensor.iota([2, 2, 1], along: 1))" == "[[[0],\n  [1]],\n\n [[0],\n  [1]]]")
  }

  @Test func numbersHaveTheDigitsTheyNeed() {
    #expect("\(Tensor([0.1, 0.25, 1 / 3]))" == "[0.1000, 0.2500, 0.3333]")
    #expect("\(Tensor([1e-6, 1]))" == "[1.0e-06, 1.0e+00]")
    #expect("\(Tensor([3e8, 0]))" == "[3.0e+08, 0.0e+00]")
    #expect("\(Tensor([9.99999e-7]))" == "[1.0e-06]")
    #expect("\(Tensor([.nan, -.infinity, 1.5]))" == "[ nan, -inf,  1.5]")
    #expect("\(Tensor([1, 16_777_216]))" == "[       1.0, 16777216.0]")
    #expect("\(Tensor([0.1]).cast(to: .bfloat16))" == "[0.1001]")
  }

  @Test func largeOnesAreCut() {
    #expect("\(Tensor.range(1001))" == "[   0,    1,    2, ...,  998,  999, 1000]")
    #expect(
      "\(Tensor.iota([2000, 2], along: 0))" == """
        [[   0,    0],
         [   1,    1],
         [   2,    2],
         ...,
         [1997, 1997],
         [1998, 1998],
         [1999, 1999]]
        """)
  }

  @Test func longRowsAreBroken() {
    let lines = "\(Tensor.range(40))".split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines.allSatisfy { $0.count <= 78 }, "\(lines)")
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(" ") })
  }

  @Test func theReasonStandsForWhatCannotBeComputed() {
    let text = "\(matmul(Tensor.zeros([2, 3]), Tensor.zeros([4, 5])))"
    #expect(
      text == "(not a value: matmul of [2, 3] and [4, 5]: the inner sizes must agree (3 ≠ 4).)")
  }

  @Test func debuggingShowsShapeAndType() {
    #expect(
      String(reflecting: Tensor([[1, 2]])) == "Tensor [1, 2] float32\n[[1.0, 2.0]]")
  }
}
