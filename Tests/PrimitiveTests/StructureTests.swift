// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

/// Numbers −2 … 2 in a shape; whole ones if the type is.
private func numbers(
  _ shape: Shape, _ generator: inout SeededGenerator, _ dtype: DType = .float32
) -> Tensor {
  let elements = (0..<shape.count).map { _ in
    dtype.isFloatingPoint
      ? dtype.rounded(generator.number(-2...2)) : Double(generator.integer(0..<9))
  }
  return ReferenceValue(shape, dtype, elements.map { dtype == .bool ? ($0 > 4 ? 1 : 0) : $0 })
    .tensor
}

/// All lists of `count` sizes out of a few.
private func shapes(_ sizes: [Int], ranks: ClosedRange<Int>) -> [Shape] {
  ranks.flatMap { rank -> [Shape] in
    var all: [[Int]] = [[]]
    for _ in 0..<rank { all = all.flatMap { head in sizes.map { head + [$0] } } }
    return all.map { Shape($0) }
  }
}

extension DeviceTests {
  @Suite("Words that combine and move elements") struct Structure {
    @Test(arguments: Way.all) func reductionsOverAllAxes(way: Way) throws {
      try way.use {
        var generator = SeededGenerator(seed: 11)
        for shape in shapes([0, 1, 2, 9], ranks: 1...3) + [[2, 3, 4, 5], [3, 1, 5, 1, 4]] {
          let x = numbers(shape, &generator)
          let whole = numbers(shape, &generator, .int32)
          for bits in 1..<(1 << shape.rank) {
            let axes = AxisSet(bits: UInt8(bits))
            for reduction in Reduction.allCases {
              try expectReference(x.reduced(reduction, axes), "\(axes.axes)")
              try expectReference(whole.reduced(reduction, axes), "\(axes.axes)")
            }
          }
        }
      }
    }

    @Test(arguments: Way.all) func longReductions(way: Way) throws {
      try way.use {
        var generator = SeededGenerator(seed: 12)
        for shape: Shape in [
          [1000], [8192], [8193], [50_021], [65_536], [3, 20_000], [3, 9001], [20_000, 3],
          [600, 601], [2, 3000, 5], [70, 4, 300],
        ] {
          let x = numbers(shape, &generator)
          for axis in 0..<shape.rank {
            for reduction in Reduction.allCases {
              try expectReference(x.reduced(reduction, AxisSet([axis])))
              try expectReference(x.cast(to: .bfloat16).reduced(reduction, AxisSet([axis])))
            }
          }
          try expectReference(x.sum())
          try expectReference(x.max())
          try expectReference(x.cast(to: .int32).sum())
        }
      }
    }

    @Test func aNaNWinsEveryExtremum() throws {
      for size in [1, 2, 8, 17, 100, 9000] {
        for place in Set([0, size / 2, size - 1]) {
          var elements = [Float](repeating: 1, count: size)
          elements[place] = .nan
          let row = Tensor(elements)
          for x in [row.expanded(at: 0), row.expanded(at: 1), row.broadcast(to: [3, size])] {
            for axis in 0..<2 {
              try expectReference(x.max(over: axis))
              try expectReference(x.min(over: axis))
              try expectReference(x.argMax(along: axis))
              try expectReference(x.argMin(along: axis))
            }
          }
          try expectReference(row.argumentSort())
        }
      }
    }

    @Test(arguments: Way.all) func ordersAlongAxes(way: Way) throws {
      try way.use {
        var generator = SeededGenerator(seed: 13)
        for shape in shapes([1, 2, 9, 17], ranks: 1...3) + [[2, 1000], [1000, 2], [5000]] {
          for x in [
            numbers(shape, &generator), numbers(shape, &generator, .int32),
            numbers(shape, &generator, .bfloat16),
          ] {
            for axis in 0..<shape.rank {
              try expectReference(x.argMax(along: axis), "argMax along \(axis)")
              try expectReference(x.argMin(along: axis), "argMin along \(axis)")
              try expectReference(x.argumentSort(along: axis), "along \(axis)")
              try expectReference(x.argumentSort(along: axis, descending: true), "along \(axis)")
              try expectReference(x.cumulativeSum(along: axis), "along \(axis)")
              try expectReference(x.cumulativeSum(along: axis, reversed: true), "along \(axis)")
            }
          }
        }
      }
    }

