// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

@Suite("Convolution and windows: gradients by the reference")
struct SpaceGradientTests {
  private var twice: GradientCheck {
    var check = GradientCheck()
    check.order = 2
    check.everyCoordinateUpTo = 0
    return check
  }

  @Test(arguments: ConvolutionCase.small) func ofConvolutions(form: ConvolutionCase) throws {
    var generator = SeededGenerator(seed: 31)
    let (x, w) = form.operands(&generator)
    // Squared, so that the second derivatives of both operands take part.
    let report = try twice(at: [x, w]) { form.result($0[0], $0[1]).square() }
    #expect(report.passed, "\(form): \(report)")
  }

  @Test func ofTransposedConvolutions() throws {
    var generator = SeededGenerator(seed: 32)
    let form = ConvolutionCase(input: [1, 4, 3, 4], window: [3, 2, 2], outputs: 4)
    let x = form.operands(&generator).0
    for groups in [1, 2] {
      let w = ConvolutionCase(input: [1, 1, 1, 3], window: [3, 2], outputs: 4)
        .operands(&generator).1
      let report = try twice(at: [x, w]) {
        transposedConvolution(
          $0[0], $0[1], strides: [2, 3], padding: [(1, 0), (0, 1)], outputPadding: [1, 0],
          groups: groups
        ).square()
      }
      #expect(report.passed, "\(groups) groups: \(report)")
    }
  }

  @Test func ofWindows() throws {
    for form in PoolingCase.all {
      var generator = SeededGenerator(seed: 33)
      let x = form.operand(&generator)
      let sums = try twice(at: [x]) { form.sum($0[0]).square() }
      #expect(sums.passed, "sum of \(form): \(sums)")
      // Away from −∞, which empty windows have.
      let maxima = try twice(at: [x]) { maximum(form.max($0[0]), -9).square() }
      #expect(maxima.passed, "max of \(form): \(maxima)")
    }
  }

  @Test func aTransposedConvolutionIsTheAdjoint() throws {
    var generator = SeededGenerator(seed: 34)
    let form = ConvolutionCase(
      input: [2, 6, 7, 4], window: [3, 3], outputs: 6, strides: [2, 2],
      padding: [(1, 1), (0, 1)], groups: 2)
    let (x, w) = form.operands(&generator)
    let y = form.result(x, w)
    let g = Tensor.normal(y.shape, key: RandomKey(seed: 3))
    let back = transposedConvolution(
      g, w, strides: [2, 2], padding: [(1, 1), (0, 1)], outputPadding: [1, 1], groups: 2)
    #expect(back.shape == x.shape)
    let both = try Reference.evaluate([(y * g).sum(), (back * x).sum()])
    #expect(abs(both[0].elements[0] - both[1].elements[0]) < 1e-4)
  }
}

/// Windows to be tested.
struct PoolingCase: Sendable, CustomStringConvertible {
  let input: [Int]
  let window: [Int]
  var strides: [Int]?
  var padding: [(Int, Int)]?
  var dilation: [Int]?

  var description: String {
    "\(input) in \(window), strides \(strides ?? []), padding \(padding ?? []), dilation "
      + "\(dilation ?? [])"
  }

  func sum(_ x: Tensor) -> Tensor {
    x.windowSum(window, strides: strides, padding: padding, dilation: dilation)
  }

  func max(_ x: Tensor) -> Tensor {
    x.windowMax(window, strides: strides, padding: padding, dilation: dilation)
  }

  func operand(_ generator: inout SeededGenerator) -> Tensor {
    let shape = Shape(input)
    let elements = (0..<shape.count).map { _ in Double(Float(generator.number(-2...2))) }
    return ReferenceValue(shape, .float32, elements).tensor
  }

  static let all: [PoolingCase] = [
    .init(input: [2, 7, 3], window: [2]),
    .init(input: [1, 6, 6, 2], window: [2, 2]),
    .init(input: [2, 7, 5, 3], window: [2, 2]),
    .init(input: [1, 7, 6, 2], window: [3, 3], strides: [2, 2], padding: [(1, 1), (1, 1)]),
    .init(input: [1, 7, 6, 2], window: [3, 2], strides: [1, 1], padding: [(1, 1), (0, 1)]),
    .init(input: [1, 9, 8, 2], window: [2, 3], strides: [2, 1], dilation: [3, 2]),
    .init(input: [1, 4, 5, 6, 2], window: [2, 2, 3], strides: [2, 1, 2]),
    .init(input: [1, 3, 3, 2], window: [2, 2], padding: [(3, 1), (0, 4)]),
    .init(input: [1, 5, 4, 1], window: [1, 1], strides: [2, 2]),
    .init(input: [1, 5, 4, 1], window: [5, 4]),
  ]

