// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Step {
  /// Multiplications and additions, a fused multiply-add counting as two.
  package var operations: Int {
    switch self {
    case .pass(let pass): pass.operations
    case .matmul(let step):
      2 * step.batch * step.m * step.n * step.k + (step.epilogue?.operations ?? 0)
    case .convolution(let step), .convolutionKernelGradient(let step):
      step.operations + (step.epilogue?.operations ?? 0)
    case .pooling(let step): step.operations
    case .attention(let step): step.operations
    case .scan(let step): step.steps * step.body.operations
    case .fourier(let step): step.operations
    case .copy, .zero, .gather, .scatterAdd, .put, .argument, .cumulativeSum, .sort, .reduceRows: 0
    }
  }

  /// Bytes read and written in memory, each tensor once.
  package var bytesMoved: Int {
    switch self {
    case .pass(let pass): pass.bytesMoved
    case .matmul(let step):
      step.batch
        * (step.m * step.k * step.a.dtype.byteCount + step.k * step.n * step.b.dtype.byteCount
          + (step.passes ? -1 : 1) * step.m * step.n * step.c.dtype.byteCount)
        + (step.epilogue?.bytesMoved ?? 0)
    case .convolution(let step), .convolutionKernelGradient(let step):
      step.bytesMoved + (step.epilogue?.bytesMoved ?? 0)
    case .pooling(let step): step.bytesMoved
    case .attention(let step): step.bytesMoved
    case .scan(let step): step.steps * step.body.bytesMoved
    case .fourier(let step): step.bytesMoved
    case .copy(let dims, let target, _): 2 * dims.reduce(1, *) * target.dtype.byteCount
    case .zero(let target, let count): count * target.dtype.byteCount
    case .gather(let result, _, _, let outer, _, let inner, let count):
      2 * outer * count * inner * result.dtype.byteCount
    case .scatterAdd(let result, _, _, let outer, _, let inner, let count):
      3 * outer * count * inner * result.dtype.byteCount
    case .put(let result, _, _, let outer, _, let inner, let count):
      2 * outer * count * inner * result.dtype.byteCount
    case .argument(_, let source, _, let outer, let count, let inner):
      outer * count * inner * source.dtype.byteCount
    case .cumulativeSum(let result, _, _, let outer, let count, let inner):
      2 * outer * count * inner * result.dtype.byteCount
    case .sort(_, let source, _, let rows, let count): 2 * rows * count * source.dtype.byteCount
    case .reduceRows(_, let source, _, let rows, let count):
      rows * count * source.dtype.byteCount
    }
  }
}
