// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

@Suite("Products, and elements taken by rows")
struct ProductTests {
  @Test func isTheProductOfAllSizes() throws {
    for size in 0...9 {
      let numbers = (0..<size).map { Float($0) - 2.5 }
      let expected = numbers.reduce(1.0) { $0 * Double($1) }
      #expect(try values(Tensor(numbers).product()) == [expected], "\(size) elements")
    }
  }

  @Test func goesOverTheAxesThatAreNamed() throws {
    let x = Tensor((1...6).map(Float.init), shape: [2, 3])
    #expect(try values(x.product()) == [720])
    #expect(try values(x.product(over: 0)) == [4, 10, 18])
    #expect(try values(x.product(over: -1)) == [6, 120])
    #expect(x.product(over: 1, keepingAxes: true).shape == [2, 1])
    #expect(x.product(over: 0, 1).shape == [])
    #expect(Tensor.ones([2], dtype: .bool).product().dtype == .int32)
    #expect(Tensor.ones([2], dtype: .bfloat16).product().dtype == .bfloat16)
    #expect(
      x.product(over: 2).failure?.description
        == "product of [2, 3]: axes [2] must be different and among the 2 axes.")
  }

  /// Zeros are where the quotient rule would divide by zero.
  @Test func hasAGradientAtZero() throws {
    let x = Tensor([[2, 0, 3], [0, 0, 5]])
    let slope = gradient(of: x.product(over: 1).sum(), at: [x])[0]
    #expect(try values(slope) == [0, 6, 0, 0, 0, 0])
    var check = GradientCheck()
    check.order = 2
    for axes in [[0], [1], [0, 1]] {
      let report = try check(at: [Tensor([[0.5, -1.5, 2], [1, 0.3, -0.7], [2, 2, 0.1]])]) {
        axes.count == 1 ? $0[0].product(over: axes[0]) : $0[0].product()
      }
      #expect(report.passed, "over \(axes): \(report)")
    }
  }

  @Test func takesAsManyAsThereAreIndices() throws {
    let x = Tensor((0..<12).map(Float.init), shape: [3, 4])
    let columns = Tensor([0, 3, 2, 2, 1, 0] as [Int32], shape: [3, 2])
    #expect(try values(x.taken(columns)) == [0, 3, 6, 6, 9, 8])
    let rows = Tensor([2, 0, 1, 1] as [Int32], shape: [1, 4])
    #expect(try values(x.taken(rows, along: 0)) == [8, 1, 6, 7])
    let order = x.argumentSort(along: 1, descending: true)
    #expect(try values(x.taken(order)) == [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8])
    let report = try GradientCheck()(at: [x]) { ($0[0].square()).taken(columns) }
    #expect(report.passed, "\(report)")
    #expect(x.taken(Tensor([0] as [Int32])).failure != nil)
  }
}
