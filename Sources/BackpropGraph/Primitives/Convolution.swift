// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// How a kernel moves over its input, along each axis of space. Interned, as ``Window`` is.
package struct Convolution: Hashable, Sendable {
  package let id: UInt32

  package struct Fields: Hashable, Sendable {
    /// The step from one output to the next, in input elements.
    package var strides: [Int]
    /// Zeros before and after the input; negative: so much of it is left out.
    package var low: [Int]
    package var high: [Int]
    /// The step from one kernel element to the next, in input elements.
    package var dilation: [Int]
    /// The step from one input element to the next, with zeros between; 1: none.
    package var spread: [Int]
    /// Channels are cut into so many parts, each with a kernel of its own.
    package var groups: Int

    /// The outputs along an axis.
    package func size(_ axis: Int, input: Int, kernel: Int) -> Int {
      let reach = (kernel - 1) * dilation[axis] + 1
      let room = input == 0 ? 0 : (input - 1) * spread[axis] + 1
      let free = room + low[axis] + high[axis] - reach
      return free < 0 ? 0 : free / strides[axis] + 1
    }
  }

  private static let table = InternTable<Fields>()

  package init(_ fields: Fields) { id = Convolution.table.id(of: fields) }

  package var fields: Fields { Convolution.table[id] }
}

/// The convolution of signals, images or volumes with a kernel, over one to three axes of space.
///
///     y[n, o, f] = Σ over taps k, then channels c, of x[n, s·o + d·k − p, c] · w[k, c, f]
///
/// `x: [N, S…, C]`, `kernel: [K…, C/groups, F] -> [N, O…, F]`, with O = ⌊(S + p + p′ − d(K−1) − 1)/s⌋
/// + 1 for strides s, dilations d and paddings (p, p′), one of each for each axis of space. As is
/// usual, the kernel is not reversed. Taps outside the input are left out. Group g of F/groups
/// outputs sees the g-th part of the channels. Each element is one chain of fused multiply-adds, in
/// float32.
///
/// Cost: 2·N·O·F·K·C/groups operations.
public func convolution(
  _ x: Tensor, _ kernel: Tensor, strides: [Int]? = nil, padding: [(Int, Int)]? = nil,
  dilation: [Int]? = nil, groups: Int = 1
) -> Tensor {
  let ones = [Int](repeating: 1, count: Swift.max(0, x.rank - 2))
  let pairs = padding ?? ones.map { _ in (0, 0) }
  let fields = Convolution.Fields(
    strides: strides ?? ones, low: pairs.map(\.0), high: pairs.map(\.1),
    dilation: dilation ?? ones, spread: ones, groups: groups)
  return convolution(x, kernel, fields)
}

/// The transposed convolution: the adjoint of the convolution with the same numbers, which takes
/// its outputs back to its inputs.
///
/// `x: [N, O…, F]`, `kernel: [K…, C/groups, F] -> [N, S…, C]` with
/// S = s(O − 1) + d(K − 1) + 1 − p − p′ + `outputPadding`.
public func transposedConvolution(
  _ x: Tensor, _ kernel: Tensor, strides: [Int]? = nil, padding: [(Int, Int)]? = nil,
  outputPadding: [Int]? = nil, dilation: [Int]? = nil, groups: Int = 1
) -> Tensor {
  let space = Swift.max(0, x.rank - 2)
  let ones = [Int](repeating: 1, count: space)
  let pairs = padding ?? ones.map { _ in (0, 0) }
  let fields = Convolution.Fields(
    strides: strides ?? ones, low: pairs.map(\.0), high: pairs.map(\.1),
    dilation: dilation ?? ones, spread: ones, groups: groups)
  let extra = outputPadding ?? ones.map { _ in 0 }
  guard fields.isValid(space), extra.count == space, kernel.rank == x.rank,
    kernel.shape[-1] == x.shape[-1], x.shape[-1] % groups == 0
  else {
    return .failed(
      "transposedConvolution", [x, kernel],
      "the input must be [N, O…, F], the kernel [K…, C/groups, F] with one to three axes of space, "
        + "and the numbers one for each of them, strides, dilation and groups at least 1",
      shape: x.shape, dtype: x.dtype)
  }
  guard
    zip(extra, zip(fields.strides, fields.dilation)).allSatisfy({
      $0.0 >= 0 && $0.0 < Swift.max($0.1.0, $0.1.1)
    })
  else {
    return .failed(
      "transposedConvolution", [x, kernel],
      "outputPadding must be less than the stride or the dilation, not \(extra)",
      hint: "a larger stride spreads the result", shape: x.shape, dtype: x.dtype)
  }
  let sizes = (0..<space).map { axis -> Int in
    let reach = fields.dilation[axis] * (kernel.shape[axis] - 1) + 1
    return fields.strides[axis] * (x.shape[axis + 1] - 1) + reach - fields.low[axis]
      - fields.high[axis] + extra[axis]
  }
  guard sizes.allSatisfy({ $0 > 0 }) || x.shape.count == 0 else {
    return .failed(
      "transposedConvolution", [x, kernel], "the padding leaves nothing: the sizes are \(sizes)",
      hint: "leave out less, or use a larger kernel", shape: x.shape, dtype: x.dtype)
  }
  let channels = kernel.shape[-2] * groups
  return x.convolutionInputGradient(
    kernel, fields, to: Shape([x.shape[0]] + sizes + [channels]))
}

