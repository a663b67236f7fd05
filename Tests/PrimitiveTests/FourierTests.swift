// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import BackpropTesting
import Testing

extension DeviceTests {
  @Suite("Fourier transforms") struct Fourier {
    private static func numbers(_ shape: Shape, _ seed: UInt64 = 1) -> Tensor {
      .normal(shape, key: RandomKey(seed: seed))
    }

    /// Factors 2 to 13 and their products, primes, and lengths on both sides of where rows are split.
    private static let lengths = [
      1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 19, 20, 25, 31, 49, 60, 64, 97, 100, 121,
      143,
      169, 200, 256, 257, 400, 480, 481, 486, 509, 512, 700,
    ]

    @Test(arguments: lengths) func areThoseOfTheReference(length: Int) throws {
      let x = Self.numbers([19, length, 2], UInt64(length))
      try evaluate(x)
      var bits = [[UInt32]](repeating: [], count: 4)
      for way in Way.all {
        try way.use {
          let (real, pairs) = (x[..., 0] + 0, x.sliced(along: 1, 0..<(length / 2 + 1)) + 0)
          let all = [
            x.fourierTransform(), x.inverseFourierTransform(), real.realFourierTransform(),
            pairs.inverseRealFourierTransform(count: length),
          ]
          for (number, y) in all.enumerated() {
            let actual = try computed(y)
            let found = try y.array().map(\.bitPattern)
            if bits[number].isEmpty { bits[number] = found }
            #expect(bits[number] == found, "other bits by \(way.name)")
            let expected = try Reference.evaluate(y, rounding: false)
            try Self.expectClose(actual, expected, length, way.name)
          }
        }
      }
    }

    /// A length that the reference would take too long for: a few numbers by the definition.
    @Test(arguments: [1024, 2310, 4093, 4096]) func longRowsAreRightToo(length: Int) throws {
      let x = Self.numbers([3, length, 2], UInt64(length))
      try evaluate(x)
      // The transform's row k is a product with roots of unity, which the reference can do alone.
      let places = [0, 1, length / 2, length - 1]
      let y = try computed(x.fourierTransform())
      let values = try ReferenceValue(of: x)
      for row in 0..<3 {
        for k in places {
          var sum = (re: 0.0, im: 0.0)
          for j in 0..<length {
            let (c, s) = Self.root(j * k % length, length)
            let place = (row * length + j) * 2
            sum.re += values.elements[place] * c + values.elements[place + 1] * s
            sum.im += values.elements[place + 1] * c - values.elements[place] * s
          }
          let place = (row * length + k) * 2
          let size = Double(2 * length).squareRoot()
          let error = max(abs(y.elements[place] - sum.re), abs(y.elements[place + 1] - sum.im))
          #expect(error < size * Self.allowed(length), "\(error) at \(k) of \(length)")
        }
      }
    }

    private static func root(_ k: Int, _ n: Int) -> (Double, Double) {
      let x = 2 * Double(k) / Double(n)
      return (HostMath.cosinePi(x), HostMath.sinePi(x))
    }

    /// The error of an element as a share of the typical size of the row: a few units in the last
    /// place for each doubling.
    private static func allowed(_ length: Int) -> Double {
      var (doublings, reach) = (1.0, 1)
      while reach < length { (doublings, reach) = (doublings + 1, reach * 2) }
      return 1.5 * 0x1p-23 * doublings
    }

    private static func expectClose(
      _ actual: ReferenceValue, _ expected: ReferenceValue, _ length: Int, _ what: String
    ) throws {
      let squares = expected.elements.reduce(0) { $0 + $1 * $1 }
      let size = (squares / Double(expected.elements.count)).squareRoot()
      let worst = zip(actual.elements, expected.elements).map { abs($0 - $1) }.max() ?? 0
      #expect(
        worst <= size * allowed(length), "\(worst) off where the size is \(size), by \(what)")
    }

    @Test(arguments: [48, 97, 600]) func aRowsBitsAreItsOwn(length: Int) throws {
      let x = Self.numbers([33, length, 2])
      let all = try x.fourierTransform().array()
      let reals = try x[..., 0].realFourierTransform().array()
      for row in [0, 15, 16, 32] {
        let alone = try x[row].fourierTransform().array()
        #expect(Array(all[(row * 2 * length)...].prefix(2 * length)) == alone)
        let real = try x[row, ..., 0].realFourierTransform().array()
        #expect(Array(reals[(row * real.count)...].prefix(real.count)) == real)
      }
    }

