// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Every word a computation can be written in. This page is the index; the cards, with each
/// word's meaning and pullback, are in `Primitives/`.
///
/// Payloads are plain bits, so that a node costs one allocation and a plan is found by comparing
/// words; what does not fit (a window, a convolution) is interned.
package enum Primitive: Hashable, Sendable {
  /// A value that exists already.
  case source
  /// A value that can never be known; see ``Node/failure``.
  case failed
  /// One number, carried by the node's `argument`: changing it never plans anew.
  case constant
  /// −1, 0 or 1, known to the planner.
  case literal(Int8)
  /// The n-th operand of a graph function.
  case placeholder(UInt32)
  /// int32 positions along an axis.
  case iota(UInt8)
  /// Random numbers; the key is the node's `argument`.
  case random(Random)
  /// A function of each element.
  case unary(Unary)
  /// A function of each pair of elements; equal shapes.
  case binary(Binary)
  /// A comparison of each pair of elements; equal shapes, result bool.
  case compare(Comparison)
  /// `mask ? a : b` for each element; equal shapes.
  case select
  /// Another element type.
  case cast
  /// The same elements in row-major order under another shape.
  case reshape
  /// Axes in another order.
  case permute(Permutation)
  /// Repetition along new leading axes and axes of size 1.
  case broadcast
  /// Every `steps`-th element from `starts` on, along each axis.
  case slice(Window)
  /// Zeros, with the operand at `starts + i * steps`; the adjoint of `slice`.
  case pad(Window)
  /// Axes read backwards.
  case reverse(AxisSet)
  /// Operands one after the other along an axis.
  case concatenate(UInt8)
  /// A sum or maximum over axes, which are removed.
  case reduce(Reduction, AxisSet)
  /// The int32 position of the largest or smallest element along an axis, which is removed.
  case argument(Extremum, UInt8)
  /// Running sums along an axis, from the front or from the back.
  case cumulativeSum(UInt8, reversed: Bool)
  /// `[B…, M, K] × [B…, K, N] -> [B…, M, N]`, accumulated in float32.
  case matmul
  /// `[N, S…, C] × [K…, C/groups, F] -> [N, O…, F]` over up to three axes of space.
  case convolution(Convolution)
  /// The cotangent of a convolution's kernel, from its input and the cotangent of its result.
  case convolutionKernelGradient(Convolution)
  /// The sum of each window over the axes of space.
  case windowSum(Pooling)
  /// The greatest element of each window.
  case windowMax(Pooling)
  /// The second operand, one number for each window, added where the first is greatest.
  case windowMaxPullback(Pooling)
  /// The second operand at the place of each window where the first is greatest.
  case windowMaxSelection(Pooling)
  /// Slices of the first operand along an axis, at the int32 positions of the second.
  case gather(UInt8)
  /// Zeros, to which slices are added along an axis at int32 positions; the adjoint of `gather`.
  case scatterAdd(UInt8)
  /// The first operand with other slices, the third, along an axis at int32 positions, the second.
  case put(UInt8)
  /// int32 positions that sort an axis, stably; NaN last.
  case argumentSort(UInt8, descending: Bool)
  /// Means of values by how well keys fit queries, and what its gradient needs, in one vector.
  case attention(Attention)
  /// The cotangents of queries, keys and values, in one vector.
  case attentionGradient(Attention)
  /// The discrete Fourier transform of complex numbers `[…, n, 2]`, or of real ones `[…, n]`.
  case fourier(FourierKind)
  /// The identity whose derivative is zero.
  case stopGradient
  /// The identity across which nothing is shared: keeps recomputation in the backward pass.
  case barrier
  /// A graph function applied to operands; its results are `output` nodes.
  case call(FunctionID)
  /// The n-th result of a call.
  case output(UInt32)

  /// A loop over time; its results are packed into one vector.
  case scan(Scan)

  /// The primitive as one number; equal numbers mean equal primitives.
  package var word: UInt64 {
    switch self {
    case .source: 1 << 56
    case .failed: 2 << 56
    case .constant: 3 << 56
    case .literal(let value): 4 << 56 | UInt64(UInt8(bitPattern: value))
    case .placeholder(let index): 5 << 56 | UInt64(index)
    case .iota(let axis): 6 << 56 | UInt64(axis)
    case .random(let kind): 7 << 56 | UInt64(kind.rawValue)
    case .unary(let function): 8 << 56 | UInt64(function.rawValue)
    case .binary(let function): 9 << 56 | UInt64(function.rawValue)
    case .compare(let comparison): 10 << 56 | UInt64(comparison.rawValue)
    case .select: 11 << 56
    case .cast: 12 << 56
    case .reshape: 13 << 56
    case .permute(let permutation): 14 << 56 | UInt64(permutation.nibbles)
    case .broadcast: 15 << 56
    case .slice(let window): 16 << 56 | UInt64(window.id)
    case .pad(let window): 17 << 56 | UInt64(window.id)
    case .reverse(let axes): 18 << 56 | UInt64(axes.bits)
    case .concatenate(let axis): 19 << 56 | UInt64(axis)
    case .reduce(let reduction, let axes):
      20 << 56 | UInt64(reduction.rawValue) << 8 | UInt64(axes.bits)
    case .argument(let extremum, let axis):
      21 << 56 | UInt64(extremum.rawValue) << 8 | UInt64(axis)
    case .cumulativeSum(let axis, let reversed):
      22 << 56 | (reversed ? 256 : 0) | UInt64(axis)
    case .matmul: 23 << 56
    case .gather(let axis): 24 << 56 | UInt64(axis)
    case .scatterAdd(let axis): 25 << 56 | UInt64(axis)
    case .put(let axis): 40 << 56 | UInt64(axis)
    case .argumentSort(let axis, let descending):
      26 << 56 | (descending ? 256 : 0) | UInt64(axis)
    case .stopGradient: 27 << 56
    case .barrier: 28 << 56
    case .call(let function): 29 << 56 | UInt64(function.id)
    case .output(let index): 30 << 56 | UInt64(index)
    case .convolution(let form): 31 << 56 | UInt64(form.id)
    case .convolutionKernelGradient(let form): 32 << 56 | UInt64(form.id)
    case .windowSum(let pooling): 33 << 56 | UInt64(pooling.id)
    case .windowMax(let pooling): 34 << 56 | UInt64(pooling.id)
    case .windowMaxPullback(let pooling): 35 << 56 | UInt64(pooling.id)
    case .windowMaxSelection(let pooling): 36 << 56 | UInt64(pooling.id)
    case .scan(let scan): 37 << 56 | UInt64(scan.id)
    case .attention(let form): 38 << 56 | UInt64(form.id)
    case .attentionGradient(let form): 39 << 56 | UInt64(form.id)
    case .fourier(let kind): 41 << 56 | UInt64(kind.rawValue)
    }
  }

  /// The cotangents of the operands `x`, given the result `y` and its cotangent `g`, written in
  /// the same words, so that gradients of gradients work. nil: the derivative is zero.
  package func pullback(_ x: [Tensor], _ y: Tensor, _ g: Tensor) -> [Tensor?] {
    switch self {
    case .source, .failed, .constant, .literal, .placeholder, .iota, .random: []
    case .unary(let function): [function.card.pullback(x[0], y, g)]
    case .binary(let function): Pullback.ofBinary(function, x, y, g)
    case .compare: [nil, nil]
    case .select: Pullback.ofSelect(x, g)
    case .cast: [x[0].dtype.isFloatingPoint ? g.cast(to: x[0].dtype) : nil]
    case .reshape: [g.reshaped(to: x[0].shape)]
    case .permute(let permutation):
      [g.permuted(permutation.inverse(rank: x[0].rank).axes(x[0].rank))]
    case .broadcast: [Pullback.ofBroadcast(x[0], g)]
    case .slice(let window): [g.padded(window, to: x[0].shape)]
    case .pad(let window): [g.sliced(window, to: x[0].shape)]
    case .reverse(let axes): [g.reversed(axes)]
    case .concatenate(let axis): Pullback.ofConcatenate(Int(axis), x, g)
    case .reduce(let reduction, let axes): [reduction.pullback(axes, x[0], y, g)]
    case .argument: [nil]
    case .cumulativeSum(let axis, let reversed):
      [g.cumulativeSum(along: Int(axis), reversed: !reversed)]
    case .matmul: Pullback.ofMatmul(x, g)
    case .convolution(let form): Pullback.ofConvolution(form, x, g)
    case .convolutionKernelGradient(let form): Pullback.ofConvolutionKernelGradient(form, x, g)
    case .windowSum(let pooling): [Pullback.ofWindowSum(pooling, x[0], g)]
    case .windowMax(let pooling): [Pullback.ofWindowMax(pooling, x[0], g)]
    case .windowMaxPullback(let pooling): Pullback.ofWindowMaxPullback(pooling, x, g)
    case .windowMaxSelection(let pooling): Pullback.ofWindowMaxSelection(pooling, x, g)
    case .gather(let axis): Pullback.ofGather(Int(axis), x, g)
    case .scatterAdd(let axis): Pullback.ofScatterAdd(Int(axis), x, g)
    case .put(let axis): Pullback.ofPut(Int(axis), x, g)
    case .argumentSort: [nil]
    case .scan(let scan): Pullback.ofScan(scan, x, y, g)
    case .attention(let form): Pullback.ofAttention(form, x, y, g)
    case .attentionGradient(let form): Pullback.ofAttentionGradient(form, x, g)
    case .fourier(let kind): [Pullback.ofFourier(kind, g)]
    case .stopGradient: [nil]
    case .barrier: [g]
    // A call is differentiated as a whole, by its function; see Gradient.swift.
    case .call, .output: x.map { _ in nil }
    }
  }
}

/// The pullbacks that do not fit on a line of the index, each beside its word.
enum Pullback {}
