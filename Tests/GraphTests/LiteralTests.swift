// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import Testing

@Suite("Tensors from literals")
struct LiteralTests {
  @Test func listsBecomeAxes() throws {
    let vector: Tensor = [1, 2.5, -3]
    #expect(vector.shape == [3] && vector.dtype == .float32)
    #expect(try values(vector) == [1, 2.5, -3])
    let matrix: Tensor = [[1, 2, 3], [4, 5, 6]]
    #expect(matrix.shape == [2, 3])
    #expect(try values(matrix) == [1, 2, 3, 4, 5, 6])
    let deep: Tensor = [[[1], [2]], [[3], [4]]]
    #expect(deep.shape == [2, 2, 1])
    let truths: Tensor = [[true, false]]
    #expect(truths.shape == [1, 2] && truths.dtype == .bool)
    let nothing: Tensor = []
    #expect(nothing.shape == [0])
    let rows: Tensor = [[], []]
    #expect(rows.shape == [2, 0])
  }

  @Test func literalsMeetTensors() throws {
    let x = Tensor([1, 2])
    #expect(try values(x + [10, 20]) == [11, 22])
    #expect(try values(stack([x, [3, 4]])) == [1, 2, 3, 4])
  }

  @Test func unequalListsSayWhy() {
    let ragged: Tensor = [[1, 2], [3]]
    #expect(
      ragged.failure?.description
        == "Tensor literal: all lists at one depth must be equally long, and at most 8 deep.")
    let uneven: Tensor = [1, [2]]
    #expect(uneven.failure != nil)
    let mixed: Tensor = [1, true]
    #expect(
      mixed.failure?.description
        == "Tensor literal: numbers and truth values cannot stand in one tensor.")
  }
}
