// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

@Suite("What shape errors say")
struct ErrorTextTests {
  let x = Tensor.zeros([2, 3])

  private func text(_ tensor: Tensor) -> String { tensor.failure?.description ?? "no failure" }

  @Test func matmul() {
    let a = Tensor.zeros([32, 784])
    #expect(
      text(BackpropGraph.matmul(a, Tensor.zeros([512, 128])))
        == "matmul of [32, 784] and [512, 128]: the inner sizes must agree (784 ≠ 512).")
    #expect(
      text(BackpropGraph.matmul(Tensor(1), x))
        == "matmul of [] and [2, 3]: both operands need at least one axis.")
    #expect(
      text(BackpropGraph.matmul(Tensor.zeros([2, 4, 3]), Tensor.zeros([3, 3, 5])))
        == "matmul of [2, 4, 3] and [3, 3, 5]: the batch axes [2] and [3] must agree or be 1.")
  }

  @Test func broadcasting() {
    #expect(
      text(x + Tensor.zeros([2]))
        == """
        add of [2, 3] and [2]: axes are matched from the last; each pair must be equal or one of \
        them 1.
          hint: reshape or broadcast one operand so that the axes line up
        """)
    #expect(text(x .< Tensor.zeros([4])).hasPrefix("less of [2, 3] and [4]: axes are matched"))
    #expect(
      text(x.broadcast(to: [3, 3]))
        == """
        broadcast of [2, 3]: the shape cannot be repeated to [3, 3].
          hint: only axes of size 1 and new leading axes repeat
        """)
    #expect(
      text(select(Tensor([true, false]), x, x))
        == "select of [2] and [2, 3] and [2, 3]: "
        + "the mask and both choices must broadcast to one shape.")
  }

  @Test func movement() {
    #expect(
      text(x.reshaped(to: [4, -1]))
        == """
        reshape of [2, 3]: 6 elements cannot take the shape [4, 1].
          hint: the sizes must multiply to 6
        """)
    #expect(
      text(x.reshaped(to: [7] as Shape))
        == "reshape of [2, 3]: 6 elements cannot take the shape [7].")
    #expect(
      text(x.permuted([0, 0])) == "permute of [2, 3]: [0, 0] is not an order of the axes 0 ..< 2.")
    #expect(
      text(x.transposed(0, 2))
        == "transpose of [2, 3]: axes 0 and 2 must be among the 2 axes.")
    #expect(text(x.squeezed(at: 0)) == "squeeze of [2, 3]: axis 0 does not have size 1.")
    #expect(text(x.expanded(at: 4)) == "expand of [2, 3]: no place 4 for a new axis among 2.")
    #expect(text(x.flattened(1, 0)) == "flatten of [2, 3]: no axes 1 to 0 among 2.")
    #expect(text(x.reversed(along: 2)) == "reverse of [2, 3]: no axes [2].")
    #expect(
      text(x.sliced(along: 1, 1..<5, by: 2))
        == "slice of [2, 3]: 1..<5 by 2 is not within axis 1.")
    #expect(
      text(x.padded([(1, 1)]))
        == "pad of [2, 3]: 1 pairs of padding for 2 axes; none may be negative.")
    #expect(
      text(x.split([1, 1], along: 1)[0])
        == "split of [2, 3]: the sizes [1, 1] must add up to axis 1.")
    #expect(
      text(x.split(into: 2, along: 1)[1])
        == "split of [2, 3]: axis 1 cannot be cut into 2 equal parts.")
    #expect(
      text(concatenate([x, Tensor.zeros([3, 3])], along: 1))
        == "concatenate of [2, 3] and [3, 3]: shapes must agree in all axes but axis 1.")
    #expect(text(concatenate([])) == "concatenate: no tensors.")
  }

  @Test func reductions() {
    #expect(
      text(x.sum(over: 2)) == "sum of [2, 3]: axes [2] must be different and among the 2 axes.")
    #expect(
      text(x.mean(over: 1, -1))
        == "mean of [2, 3]: axes [1, -1] must be different and among the 2 axes.")
    #expect(
      text(Tensor.zeros([0, 3]).argMax(along: 0))
        == "argMax of [0, 3]: axis 0 must exist and not be empty.")
    #expect(text(x.cumulativeSum(along: 5)) == "cumulativeSum of [2, 3]: no axis 5.")
    #expect(text(x.argumentSort(along: 5)) == "argumentSort of [2, 3]: no axis 5.")
    #expect(
      text(x.softmax(along: 4))
        == "softmax of [2, 3]: axis 4 must exist and float32 be floating-point.")
  }

  @Test func indexing() {
    #expect(text(x[2]) == "index of [2, 3]: 2 is outside axis 0, which has 2 elements.")
    #expect(text(x[0, -4]) == "index of [2, 3]: -4 is outside axis 1, which has 3 elements.")
    #expect(text(x[0, 1..<4]).hasPrefix("index of [2, 3]: 1..<4 by 1 is outside axis"))
    #expect(
      text(x[0, stride(from: 3, through: 0, by: -1)])
        == "index of [2, 3]: 3 is outside axis 1, which has 3 elements.")
    #expect(text(x[0, 0, 0]) == "index of [2, 3]: 3 indices for 2 axes.")
    #expect(
      text(x[AxisIndex.ellipsis, AxisIndex.ellipsis])
        == "index of [2, 3]: only one ellipsis may be used.")
    #expect(
      text(x.gathered(Tensor([0.5])))
        == "gather of [2, 3] and [1]: axis 0 must exist, and indices must be integers, not float32."
    )
    #expect(
      text(x.scatterAdded(Tensor([0] as [Int32]), along: 0, size: 4))
        == "scatterAdd of [2, 3] and [1]: the axes from 0 on must be those of the indices.")
    #expect(
      text(x.taken(Tensor([0] as [Int32])))
        == "take of [2, 3] and [1]: indices must be integers and have the shape without axis -1, or "
        + "with another size there.")
  }

  @Test func einsums() {
    func problem(_ formula: String, _ operands: Tensor...) -> String {
      einsum(formula, operands).failure?.rule ?? "none"
    }
    #expect(problem("ij,jk->ik", x) == "\"ij,jk->ik\" names 2 operands; 1 were given")
    #expect(problem("i.->i", x) == "\".\" in \"i.->i\" is not a letter")
    #expect(problem("ijk->i", x) == "\"ijk\" names 3 axes of an operand with 2")
    #expect(problem("ij->ii", x) == "the letters after -> must differ and occur before it")
    #expect(problem("ij->k", x) == "the letters after -> must differ and occur before it")
    #expect(problem("ij,ji->i", x, x) == "axis j is 3 in one place and 2 in another")
    #expect(problem("ii->i", x) == "axis i is 2 in one place and 3 in another")
  }

  @Test func leaves() {
    #expect(
      text(Tensor([1.0, 2, 3], shape: [2, 2]))
        == "Tensor(elements): 3 elements cannot fill the shape [2, 2], which has 4.")
    #expect(
      text(Tensor([[1, 2], [3]]))
        == "Tensor(rows): rows have [2, 1] elements; they must be equally long.")
    #expect(
      text(gradient(of: x, at: [x])[0])
        == """
        gradient of [2, 3]: only a floating-point tensor with one element has a gradient.
          hint: reduce it first, for example with mean()
        """)
  }

  @Test func theFirstFailureTravelsOn() {
    let broken = x[7]
    let made = (broken.exp() + x).sum() * 2
    #expect(text(made) == text(broken))
    #expect(text(BackpropGraph.matmul(x, broken)) == text(broken))
    #expect(text(concatenate([x, broken])) == text(broken))
    #expect(text(broken.softmax()) == text(broken))
    #expect(text(gradient(of: made, at: [x])[0]) == text(broken))
    #expect(gradient(of: made, at: [x])[0].shape == x.shape)
    #expect(throws: ShapeError.self) { try Reference.evaluate(made) }
  }

  @Test func thePathInTheModelIsNamed() {
    let tensor = ModelPath.within("body") { ModelPath.within("2") { x[7] } }
    #expect(
      text(tensor)
        == """
        index of [2, 3]: 7 is outside axis 0, which has 2 elements.
          in body.2
        """)
    #expect(x[7].failure?.path == "")
  }
}
