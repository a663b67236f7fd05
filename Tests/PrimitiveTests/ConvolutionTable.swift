// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting

/// A convolution to be tested.
struct ConvolutionCase: Sendable, CustomStringConvertible {
  let input: [Int]
  let window: [Int]
  let outputs: Int
  var strides: [Int]?
  var padding: [(Int, Int)]?
  var dilation: [Int]?
  var groups = 1

  var description: String {
    "\(input) by \(window) to \(outputs), strides \(strides ?? []), padding \(padding ?? []), "
      + "dilation \(dilation ?? []), \(groups) groups"
  }

  func result(_ x: Tensor, _ kernel: Tensor) -> Tensor {
    convolution(
      x, kernel, strides: strides, padding: padding, dilation: dilation, groups: groups)
  }

  /// An input and a kernel of numbers between −1 and 1.
  func operands(_ generator: inout SeededGenerator) -> (Tensor, Tensor) {
    let channels = input[input.count - 1] / groups
    return (
      random(Shape(input), &generator), random(Shape(window + [channels, outputs]), &generator)
    )
  }

  private func random(_ shape: Shape, _ generator: inout SeededGenerator) -> Tensor {
    let elements = (0..<shape.count).map { _ in Double(Float(generator.number(-1...1))) }
    return ReferenceValue(shape, .float32, elements).tensor
  }

  static var all: [ConvolutionCase] { small + large + transformed }

  /// Small ones of every kind.
  static let small: [ConvolutionCase] = [
    .init(input: [1, 1, 1], window: [1], outputs: 1),
    .init(input: [2, 7, 3], window: [3], outputs: 4),
    .init(input: [2, 7, 3], window: [3], outputs: 4, padding: [(2, 0)]),
    .init(input: [1, 9, 2], window: [2], outputs: 3, strides: [3], padding: [(1, 2)]),
    .init(input: [2, 5, 6, 2], window: [3, 2], outputs: 3),
    .init(input: [2, 5, 6, 2], window: [3, 3], outputs: 3, padding: [(1, 1), (1, 1)]),
    .init(
      input: [1, 7, 6, 3], window: [3, 3], outputs: 2, strides: [2, 2], padding: [(1, 1), (1, 0)]),
    .init(input: [1, 8, 8, 2], window: [2, 3], outputs: 2, strides: [3, 1], dilation: [2, 3]),
    .init(
      input: [2, 6, 5, 4], window: [3, 3], outputs: 6, padding: [(1, 1), (1, 1)], groups: 2),
    .init(
      input: [2, 6, 5, 4], window: [3, 3], outputs: 4, strides: [2, 1], padding: [(1, 1), (0, 1)],
      groups: 4),
    .init(input: [1, 4, 5, 3], window: [2, 2], outputs: 6, groups: 3),
    .init(
      input: [1, 3, 4, 3, 2], window: [2, 3, 2], outputs: 3, padding: [(1, 0), (1, 1), (0, 1)]),
    .init(input: [1, 5, 4, 5, 2], window: [2, 2, 3], outputs: 2, strides: [2, 1, 2], groups: 2),
    // Padding larger than the kernel, a kernel larger than the input, rows cut off.
    .init(input: [1, 3, 3, 2], window: [2, 2], outputs: 2, padding: [(3, 3), (4, 2)]),
    .init(input: [1, 3, 2, 2], window: [5, 5], outputs: 2, padding: [(2, 2), (2, 2)]),
    .init(input: [1, 6, 7, 2], window: [2, 3], outputs: 2, padding: [(-1, 0), (1, -2)]),
    .init(input: [1, 5, 5, 1], window: [1, 1], outputs: 2, strides: [2, 3]),
  ]

  /// Wide enough for whole vectors, panels, tiles along every axis, gathering and several tasks.
  static let large: [ConvolutionCase] = [
    .init(input: [2, 14, 15, 20], window: [3, 3], outputs: 40, padding: [(1, 1), (1, 1)]),
    .init(input: [9, 8, 8, 33], window: [3, 3], outputs: 70, padding: [(1, 1), (1, 1)]),
    .init(
      input: [10, 4, 4, 16], window: [3, 3], outputs: 32, strides: [2, 2],
      padding: [(1, 1), (1, 1)]),
    .init(input: [3, 13, 12, 17], window: [1, 1], outputs: 65, strides: [2, 2]),
    .init(input: [4, 28, 28, 1], window: [3, 3], outputs: 32),
    .init(
      input: [2, 16, 17, 3], window: [5, 5], outputs: 34, strides: [2, 2],
      padding: [(2, 2), (2, 2)]),
    .init(
      input: [2, 9, 10, 35], window: [3, 3], outputs: 35, padding: [(1, 1), (1, 1)], groups: 35),
    .init(
      input: [2, 9, 10, 64], window: [3, 3], outputs: 128, padding: [(1, 1), (1, 1)], groups: 2),
    .init(input: [2, 600, 5], window: [9], outputs: 17, padding: [(8, 0)], dilation: [1]),
    .init(input: [2, 600, 12], window: [3], outputs: 17, padding: [(8, 0)], dilation: [4]),
    .init(
      input: [2, 5, 6, 7, 9], window: [3, 3, 3], outputs: 18, padding: [(1, 1), (1, 1), (1, 1)]),
  ]

  /// With enough channels to be transformed: in blocks, with ragged tiles, and deep.
  static let transformed: [ConvolutionCase] = [
    .init(input: [2, 14, 15, 32], window: [3, 3], outputs: 48, padding: [(1, 1), (1, 1)]),
    .init(input: [5, 12, 10, 48], window: [3, 3], outputs: 32),
    .init(input: [40, 8, 8, 32], window: [3, 3], outputs: 32, padding: [(1, 1), (1, 1)]),
    .init(input: [1, 16, 20, 32], window: [3, 3], outputs: 32, padding: [(2, 2), (0, 2)]),
    .init(input: [2, 8, 8, 256], window: [3, 3], outputs: 48, padding: [(1, 1), (1, 1)]),
  ]
}