  static let large: [PoolingCase] = [
    .init(input: [3, 12, 12, 70], window: [2, 2]),
    .init(input: [2, 13, 12, 130], window: [3, 3], strides: [2, 2], padding: [(1, 1), (1, 1)]),
    .init(input: [2, 20, 21, 5], window: [20, 21]),
    .init(input: [1, 15, 15, 33], window: [9, 9], strides: [1, 1]),
  ]
}

extension DeviceTests {
  @Suite("Convolution and windows") struct SpaceTests {
    /// The value, and the gradients of its sum of squares.
    private func results(_ form: ConvolutionCase, seed: UInt64) -> [Tensor] {
      var generator = SeededGenerator(seed: seed)
      let (x, w) = form.operands(&generator)
      let y = form.result(x, w)
      return [y] + gradient(of: y.square().sum(), at: [x, w])
    }

    @Test(arguments: Way.all) func convolutionsAreThoseOfTheReference(way: Way) throws {
      try way.use {
        for form in ConvolutionCase.all {
          let problem = try ProgramCheck.problem(results(form, seed: 35))
          #expect(problem == nil, "\(form): \(problem!)")
        }
      }
    }

    @Test func theWayChangesNoBitOfAConvolution() throws {
      for form in ConvolutionCase.all {
        var first: [ReferenceValue] = []
        for way in Way.all {
          let values = try way.use {
            let results = results(form, seed: 36)
            try evaluate(results)
            return try results.map { try ReferenceValue(of: $0) }
          }
          if first.isEmpty { first = values }
          for (value, expected) in zip(values, first) {
            let mismatch = Tolerance.exact.mismatch(of: value, from: expected)
            #expect(mismatch == nil, "\(form), \(way.testDescription): \(mismatch!)")
          }
        }
      }
    }

    @Test(arguments: Way.all) func exactConvolutionsAreChains(way: Way) throws {
      CPU.select(isExact: true)
      defer { CPU.select(isExact: false) }
      try way.use {
        for form in ConvolutionCase.transformed.dropLast() {
          let problem = try ProgramCheck.problem(results(form, seed: 39))
          #expect(problem == nil, "\(form): \(problem!)")
          // The tenth output, by its definition.
          var generator = SeededGenerator(seed: 39)
          let (x, w) = form.operands(&generator)
          let y = try form.result(x, w).array(of: Float.self)
          #expect(y[10] == chain(form, try x.array(of: Float.self), try w.array(of: Float.self)))
        }
      }
    }

    /// Output channel 10 of the first place.
    private func chain(_ form: ConvolutionCase, _ x: [Float], _ w: [Float]) -> Float {
      let (width, channels) = (form.input[2], form.input[3])
      let (up, left) = (form.padding?[0].0 ?? 0, form.padding?[1].0 ?? 0)
      var sum: Float = 0
      for tap in 0..<9 {
        let (row, column) = (tap / 3 - up, tap % 3 - left)
        guard row >= 0, column >= 0 else { continue }
        for c in 0..<channels {
          sum.addProduct(
            x[(row * width + column) * channels + c],
            w[(tap * channels + c) * form.outputs + 10])
        }
      }
      return sum
    }

    @Test(arguments: Way.all) func whatFollowsAConvolutionIsDoneWithIt(way: Way) throws {
      try way.use {
        var generator = SeededGenerator(seed: 37)
        for form in ConvolutionCase.large + ConvolutionCase.transformed {
          let (x, w) = form.operands(&generator)
          let y = form.result(x, w)
          let bias = Tensor.normal([form.outputs], key: RandomKey(seed: 4))
          let skip = Tensor.normal(y.shape, key: RandomKey(seed: 5))
          try evaluate([bias, skip])
          let problem = try ProgramCheck.problem([(y + bias).relu() + skip])
          #expect(problem == nil, "\(form): \(problem!)")
        }
      }
    }

    @Test(arguments: Way.all) func windowsAreThoseOfTheReference(way: Way) throws {
      try way.use {
        for form in PoolingCase.all + PoolingCase.large {
          var generator = SeededGenerator(seed: 38)
          let x = form.operand(&generator)
          let (sum, max) = (form.sum(x), form.max(x))
          let gradients = gradient(
            of: sum.square().sum() + maximum(max, -9).square().sum(), at: [x])
          let problem = try ProgramCheck.problem([sum, max] + gradients)
          #expect(problem == nil, "\(form): \(problem!)")
        }
      }
    }

    @Test func theFirstOfEqualElementsGetsTheGradient() throws {
      let x = Tensor([1.0, 3, 3, 2, 3, 3, 0, 0], shape: [1, 2, 4, 1])
      let y = x.windowMax([2, 2])
      let g = gradient(of: (y * Tensor([5.0, 7], shape: [1, 1, 2, 1])).sum(), at: [x])[0]
      #expect(try y.array(of: Float.self) == [3, 3])
      #expect(try g.array(of: Float.self) == [0, 5, 7, 0, 0, 0, 0, 0])
    }

