// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting
import Testing

/// What an element-wise word is examined with: a row of the table.
///
/// The reference is the word's arm in the reference interpreter; how far a device may lie from it,
/// with the reason, is in `Comparison.swift`.
struct ElementwiseRow: Sendable, CustomTestStringConvertible {
  let name: String
  /// Where the operands' numbers are drawn from, one range for each operand.
  let domain: [ClosedRange<Double>]
  /// What the word is far from smooth at: numbers keep a distance of 0.05.
  var kinks: [Double] = []
  /// How often the word is differentiated; 0: the derivative is zero wherever it exists.
  var order = 2
  let body: @Sendable ([Tensor]) -> Tensor

  var testDescription: String { name }

  static let all: [ElementwiseRow] =
    Unary.allCases.map(\.row) + Binary.allCases.map(\.row) + Comparison.allCases.map(\.row)
    + choices

  private static let choices = [
    ElementwiseRow(name: "select", domain: [-1...1, -2...2, -2...2], kinks: [0]) {
      select($0[0] .> 0, $0[1], $0[2])
    },
    ElementwiseRow(name: "clamped", domain: [-2...2], kinks: [-1, 0.5]) {
      $0[0].clamped(-1, 0.5)
    },
  ]

  /// Numbers for each operand, away from the kinks.
  func operands(_ shape: Shape, _ generator: inout SeededGenerator) -> [Tensor] {
    domain.map { range in
      let numbers = (0..<shape.count).map { _ in
        while true {
          let x = generator.number(range)
          if !kinks.contains(where: { abs($0 - x) < 0.05 }) { return Float(x) }
        }
      }
      return Tensor(numbers, shape: shape)
    }
  }
}

extension Unary {
  /// The exam of this function.
  fileprivate var row: ElementwiseRow {
    let (domain, kinks, order): (ClosedRange<Double>, [Double], Int) =
      switch self {
      case .negate: (-100...100, [], 2)
      case .absolute: (-100...100, [0], 2)
      case .sign: (-2...2, [0], 0)
      case .floor, .ceil: (-3...3, [-3, -2, -1, 0, 1, 2, 3], 0)
      case .round: (-3...3, [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], 0)
      case .squareRoot, .reciprocalSquareRoot: (0.1...100, [], 2)
      case .reciprocal: (-10...10, [-0.1, -0.05, 0, 0.05, 0.1], 2)
      case .exp: (-20...20, [], 2)
      case .expm1: (-5...5, [], 2)
      case .log: (0.01...100, [], 2)
      case .log1p: (-0.9...100, [], 2)
      case .sin, .cos: (-20...20, [], 2)
      case .tanh, .erf, .sigmoid: (-6...6, [], 2)
      case .relu: (-2...2, [0], 2)
      }
    return ElementwiseRow(name: "\(self)", domain: [domain], kinks: kinks, order: order) {
      $0[0].unary(self)
    }
  }
}

extension Binary {
  /// The exam of this function.
  fileprivate var row: ElementwiseRow {
    let (first, second, order): (ClosedRange<Double>, ClosedRange<Double>, Int) =
      switch self {
      case .add, .subtract, .multiply: (-100...100, -100...100, 2)
      case .divide: (-100...100, 0.5...10, 2)
      case .power: (0.1...5, -3...3, 2)
      case .maximum, .minimum: (-2...2, -2...2, 2)
      case .remainder: (-20...20, 0.5...3, 1)
      }
    return ElementwiseRow(name: "\(self)", domain: [first, second], order: order) {
      Tensor.binary(self, $0[0], $0[1])
    }
  }
}

extension Comparison {
  /// The exam of this comparison.
  fileprivate var row: ElementwiseRow {
    ElementwiseRow(name: "\(self)", domain: [-2...2, -2...2], order: 0) {
      switch self {
      case .equal: $0[0] .== $0[1]
      case .less: $0[0] .< $0[1]
      case .lessOrEqual: $0[0] .<= $0[1]
      }
    }
  }
}

/// Numbers at which functions end, turn or overflow.
enum SpecialNumbers {
  static let floats: [Float] = [
    0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 1.5, 2.5, -1.5, 1e-3, -1e-3, 1e-20, -1e-20, 1e-30,
    2e-38, 1e20, -1e20, 3e38, -3e38, .infinity, -.infinity, .nan, 87, 88.7, 89, -87, -88, -104,
    10, -10, 0.1, 100, 1000, -1000, 8_388_607.5, 8_388_609, 16_777_216, -16_777_215, 2_147_483_520,
    -2_147_483_648, 4e9, .pi, -.pi, .pi / 2, 0.625, 0.7071068, 1.0000001, 0.99999994, -0.99999994,
    12_345.678, 65_504, 65_520, 6e-8, 3e-8, 127, 128, 255, 256, -129,
  ]

  static let integers: [Int32] = [
    0, 1, -1, 2, -2, 3, 7, -7, 100, 255, 256, -256, 65_536, 16_777_217, .max, .min, .max - 1,
    .min + 1, 46_341, -46_341,
  ]
}
