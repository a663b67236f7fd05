// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A convolution, or the gradient with respect to its kernel, with three axes of space: depth,
/// height, width. Missing ones have size 1.
package struct ConvolutionStep: Sendable {
  package let images: Int
  package let input: [Int]
  package let output: [Int]
  package let kernel: [Int]
  package let strides: [Int]
  package let low: [Int]
  package let dilation: [Int]
  package let spread: [Int]
  package let groups: Int
  /// Channels of one group.
  package let inputChannels: Int
  package let outputChannels: Int
  /// The input, dense.
  package let a: Operand
  /// The kernel, with strides [depth, height, width, channel, output]; for the gradient the
  /// cotangent of the result, dense.
  package let b: Operand
  /// The result, dense.
  package let c: Operand
  /// Over [images × outputs, channels].
  package let epilogue: Pass?

  init(
    _ fields: Convolution.Fields, input: Shape, kernel: Shape, result: Shape,
    operands: (a: Operand, b: Operand, c: Operand), epilogue: Pass?
  ) {
    let space = input.rank - 2
    let missing = 3 - space
    func three(_ values: [Int], _ filler: Int = 1) -> [Int] {
      [Int](repeating: filler, count: missing) + values
    }
    images = input[0]
    self.input = three((0..<space).map { input[$0 + 1] })
    output = three((0..<space).map { result[$0 + 1] })
    self.kernel = three((0..<space).map { kernel[$0] })
    strides = three(fields.strides)
    low = three(fields.low, 0)
    dilation = three(fields.dilation)
    spread = three(fields.spread)
    groups = fields.groups
    inputChannels = kernel[-2]
    outputChannels = kernel[-1] / fields.groups
    a = operands.a
    var b = operands.b
    if b.strides.count < 5 {
      b.strides = [Int](repeating: 0, count: 5 - b.strides.count) + b.strides
    }
    self.b = b
    c = operands.c
    self.epilogue = epilogue
  }

  /// `[32, 16, 16, 64] 3x3 s2`
  package var sizes: String {
    let shape = [images] + input + [groups * inputChannels]
    let window = kernel.map(String.init).joined(separator: "x")
    let step = strides.allSatisfy { $0 == 1 } ? "" : " step \(strides)"
    let gaps = spread.allSatisfy { $0 == 1 } ? "" : " spread \(spread)"
    let parts = groups == 1 ? "" : " groups \(groups)"
    return "\(shape) by \(window) to \(groups * outputChannels)" + step + gaps + parts
  }

  /// Multiplications and additions; taps in the padding are counted, those between spread inputs
  /// are not.
  package var operations: Int {
    let places = images * output.reduce(1, *) / spread.reduce(1, *)
    return 2 * places * kernel.reduce(1, *) * inputChannels * groups * outputChannels
  }

  package var bytesMoved: Int {
    let x = images * input.reduce(1, *) * groups * inputChannels
    let y = images * output.reduce(1, *) * groups * outputChannels
    return 4 * (x + y + kernel.reduce(1, *) * inputChannels * groups * outputChannels)
  }
}

/// A sliding window with three axes of space.
package struct PoolingStep: Sendable {
  package enum Kind: String, Sendable {
    case sum, maximum, maximumPullback, maximumSelection
  }

  package let kind: Kind
  package let images: Int
  package let channels: Int
  package let input: [Int]
  package let output: [Int]
  package let window: [Int]
  package let strides: [Int]
  package let low: [Int]
  package let dilation: [Int]
  /// The result, then what it is made from; all dense.
  package let operands: [Operand]

  init(
    _ kind: Kind, _ fields: Pooling.Fields, input: Shape, result: Shape, operands: [Operand]
  ) {
    let space = input.rank - 2
    func three(_ values: [Int], _ filler: Int = 1) -> [Int] {
      [Int](repeating: filler, count: 3 - space) + values
    }
    self.kind = kind
    images = input[0]
    channels = input[-1]
    self.input = three((0..<space).map { input[$0 + 1] })
    output = three((0..<space).map { result[$0 + 1] })
    window = three(fields.window)
    strides = three(fields.strides)
    low = three(fields.low, 0)
    dilation = three(fields.dilation)
    self.operands = operands
  }

  /// One for each element of each window.
  package var operations: Int {
    images * channels * output.reduce(1, *) * window.reduce(1, *)
  }

  package var bytesMoved: Int {
    4 * images * channels * (input.reduce(1, *) + output.reduce(1, *))
  }
}
