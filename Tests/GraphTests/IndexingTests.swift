// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

/// Brackets against lists of positions: for each axis the positions that an entry stands for.
@Suite("Indexing")
struct IndexingTests {
  /// The elements of [4, 3, 5] are their own positions.
  let x = Tensor((0..<60).map(Float.init), shape: [4, 3, 5])

  /// The elements at all combinations of positions, in order.
  private func naive(_ a: [Int], _ b: [Int], _ c: [Int]) -> [Double] {
    a.flatMap { i in b.flatMap { j in c.map { k in Double(i * 15 + j * 5 + k) } } }
  }

  private func expect(
    _ tensor: Tensor, _ shape: Shape, _ elements: [Double],
    at location: SourceLocation = #_sourceLocation
  ) throws {
    #expect(tensor.failure == nil, sourceLocation: location)
    #expect(tensor.shape == shape, sourceLocation: location)
    #expect(try values(tensor) == elements, sourceLocation: location)
  }

  let rows = [0, 1, 2, 3]
  let middle = [0, 1, 2]
  let last = [0, 1, 2, 3, 4]

  @Test func positions() throws {
    try expect(x[1], [3, 5], naive([1], middle, last))
    try expect(x[-1], [3, 5], naive([3], middle, last))
    try expect(x[1, 2], [5], naive([1], [2], last))
    try expect(x[1, 2, -5], [], naive([1], [2], [0]))
  }

  @Test func ranges() throws {
    try expect(x[1..<3], [2, 3, 5], naive([1, 2], middle, last))
    try expect(x[1...2], [2, 3, 5], naive([1, 2], middle, last))
    try expect(x[2...], [2, 3, 5], naive([2, 3], middle, last))
    try expect(x[..<2], [2, 3, 5], naive([0, 1], middle, last))
    try expect(x[...2], [3, 3, 5], naive([0, 1, 2], middle, last))
    try expect(x[2..<2], [0, 3, 5], [])
    try expect(x[0, 1..<3, 2...], [2, 3], naive([0], [1, 2], [2, 3, 4]))
    try expect(x[AxisIndex.all, 1], [4, 5], naive(rows, [1], last))
  }

  @Test func positionsFromTheEnd() throws {
    try expect(x[(-2)...], [2, 3, 5], naive([2, 3], middle, last))
    try expect(x[..<(-1)], [3, 3, 5], naive([0, 1, 2], middle, last))
    try expect(x[...(-1)], [4, 3, 5], naive(rows, middle, last))
    try expect(x[...(-2)], [3, 3, 5], naive([0, 1, 2], middle, last))
    try expect(x[(-3)...(-1)], [3, 3, 5], naive([1, 2, 3], middle, last))
    try expect(x[(-3)..<(-1)], [2, 3, 5], naive([1, 2], middle, last))
    try expect(x[1...(-1 + 3)], [2, 3, 5], naive([1, 2], middle, last))
  }

  @Test func strides() throws {
    let even = stride(from: 0, to: 5, by: 2)
    try expect(x[..., even], [4, 3, 3], naive(rows, middle, [0, 2, 4]))
    try expect(x[..., stride(from: 1, through: 3, by: 2)], [4, 3, 2], naive(rows, middle, [1, 3]))
    try expect(
      x[..., stride(from: 4, through: 0, by: -2)], [4, 3, 3], naive(rows, middle, [4, 2, 0]))
    try expect(
      x[..., stride(from: -3, through: -1, by: 1)], [4, 3, 3], naive(rows, middle, [2, 3, 4]))
    try expect(
      x[..., stride(from: -1, to: 2, by: 1)], [4, 3, 3], naive(rows, middle, [4, 0, 1]))
    try expect(
      x[..., stride(from: -1, through: -5, by: -2)], [4, 3, 3], naive(rows, middle, [4, 2, 0]))
    try expect(x[AxisIndex.positions([2, -1, 2])], [3, 3, 5], naive([2, 3, 2], middle, last))
    try expect(x[stride(from: 3, to: 3, by: 1)], [0, 3, 5], [])
    try expect(
      x[AxisIndex.range(1, nil, by: 2), 0], [2, 5], naive([1, 3], [0], last))
  }

  @Test func ellipsesAndNewAxes() throws {
    try expect(x[..., 2], [4, 3], naive(rows, middle, [2]))
    try expect(x[1, ..., 2], [3], naive([1], middle, [2]))
    try expect(x[..., 1, 1..<3], [4, 2], naive(rows, [1], [1, 2]))
    try expect(x[AxisIndex.newAxis], [1, 4, 3, 5], naive(rows, middle, last))
    try expect(x[..., AxisIndex.newAxis], [4, 3, 5, 1], naive(rows, middle, last))
    try expect(x[0, AxisIndex.newAxis, 1...2], [1, 2, 5], naive([0], [1, 2], last))
    try expect(x[0, ..., AxisIndex.newAxis, 2], [3, 1], naive([0], middle, [2]))
    try expect(x[..., 0, 0, 0], [], [0])
  }

  @Test func tensorsOfPositions() throws {
    let some = Tensor([3, 0, 2] as [Int32])
    try expect(x[some], [3, 3, 5], naive([3, 0, 2], middle, last))
    try expect(x[..., some], [4, 3, 3], naive(rows, middle, [3, 0, 2]))
    try expect(x[1, some[1...]], [2, 5], naive([1], [0, 2], last))
    let grid = Tensor([0, 1, 2, 0] as [Int32], shape: [2, 2])
    try expect(x[AxisIndex.all, grid, 1], [4, 2, 2], naive(rows, [0, 1, 2, 0], [1]))
    try expect(x[Tensor(2).cast(to: .int32)], [3, 5], naive([2], middle, last))
  }

  @Test func takingOnePerPlace() throws {
    let matrix = x[0]
    let labels = Tensor([4, 0, 2] as [Int32])
    try expect(matrix.taken(labels), [3], [4, 5, 12])
    try expect(matrix.taken(Tensor([2, 1, 0, 0, 2] as [Int32]), along: 0), [5], [10, 6, 2, 3, 14])
    try expect(labels.oneHot(5).sum(over: 0), [5], [1, 0, 1, 0, 1])
  }

  @Test func everyFormHasAGradient() throws {
    let some = Tensor([3, 0, 2, 3] as [Int32])
    let report = try GradientCheck()(at: [x / 60]) { leaves in
      let y = leaves[0]
      return y[1].sum() * y[..., 2].sum() + y[1..., AxisIndex.newAxis, 0].exp().sum()
        + (y[some] * y).sum() + y[..., stride(from: 4, to: 0, by: -2)].square().sum()
        + y[0, ..., stride(from: 0, to: 5, by: 2)].square().sum()
    }
    try report.requireAgreement()
  }
}