    @Test func movementOfAllTypes() throws {
      var generator = SeededGenerator(seed: 14)
      for dtype in DType.allCases {
        for shape in shapes([0, 1, 3], ranks: 1...3) + [[4, 5, 6], [2, 3, 4, 5]] {
          let x = numbers(shape, &generator, dtype)
          let rank = shape.rank
          for bits in 1..<(1 << rank) {
            try expectReference(x.reversed(along: AxisSet(bits: UInt8(bits)).axes.first!))
          }
          try expectReference(x.permuted((0..<rank).map { ($0 + 1) % rank }))
          try expectReference(x.transposed(0, -1))
          try expectReference(x.flattened())
          try expectReference(x.expanded(at: 1))
          try expectReference(x.broadcast(to: Shape([2] + shape.dimensions)))
          try expectReference(concatenate([x, x, x], along: rank - 1))
          try expectReference(concatenate([x, x], along: 0))
          for step in 1...3 {
            for axis in 0..<rank where shape[axis] > 0 {
              try expectReference(x.sliced(along: axis, 0..<shape[axis], by: step))
              try expectReference(x.sliced(along: axis, (shape[axis] - 1)..<shape[axis], by: step))
            }
            let sizes = shape.dimensions.map { 2 + max(0, $0 - 1) * step + ($0 > 0 ? 1 : 0) }
            let window = Window(
              starts: [Int](repeating: 1, count: rank), steps: [Int](repeating: step, count: rank))
            try expectReference(Tensor(Node(.pad(window), Shape(sizes), dtype, x.node)))
          }
        }
      }
    }

    @Test func positionsOfAllTypes() throws {
      var generator = SeededGenerator(seed: 15)
      for dtype in DType.allCases {
        for shape: Shape in [[5], [5, 1], [3, 4], [2, 3, 4], [2, 1, 33], [40, 64]] {
          let x = numbers(shape, &generator, dtype)
          for axis in 0..<shape.rank {
            let size = shape[axis]
            for form: Shape in [[], [1], [7], [2, 3], [0]] {
              let list = (0..<form.count).map { _ in Int32(generator.integer(0..<size)) }
              try expectReference(x.gathered(Tensor(list, shape: form), along: axis))
            }
            let rows = (0..<size).map { _ in Int32(generator.integer(0..<4)) }
            try expectReference(x.scatterAdded(Tensor(rows), along: axis, size: 4))
            for count in [0, 1, 3] {
              let places = (0..<count).map { _ in Int32(generator.integer(0..<size)) }
              let values = numbers(shape.replacing(axis, with: count), &generator, dtype)
              try expectReference(x.replaced(at: Tensor(places), with: values, along: axis))
            }
          }
        }
      }
    }

    @Test func aPositionOutsideIsAnError() throws {
      let table = Tensor([1.0, 2, 3])
      for position in [3, -4, Int32.max, Int32.min] {
        let index = Tensor([0, position] as [Int32])
        let looked = table.gathered(index)
        #expect(throws: RuntimeError.self) { try looked.array(of: Float.self) }
        let added = Tensor([1.0, 2]).scatterAdded(index, size: 3)
        #expect(throws: RuntimeError.self) { try added.array(of: Float.self) }
        let put = table.replaced(at: index, with: Tensor([4.0, 5]))
        #expect(throws: RuntimeError.self) { try put.array(of: Float.self) }
      }
    }

    @Test(arguments: Way.all) func productsOfSmallMatrices(way: Way) throws {
      try way.use {
        var generator = SeededGenerator(seed: 16)
        let sizes = [1, 2, 3, 5, 8, 17]
        for m in sizes {
          for k in sizes + [0] {
            for n in sizes {
              let (a, b) = (numbers([m, k], &generator), numbers([k, n], &generator))
              try expectReference(matmul(a, b), "[\(m), \(k), \(n)]")
            }
          }
        }
      }
    }

    @Test(arguments: Way.all) func productsOfEveryLayout(way: Way) throws {
      try way.use {
        var generator = SeededGenerator(seed: 17)
        for (m, k, n): (Int, Int, Int) in [(5, 7, 9), (33, 65, 34), (130, 70, 257)] {
          for dtype in [DType.float32, .bfloat16] {
            let a = numbers([m, k], &generator, dtype), b = numbers([k, n], &generator, dtype)
            let at = numbers([k, m], &generator, dtype).transposed()
            let bt = numbers([n, k], &generator, dtype).transposed()
            let part = numbers([m + 3, 2 * k], &generator, dtype)[2..<(m + 2), 1..<(k + 1)]
            let stepped = numbers([k, 2 * n], &generator, dtype)[
              ..., stride(from: 0, to: 2 * n, by: 2)]
            for left in [a, at, part] {
              for right in [b, bt, stepped] { try expectReference(matmul(left, right)) }
            }
          }
        }
        let batched = numbers([3, 2, 9, 11], &generator)
        try expectReference(matmul(batched, numbers([11, 5], &generator)))
        try expectReference(matmul(batched, numbers([3, 2, 11, 4], &generator)))
        try expectReference(matmul(batched, numbers([2, 11, 4], &generator)))
        try expectReference(matmul(batched.transposed(0, 1), numbers([1, 3, 11, 4], &generator)))
        try expectReference(matmul(batched.transposed(), numbers([3, 2, 9, 4], &generator)))
      }
    }

    @Test(arguments: Way.all) func randomNumbersAreThoseOfTheReference(way: Way) throws {
      try way.use {
        for key in [RandomKey(seed: 1), RandomKey(seed: .max)] {
          for shape: Shape in [[1], [5], [33], [3, 7, 11], [50_000]] {
            try expectReference(Tensor.uniform(shape, key: key))
            try expectReference(Tensor.normal(shape, key: key))
            try expectReference(Tensor.permutation(shape[0], key: key))
          }
        }
      }
    }
  }
}