    @Test func aNaNWinsAWindowAndGetsTheGradient() throws {
      let x = Tensor([1.0, .nan, 3, .nan], shape: [1, 4, 1])
      let g = gradient(of: x.windowMax([4]).sum(), at: [x])[0]
      #expect(try x.windowMax([4]).array(of: Float.self)[0].isNaN)
      #expect(try g.array(of: Float.self) == [0, 1, 0, 0])
    }

    @Test func aWindowOfPaddingIsEmpty() throws {
      let x = Tensor([1.0, 2], shape: [1, 2, 1])
      let padded = x.windowMax([1], strides: [1], padding: [(1, 1)])
      #expect(try padded.array(of: Float.self) == [-.infinity, 1, 2, -.infinity])
      let sums = x.windowSum([1], strides: [1], padding: [(1, 1)])
      #expect(try sums.array(of: Float.self) == [0, 1, 2, 0])
    }

    @Test func shapesThatDoNotFitAreErrors() throws {
      let x = Tensor.zeros([1, 4, 4, 3])
      let cases = [
        convolution(x, .zeros([3, 3, 2, 5])), convolution(x, .zeros([5, 3, 3, 5])),
        convolution(x, .zeros([3, 3, 5])), convolution(x, .zeros([3, 3, 3, 5]), strides: [0, 1]),
        convolution(x, .zeros([3, 3, 3, 4]), groups: 2),
        convolution(Tensor.zeros([4, 4]), .zeros([3, 3])), x.windowMax([5, 5]), x.windowSum([2]),
        transposedConvolution(x, .zeros([3, 3, 2, 4])),
        convolution(x, .zeros([2, 2, 3, 5]), strides: [-1, 1]),
        convolution(x, .zeros([2, 2, 3, 5]), dilation: [1, 0]),
        convolution(x, .zeros([2, 2, 3, 5]), dilation: [1, 1, 1]),
        convolution(x, .zeros([2, 2, 3, 5]), groups: 0),
        convolution(x, .zeros([2, 2, 3, 5]), groups: .max),
        convolution(x, .zeros([2, 2, 3, 5]), padding: [(-2, -1), (0, 0)]),
        convolution(x, .zeros([2, 2, 3, 5]), padding: [(.max, 0), (0, 0)]),
        convolution(x, .zeros([2, 2, 3, 5]), padding: [(0, 0), (0, .min)]),
        convolution(x, .zeros([2, 2, 3, 5]), padding: [(1, 1)]),
        transposedConvolution(x, .zeros([2, 2, 5, 3]), strides: [0, 1]),
        transposedConvolution(x, .zeros([2, 2, 5, 3]), dilation: [0, 1]),
        transposedConvolution(x, .zeros([2, 2, 5, 3]), groups: 2),
        transposedConvolution(x, .zeros([2, 2, 5, 3]), groups: 0),
        transposedConvolution(x, .zeros([2, 2, 5, 3]), padding: [(9, 0), (0, 0)]),
        x.windowMax([2, 2], strides: [0, 2]), x.windowSum([0, 2]), x.windowMax([2, -2]),
        x.windowSum([2, 2], padding: [(-1, 0), (0, 0)]), x.windowMax([2, 2], dilation: [4, 1]),
        x.windowSum([2, 2], dilation: [0, 1]), x.windowMax([2, 2], strides: [2]),
        x.windowSum([.max, 2]), x.cast(to: .int32).windowMax([2, 2]),
      ]
      for tensor in cases {
        #expect(throws: ShapeError.self) { try tensor.array(of: Float.self) }
        // What is computed from it is the same error, gradients too.
        let leaf = Tensor(1)
        let slope = gradient(of: (tensor.cast(to: .float32) * leaf).sum(), at: [leaf])[0]
        #expect(throws: ShapeError.self) { try slope.array() }
      }
      func rule(_ tensor: Tensor) -> String { tensor.failure?.rule ?? "none" }
      #expect(
        rule(convolution(x, .zeros([2, 2, 3, 5]), groups: 0)).contains("groups are at least 1"))
      #expect(rule(x.windowMax([2, 2], strides: [0, 2])).contains("the others at least 1"))
      let failure = try #require(convolution(x, .zeros([3, 3, 2, 5])).failure)
      #expect(failure.rule == "the kernel takes 2 × 1 channels, and the input has 3")
    }

    @Test func inputsWithoutElementsAreAllowed() throws {
      let none = Tensor.zeros([0, 5, 5, 3])
      let w = Tensor.zeros([3, 3, 3, 2])
      let y = convolution(none, w)
      #expect(y.shape == [0, 3, 3, 2])
      #expect(try y.array(of: Float.self).isEmpty)
      let g = gradient(of: y.sum(), at: [w])[0]
      #expect(try g.array(of: Float.self) == [Float](repeating: 0, count: 54))
      #expect(try none.windowMax([2, 2]).array(of: Float.self).isEmpty)
    }
  }
}
