// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

@Suite("Shapes and types")
struct ShapeTests {
  @Test func printAsLists() {
    #expect(Shape([32, 784]).description == "[32, 784]")
    #expect(Shape.scalar.description == "[]")
    #expect(Shape([0]).description == "[0]")
    #expect(
      DType.allCases.map(\.description)
        == ["float32", "bfloat16", "float16", "int32", "uint8", "bool"])
  }

  @Test func countAndStride() {
    #expect(Shape.scalar.count == 1)
    #expect(Shape([2, 0, 3]).count == 0)
    #expect(Shape([2, 3, 4]).strides == [12, 4, 1])
    #expect(Shape([2, 3, 4])[-1] == 4)
    #expect(Shape([2, 3, 4])[0] == 2)
    #expect(Shape([1, 2]) != Shape([1, 2, 1]))
  }

  /// By the NumPy rule, written the slow way: right-aligned, missing axes are 1.
  private func naive(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    let x = [Int](repeating: 1, count: rank - a.count) + a
    let y = [Int](repeating: 1, count: rank - b.count) + b
    var result: [Int] = []
    for (i, j) in zip(x, y) {
      if i != j && i != 1 && j != 1 { return nil }
      result.append(i == 1 ? j : i)
    }
    return result
  }

  /// All shapes of up to three axes with sizes 0, 1, 2, 3.
  private var shapes: [[Int]] {
    var all: [[Int]] = [[]]
    for rank in 1...3 {
      for number in 0..<(1 << (2 * rank)) {
        all.append((0..<rank).map { number >> (2 * $0) & 3 })
      }
    }
    return all
  }

  @Test func broadcastByTheNumPyRule() {
    for a in shapes {
      for b in shapes {
        let met = Shape.broadcast(Shape(a), Shape(b))
        #expect(met?.dimensions == naive(a, b), "\(a) and \(b)")
        let fits = Shape(a).broadcasts(to: Shape(b))
        #expect(fits == (naive(a, b) == b && a.count <= b.count), "\(a) to \(b)")
      }
    }
  }

  @Test func operatorsBroadcastTheirOperands() throws {
    let a = Tensor([[1, 2, 3]])
    let b = Tensor([[10], [20]])
    #expect((a + b).shape == [2, 3])
    #expect(try values(a + b) == [11, 12, 13, 21, 22, 23])
    #expect(try values(maximum(b, a)) == [10, 10, 10, 20, 20, 20])
    #expect(try values(a .> 1.5) == [0, 1, 1])
    #expect((Tensor.zeros([0, 1]) + Tensor.zeros([1, 3])).shape == [0, 3])
    #expect(try values(select(a .> 2, a, b)) == [10, 10, 3, 20, 20, 3])
  }

  @Test func typesMeetByTheTable() {
    // The order of the columns: float32, bfloat16, float16, int32, uint8, bool.
    let (f, b, h, i, u, t) = (
      DType.float32, DType.bfloat16, DType.float16, DType.int32, DType.uint8, DType.bool
    )
    let table: [[DType]] = [
      [f, f, f, f, f, f],
      [f, b, f, b, b, b],
      [f, f, h, h, h, h],
      [f, b, h, i, i, i],
      [f, b, h, i, u, u],
      [f, b, h, i, u, t],
    ]
    for (row, x) in DType.allCases.enumerated() {
      for (column, y) in DType.allCases.enumerated() {
        #expect(DType.promoted(x, y) == table[row][column], "\(x) and \(y)")
      }
    }
  }

  @Test func numbersTakeTheTypeTheyMeet() {
    let whole = Tensor([1, 2] as [Int32])
    #expect((whole + 1).dtype == .int32)
    #expect((whole * 0.5).dtype == .float32)
    #expect((whole + 3e9).dtype == .float32)
    let narrow = Tensor([1.0, 2]).cast(to: .bfloat16)
    #expect((narrow * 0.1).dtype == .bfloat16)
    #expect((1 - narrow).dtype == .bfloat16)
    #expect((narrow + whole).dtype == .bfloat16)
    #expect((narrow + Tensor([1.0, 2])).dtype == .float32)
    #expect((narrow .< 1).dtype == .bool)
  }

  @Test func bytesAndTruthValuesAreCountedInInt32() throws {
    let bytes = Tensor([200, 100] as [UInt8])
    let truth = Tensor([true, true])
    #expect(try values(bytes + bytes) == [400, 200])
    #expect(try values(truth + truth) == [2, 2])
    #expect(try values(bytes + truth + bytes) == [401, 201])
    #expect(try values(bytes.sum()) == [300])
    #expect(try values(truth.sum()) == [2])
    #expect((-bytes).dtype == .int32)
    #expect(bytes.mean().dtype == .float32)
    #expect(try values(bytes.max()) == [200])
  }

  @Test func functionsWithFractionsMakeFloatsOfIntegers() throws {
    let whole = Tensor([0, 4] as [Int32])
    #expect(whole.squareRoot().dtype == .float32)
    #expect(try values(whole.squareRoot()) == [0, 2])
    #expect(power(whole, whole).dtype == .float32)
    #expect(try values(power(whole, 2)) == [0, 16])
    #expect(whole.relu().dtype == .int32)
    #expect(try values((whole - 3).relu()) == [0, 1])
    #expect(matmul(whole, whole).dtype == .int32)
    #expect(try values(matmul(whole, whole)) == [16])
  }

  @Test func resultShapesFollowTheRules() {
    let x = Tensor.zeros([2, 3, 4])
    #expect(x.sum().shape == [])
    #expect(x.sum(over: 0, 2).shape == [3])
    #expect(x.sum(over: -1, keepingAxes: true).shape == [2, 3, 1])
    #expect(x.transposed().shape == [2, 4, 3])
    #expect(x.permuted([2, 0, 1]).shape == [4, 2, 3])
    #expect(x.flattened().shape == [24])
    #expect(x.flattened(1).shape == [2, 12])
    #expect(x.flattened(0, 1).shape == [6, 4])
    #expect(x.reshaped(to: [-1, 8]).shape == [3, 8])
    #expect(x.expanded(at: 0).shape == [1, 2, 3, 4])
    #expect(x.expanded(at: -1).shape == [2, 3, 4, 1])
    #expect(x.expanded(at: 1).squeezed(at: 1).shape == [2, 3, 4])
    #expect(Tensor.zeros([1, 3, 1]).squeezed().shape == [3])
    #expect(x.argMax().shape == [2, 3])
    #expect(x.argMax(along: 0, keepingAxis: true).shape == [1, 3, 4])
    #expect(x.cumulativeSum(along: 1).shape == [2, 3, 4])
    #expect(x.split([1, 2], along: 1).map(\.shape) == [[2, 1, 4], [2, 2, 4]])
    #expect(x.split(into: 2, along: -1).map(\.shape) == [[2, 3, 2], [2, 3, 2]])
    #expect(stack([x, x], along: 1).shape == [2, 2, 3, 4])
    #expect(stack([x, x], along: -1).shape == [2, 3, 4, 2])
    #expect(matmul(x, Tensor.zeros([4, 5])).shape == [2, 3, 5])
    #expect(matmul(Tensor.zeros([3]), Tensor.zeros([3])).shape == [])
    #expect(matmul(Tensor.zeros([3]), Tensor.zeros([2, 3, 4])).shape == [2, 4])
    #expect(matmul(x, Tensor.zeros([4])).shape == [2, 3])
    #expect(matmul(Tensor.zeros([7, 1, 2, 3]), Tensor.zeros([5, 3, 4])).shape == [7, 5, 2, 4])
    #expect(matmul(Tensor.zeros([2, 0]), Tensor.zeros([0, 3])).shape == [2, 3])
    #expect(Tensor.eye(2, 3).shape == [2, 3])
    #expect(Tensor([1, 0] as [Int32]).oneHot(4).shape == [2, 4])
  }
}
