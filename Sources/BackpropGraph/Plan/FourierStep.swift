// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Fourier transforms of rows of numbers; operands are dense.
package struct FourierStep: Sendable {
  package let kind: FourierKind
  package let rows: Int
  /// The numbers of a row, complex or real.
  package let count: Int
  package let result: Operand
  package let source: Operand

  init(_ kind: FourierKind, input: Shape, output: Shape, result: Operand, source: Operand) {
    self.kind = kind
    self.result = result
    self.source = source
    switch kind {
    case .forward, .inverse: (count, rows) = (input[-2], input.count / (2 * input[-2]))
    case .real: (count, rows) = (input[-1], input.count / input[-1])
    case .realInverse: (count, rows) = (output[-1], output.count / output[-1])
    }
  }

  private var isReal: Bool { kind == .real || kind == .realInverse }

  /// 5 n log₂ n for each row, half of it for real numbers, as is customary.
  package var operations: Int {
    let logarithm = Int.bitWidth - (count - 1).leadingZeroBitCount
    return 5 * rows * count * logarithm / (isReal ? 2 : 1)
  }

  package var bytesMoved: Int { (isReal ? 2 : 4) * rows * count * 4 }
}
