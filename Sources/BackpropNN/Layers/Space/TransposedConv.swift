// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The transposed convolution: what takes the outputs of a ``Conv`` with the same numbers back to
/// the size of its inputs.
///
/// `x: [N, O…, inputs] -> [N, S…, outputs]`, S = stride(O − 1) + dilation(K − 1) + 1 − padding +
/// `outputPadding`; with padding `.same` and `.causal` S = stride · O. `weight: [K…, outputs / groups,
/// inputs]`, `bias: [outputs]`.
public struct TransposedConv: WeightedLayer, CustomStringConvertible {
  /// The kernel, `[K…, outputs / groups, inputs]`.
  public let weight: Parameter
  /// The bias, `[outputs]`; nil if there is none.
  public let bias: Parameter?
  /// The step from one input to the next along each axis, in outputs.
  public let strides: [Int]
  /// What is left out before and after each axis of the result. `.same` leaves out evenly, an odd
  /// one at the end, what `.causal` leaves out at the end: then no output sees an input after it.
  public let padding: SpacePadding
  /// What is added after each axis of the result.
  public let outputPadding: [Int]
  /// The step from one element of the kernel to the next along each axis.
  public let dilation: [Int]
  /// Channels are cut into so many parts, each with a kernel of its own.
  public let groups: Int

  /// A layer with a window of the given sizes, one for each axis of space.
  ///
  /// - Parameter outputPadding: for padding that does not itself say how large the result is.
  public init(
    _ inputs: Int, _ outputs: Int, window: [Int], strides: [Int]? = nil,
    padding: SpacePadding = .valid, outputPadding: [Int]? = nil, dilation: [Int]? = nil,
    groups: Int = 1, bias: Bool = true, initializer: Initializer = .linear
  ) {
    precondition(
      groups > 0 && inputs % groups == 0 && outputs % groups == 0,
      "\(inputs) inputs and \(outputs) outputs cannot be cut into \(groups) groups")
    precondition(
      (1...3).contains(window.count) && window.allSatisfy { $0 > 0 },
      "a window has one to three sizes above 0, not \(window)")
    let ones = window.map { _ in 1 }
    self.strides = strides ?? ones
    self.dilation = dilation ?? ones
    self.outputPadding = outputPadding ?? window.map { _ in 0 }
    precondition(
      [self.strides, self.dilation, self.outputPadding].allSatisfy { $0.count == window.count },
      "strides, dilation and output padding need one number for each of \(window.count) axes")
    precondition(
      (self.strides + self.dilation).allSatisfy { $0 > 0 },
      "strides and dilation are at least 1, not \(self.strides) and \(self.dilation)")
    self.padding = padding
    self.groups = groups
    let shape = Shape(window + [outputs / groups, inputs])
    // As PyTorch does: the fan-in is that of the outputs' channels.
    let fan = max(1, shape.count / max(1, inputs))
    let bound = 1 / Float(fan).squareRoot()
    weight = Parameter(
      shape,
      initializer: initializer.name == Initializer.linear.name ? .uniform(bound) : initializer)
    self.bias = bias ? Parameter([outputs], initializer: .uniform(bound)) : nil
  }

  /// A layer with a window of one size along each of `axes` axes of space.
  public init(
    _ inputs: Int, _ outputs: Int, window: Int, axes: Int = 2, stride: Int = 1,
    padding: SpacePadding = .valid, outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1,
    bias: Bool = true, initializer: Initializer = .linear
  ) {
    let all = { (value: Int) in [Int](repeating: value, count: axes) }
    self.init(
      inputs, outputs, window: all(window), strides: all(stride), padding: padding,
      outputPadding: all(outputPadding), dilation: all(dilation), groups: groups, bias: bias,
      initializer: initializer)
  }

  /// The number of channels of an input.
  public var inputs: Int { weight.shape[-1] }
  /// The number of channels of a result.
  public var outputs: Int { weight.shape[-2] * groups }

  /// `TransposedConv 64→32 2x2 stride 2`.
  public var description: String {
    let sizes = weight.shape.dimensions.dropLast(2).map(String.init).joined(separator: "x")
    let step = strides.allSatisfy { $0 == 1 } ? "" : " stride \(oneOrAll(strides))"
    return "TransposedConv \(inputs)→\(outputs) \(sizes)\(step)"
  }

  /// The outputs lie before the inputs in the kernel; with groups these are the outputs of each.
  public var outputAxis: Int { weight.shape.rank - 2 }

  /// `x: [N, O…, inputs] -> [N, S…, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { callAsFunction(x, weight: weight.value) }

  /// The same with another kernel of the weight's shape.
  public func callAsFunction(_ x: Tensor, weight kernel: Tensor) -> Tensor {
    let space = strides.count
    guard x.rank == space + 2, x.shape[-1] == inputs, x.dtype.isFloatingPoint else {
      return spaceMisfit("transposedConvolution", x, space, inputs, outputs, self, weight.path)
    }
    let cut = padding.cut(
      window: Array(kernel.shape.dimensions.prefix(space)), strides: strides, dilation: dilation)
    let y = transposedConvolution(
      x, kernel, strides: strides, padding: cut.sides,
      outputPadding: zip(outputPadding, cut.extra).map { $0 + $1 }, dilation: dilation,
      groups: groups)
    guard let bias else { return y }
    return y + bias.value.cast(to: y.dtype)
  }
}