    @Test func gradientsOfGradientsAgreeWithDifferences() throws {
      var check = GradientCheck()
      check.order = 2
      for length in [1, 2, 5, 6] {
        let z = Self.numbers([2, length, 2])
        let half = Self.numbers([2, length / 2 + 1, 2], 2)
        let x = Self.numbers([2, length], 3)
        try evaluate(z, half, x)
        let reports = [
          try check(at: [z]) { $0[0].fourierTransform().square() },
          try check(at: [z]) { $0[0].inverseFourierTransform().square() },
          try check(at: [x]) { $0[0].realFourierTransform().square() },
          try check(at: [half]) { $0[0].inverseRealFourierTransform(count: length).square() },
        ]
        for report in reports { #expect(report.passed, "\(length): \(report)") }
      }
    }

    @Test func framesAreTakenAndAddedBack() throws {
      let x = Tensor((0..<10).map { Float($0) }, shape: [1, 10])
      let frames = x.frames(length: 4, hop: 3)
      #expect(frames.shape == [1, 3, 4])
      #expect(try frames.array() == [0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9])
      let sum = frames.overlapAdded(hop: 3)
      #expect(try sum.array() == [0, 1, 2, 6, 4, 5, 12, 7, 8, 9])
      // Gaps between frames stay zero, and the axis may be any.
      let apart = x.transposed().frames(length: 2, hop: 4, along: 0)
      #expect(apart.shape == [3, 2, 1])
      #expect(try apart.array() == [0, 1, 4, 5, 8, 9])
      #expect(
        try apart.overlapAdded(hop: 4, along: 0).array() == [0, 1, 0, 0, 4, 5, 0, 0, 8, 9])
      var check = GradientCheck()
      check.order = 2
      for (length, hop) in [(4, 2), (4, 3), (2, 4), (3, 3)] {
        let report = try check(at: [x]) {
          $0[0].frames(length: length, hop: hop).square().overlapAdded(hop: hop).square()
        }
        #expect(report.passed, "\(length), \(hop): \(report)")
      }
    }

    @Test func misfitsAreErrors() {
      let x = Tensor.zeros([3, 4])
      let cases = [
        (x.fourierTransform(), "complex numbers are […, n, 2]"),
        (Tensor.zeros([3, 0, 2]).fourierTransform(), "n from 1 on"),
        (Tensor.zeros([3, 0]).realFourierTransform(), "at least one element"),
        (Tensor.zeros([3, 2]).inverseRealFourierTransform(count: 7), "is […, 4, 2]"),
        (x.frames(length: 5, hop: 1), "do not fit axis -1"),
        (x.frames(length: 2, hop: 0), "0 apart"),
        (Tensor.zeros([3]).overlapAdded(hop: 1), "frames lie along axis"),
        (x.shortTimeFourierTransform(ShortTimeFourier(length: 8)), "frames of 8 do not fit"),
        (x.cosineTransform(count: 5), "no 5 numbers"),
        (
          Tensor.zeros([2, 5, 2]).inverseShortTimeFourierTransform(ShortTimeFourier(length: 4)),
          "[…, frames, 3, 2]"
        ),
        (
          Tensor.zeros([2, 3, 2])
            .inverseShortTimeFourierTransform(
              ShortTimeFourier(length: 4, hop: 4, isCentered: false)), "leave elements out"
        ),
        (
          Tensor.zeros([2, 3, 2])
            .inverseShortTimeFourierTransform(ShortTimeFourier(length: 4, hop: 1), count: 9),
          "do not cover 9 elements"
        ),
      ]
      for (tensor, part) in cases {
        let text = tensor.failure?.description ?? "no error"
        #expect(text.contains(part), "\(text)")
      }
    }

    @Test func noRowsAreNoWork() throws {
      #expect(try Tensor.zeros([0, 4, 2]).fourierTransform().array().isEmpty)
      #expect(try Tensor.zeros([0, 6]).realFourierTransform().array().isEmpty)
    }
  }
}