extension Convolution.Fields {
  /// Whether the numbers can be those of a convolution over so many axes of space.
  func isValid(_ space: Int) -> Bool {
    (1...3).contains(space) && (1..<(1 << 24)).contains(groups)
      && [strides, low, high, dilation, spread].allSatisfy { $0.count == space }
      && (strides + dilation + spread).allSatisfy { $0 >= 1 && $0 < 1 << 20 }
      && (low + high).allSatisfy { (-(1 << 24)..<(1 << 24)).contains($0) }
  }
}

/// A convolution by all its numbers.
func convolution(_ x: Tensor, _ kernel: Tensor, _ fields: Convolution.Fields) -> Tensor {
  let space = x.rank - 2
  let dtype = DType.promoted(x.dtype, kernel.dtype)
  func failed(_ rule: String, hint: String = "") -> Tensor {
    .failed(
      "convolution", [x, kernel], rule, hint: hint,
      shape: x.rank > 0 && kernel.rank > 0
        ? x.shape.replacing(x.rank - 1, with: kernel.shape[-1]) : x.shape, dtype: dtype)
  }
  guard (1...3).contains(space), kernel.rank == x.rank else {
    return failed(
      "the input must be [N, S…, C] and the kernel [K…, C/groups, F], with the same one to three "
        + "axes of space")
  }
  guard fields.isValid(space) else {
    return failed(
      "strides, padding and dilation need one number for each of \(space) axes of space; strides, "
        + "dilation and groups are at least 1")
  }
  guard kernel.shape[-2] * fields.groups == x.shape[-1], kernel.shape[-1] % fields.groups == 0
  else {
    return failed(
      "the kernel takes \(kernel.shape[-2]) × \(fields.groups) channels, and the input has "
        + "\(x.shape[-1])",
      hint: fields.groups > 1 ? "both sides must be divisible by the groups" : "channels lie last")
  }
  guard dtype.isFloatingPoint else { return failed("\(dtype) cannot be convolved") }
  let sizes = (0..<space).map {
    fields.size($0, input: x.shape[$0 + 1], kernel: kernel.shape[$0])
  }
  guard kernel.shape.count == 0 || x.shape.count == 0 || sizes.allSatisfy({ $0 > 0 }) else {
    return failed(
      "a kernel of \(Shape(kernel.shape.dimensions.prefix(space))) does not fit into the padded "
        + "input", hint: "use a smaller kernel, or more padding")
  }
  let shape = Shape([x.shape[0]] + sizes + [kernel.shape[-1]])
  let result = Tensor(
    Node(
      .convolution(Convolution(fields)), shape, .float32, x.cast(to: .float32).node,
      kernel.cast(to: .float32).node))
  return result.cast(to: dtype)
}

extension Tensor {
  /// The cotangent of the input of a convolution, of which `self` is that of the result: a
  /// convolution with the reversed kernel, whose spread is the other's stride.
  func convolutionInputGradient(
    _ kernel: Tensor, _ fields: Convolution.Fields, to shape: Shape
  ) -> Tensor {
    let space = rank - 2
    var other = fields
    (other.strides, other.spread) = (fields.spread, fields.strides)
    for axis in 0..<space {
      let reach = (kernel.shape[axis] - 1) * fields.dilation[axis]
      let (input, output) = (shape[axis + 1], self.shape[axis + 1])
      other.low[axis] = reach - fields.low[axis]
      other.high[axis] =
        (input - 1) * fields.spread[axis] - (output - 1) * fields.strides[axis] + fields.low[axis]
    }
    return convolution(self, kernel.convolutionKernelTurned(space, fields.groups), other)
  }

  /// `[K…, C, g·F]` reversed in space, as `[K…, F, g·C]`.
  private func convolutionKernelTurned(_ space: Int, _ groups: Int) -> Tensor {
    let turned = reversed(AxisSet(0..<space))
    let window = Array(0..<space)
    if groups == 1 { return turned.permuted(window + [space + 1, space]) }
    let sizes = Array(shape.dimensions.prefix(space))
    let (channels, outputs) = (shape[-2], shape[-1] / groups)
    return turned.reshaped(to: Shape(sizes + [channels, groups, outputs]))
      .permuted(window + [space + 2, space + 1, space])
      .reshaped(to: Shape(sizes + [outputs, groups * channels]))
  }

  /// The cotangent of the kernel of a convolution of `self`, given that of the result.
  func convolutionKernelGradient(
    _ g: Tensor, _ convolution: Convolution, to shape: Shape
  ) -> Tensor {
    Tensor(Node(.convolutionKernelGradient(convolution), shape, .float32, node, g.node))
  }
}

extension Pullback {
  static func ofConvolution(_ form: Convolution, _ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    [
      g.convolutionInputGradient(x[1], form.fields, to: x[0].shape),
      x[0].convolutionKernelGradient(g, form, to: x[1].shape),
    ]
  }

  /// The word is linear in the input and in the cotangent that it is given; `g` is shaped as the
  /// kernel.
  static func ofConvolutionKernelGradient(
    _ form: Convolution, _ x: [Tensor], _ g: Tensor
  ) -> [Tensor?] {
    [
      x[1].convolutionInputGradient(g, form.fields, to: x[0].shape),
      Tensor(Node(.convolution(form), x[1].shape, .float32, x[0].node, g.node)),
    ]
  }
}
