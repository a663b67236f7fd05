// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// How a piece of graph is computed: which words run together, in what order, and where the
/// results lie. A plain value; a device prepares it once and runs it with new leaves every step.
package struct Plan: Sendable {
  /// Where a buffer's memory comes from, at each run.
  package enum Place: Hashable, Sendable {
    /// The value of a leaf of the trace.
    case leaf(Int)
    /// A new buffer for a result.
    case result(Int)
    /// The buffer of a leaf that nobody needs afterwards, overwritten in place.
    case donated(leaf: Int)
    /// A range of the arena.
    case arena(offset: Int)
    /// Nowhere: blocks of it pass from one half of a step to the other.
    case none
  }

  package struct Buffer: Sendable {
    package var place: Place
    package var byteCount: Int
    package var label: String
  }

  /// The buffers by slot.
  package var buffers: [Buffer] = []
  package var steps: [Step] = []
  /// For each requested result the slot that holds it.
  package var results: [Int] = []
  package var arenaBytes = 0
  /// Arena, results and leaves together: what a run needs in memory.
  package var peakBytes = 0
  /// Multiplications and additions, a fused multiply-add counting as two.
  package var operations = 0
  /// Bytes that the steps read and write in memory.
  package var bytesMoved = 0
}

/// A tensor in memory as a step addresses it; strides in elements.
package struct Operand: Hashable, Sendable {
  package var slot: Int
  package var dtype: DType
  package var offset: Int
  package var strides: [Int]
}

/// One kernel launch.
package enum Step: Sendable {
  case pass(Pass)
  case matmul(MatmulStep)
  case convolution(ConvolutionStep)
  case convolutionKernelGradient(ConvolutionStep)
  case pooling(PoolingStep)
  case scan(ScanStep)
  case attention(AttentionStep)
  case fourier(FourierStep)
  /// `destination[i] = source[i]` over `dims`, any strides on both sides.
  case copy(dims: [Int], destination: Operand, source: Operand)
  /// Zeros (or falses) everywhere.
  case zero(Operand, count: Int)
  /// `result[o, j, i] = table[o, indices[j], i]`.
  case gather(
    result: Operand, table: Operand, indices: Operand, outer: Int, axis: Int, inner: Int, count: Int
  )
  /// `result[o, indices[j], i] += updates[o, j, i]`; `result` holds zeros already.
  case scatterAdd(
    result: Operand, indices: Operand, updates: Operand, outer: Int, axis: Int, inner: Int,
    count: Int)
  /// `result[o, indices[j], i] = values[o, j, i]`; the rest of `result` is there already.
  case put(
    result: Operand, indices: Operand, values: Operand, outer: Int, axis: Int, inner: Int,
    count: Int)
  case argument(
    result: Operand, source: Operand, Extremum, outer: Int, count: Int, inner: Int)
  case cumulativeSum(
    result: Operand, source: Operand, reversed: Bool, outer: Int, count: Int, inner: Int)
  /// Positions that sort rows; the rows are contiguous.
  case sort(result: Operand, source: Operand, descending: Bool, rows: Int, count: Int)
  /// Rows too long for a pass.
  case reduceRows(result: Operand, source: Operand, Reduction, rows: Int, count: Int)
}

/// A fused sweep over an iteration space.
package struct Pass: Sendable {
  package enum Mode: Hashable, Sendable {
    /// Every instruction is element-wise.
    case flat
    /// The last dim is a row, which instructions may reduce.
    case rows
    /// The dims are [outer, rows, columns]; outputs may be sums over rows.
    case columns
  }

  package enum Kind: Hashable, Sendable {
    case full, row, scalar
    /// A reduction over the rows of a `columns` pass.
    case columnSum, columnMaximum
  }

  package struct Port: Hashable, Sendable {
    package var operand: Operand
    package var register: Int
    package var kind: Kind
  }

  /// A number that enters a register at each run.
  package enum Scalar: Hashable, Sendable {
    /// The n-th number lifted from the trace.
    case lifted(Int)
    case bits(UInt32)
  }

  package struct Instruction: Hashable, Sendable {
    /// A name of the kernels' table: `add`, `add_i`, `row_sum` …
    package var name: String
    package var result: Int
    package var operands: [Int]
  }

  package var mode: Mode
  package var dims: [Int]
  package var inputs: [Port] = []
  package var outputs: [Port] = []
  package var scalars: [(register: Int, value: Scalar)] = []
  package var instructions: [Instruction] = []
  package var registerCount = 0
}

/// A batched matrix product `[batch, m, k] × [batch, k, n]`, with what follows it element by
/// element done while each block is in cache.
package struct MatmulStep: Sendable {
  package var batch: Int
  package var m: Int
  package var n: Int
  package var k: Int
  /// Strides: batch, row, column.
  package var a: Operand
  package var b: Operand
  package var c: Operand
  /// Over [m, n] or [batch, m, n].
  package var epilogue: Pass?
  /// Nobody but the epilogue reads the product: blocks of it go from one to the other, and no memory
  /// holds it whole.
  package var passes = false
}
