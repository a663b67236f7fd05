// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Fourier transforms of rows of complex numbers; operands are dense, `[rows, count, 2]`.
package struct FourierStep: Sendable {
  package let direction: FourierDirection
  package let rows: Int
  /// The complex numbers of a row.
  package let count: Int
  package let result: Operand
  package let source: Operand

  init(_ direction: FourierDirection, shape: Shape, result: Operand, source: Operand) {
    self.direction = direction
    count = shape[-2]
    rows = shape.count / (2 * count)
    self.result = result
    self.source = source
  }

  /// 5 n log₂ n for each row, as is customary.
  package var operations: Int {
    let logarithm = Int.bitWidth - (count - 1).leadingZeroBitCount
    return 5 * rows * count * logarithm
  }

  package var bytesMoved: Int { 4 * rows * count * 4 }
}
