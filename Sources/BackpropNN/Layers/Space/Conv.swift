// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A convolution over one to three axes of space, channels last.
///
/// `x: [N, S…, inputs] -> [N, O…, outputs]`, `weight: [K…, inputs / groups, outputs]`,
/// `bias: [outputs]`; see ``convolution(_:_:strides:padding:dilation:groups:)``. Both are drawn
/// uniformly from ±1/√(inputs · K / groups) at first, as PyTorch does.
public struct Conv: WeightedLayer, CustomStringConvertible {
  /// The kernel, `[K…, inputs / groups, outputs]`.
  public let weight: Parameter
  /// The bias, `[outputs]`; nil if there is none.
  public let bias: Parameter?
  /// The step from one output to the next along each axis.
  public let strides: [Int]
  /// How far the kernel reaches beyond the input.
  public let padding: SpacePadding
  /// What is there.
  public let paddingMode: PaddingMode
  /// The step from one element of the kernel to the next along each axis.
  public let dilation: [Int]
  /// Channels are cut into so many parts, each with a kernel of its own.
  public let groups: Int

  /// A layer with a window of the given sizes, one for each axis of space.
  public init(
    _ inputs: Int, _ outputs: Int, window: [Int], strides: [Int]? = nil,
    padding: SpacePadding = .valid, paddingMode: PaddingMode = .zeros, dilation: [Int]? = nil,
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
    precondition(
      self.strides.count == window.count && self.dilation.count == window.count,
      "strides and dilation need one number for each of \(window.count) axes")
    precondition(
      (self.strides + self.dilation).allSatisfy { $0 > 0 },
      "strides and dilation are at least 1, not \(self.strides) and \(self.dilation)")
    self.padding = padding
    self.paddingMode = paddingMode
    self.groups = groups
    let shape = Shape(window + [inputs / groups, outputs])
    weight = Parameter(shape, initializer: initializer.ofKernels)
    let fan = shape.count / max(1, outputs)
    let bound = fan == 0 ? 0 : 1 / Float(fan).squareRoot()
    self.bias = bias ? Parameter([outputs], initializer: .uniform(bound)) : nil
  }

  /// A layer with a window of one size along each of `axes` axes of space: 1 for signals, 2 for
  /// images, 3 for volumes.
  public init(
    _ inputs: Int, _ outputs: Int, window: Int, axes: Int = 2, stride: Int = 1,
    padding: SpacePadding = .valid, paddingMode: PaddingMode = .zeros, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true, initializer: Initializer = .linear
  ) {
    let all = { (value: Int) in [Int](repeating: value, count: axes) }
    self.init(
      inputs, outputs, window: all(window), strides: all(stride), padding: padding,
      paddingMode: paddingMode, dilation: all(dilation), groups: groups, bias: bias,
      initializer: initializer)
  }

  /// A convolution of each channel by itself.
  public static func depthwise(
    _ channels: Int, window: Int, axes: Int = 2, stride: Int = 1, padding: SpacePadding = .valid,
    multiplier: Int = 1, bias: Bool = true
  ) -> Conv {
    Conv(
      channels, channels * multiplier, window: window, axes: axes, stride: stride,
      padding: padding, groups: channels, bias: bias)
  }

  /// The number of channels of an input.
  public var inputs: Int { weight.shape[-2] * groups }
  /// The number of channels of a result.
  public var outputs: Int { weight.shape[-1] }
  /// The sizes of the window.
  public var window: [Int] { Array(weight.shape.dimensions.dropLast(2)) }

  /// `Conv 3→64 3x3`.
  public var description: String {
    let sizes = window.map(String.init).joined(separator: "x")
    let step = strides.allSatisfy { $0 == 1 } ? "" : " stride \(oneOrAll(strides))"
    let gaps = dilation.allSatisfy { $0 == 1 } ? "" : " dilation \(oneOrAll(dilation))"
    let parts = groups == 1 ? "" : " groups \(groups)"
    return "Conv \(inputs)→\(outputs) \(sizes)\(step)\(gaps)\(parts)"
  }

  /// The outputs lie last in the kernel.
  public var outputAxis: Int { weight.shape.rank - 1 }

  /// `x: [N, S…, inputs] -> [N, O…, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { callAsFunction(x, weight: weight.value) }

  /// The same with another kernel of the weight's shape.
  public func callAsFunction(_ x: Tensor, weight kernel: Tensor) -> Tensor {
    let space = window.count
    guard x.rank == space + 2, x.shape[-1] == inputs, x.dtype.isFloatingPoint else {
      return spaceMisfit("convolution", x, space, inputs, outputs, self, weight.path)
    }
    let sides = padding.sides(
      input: Array(x.shape.dimensions[1...space]), window: window, strides: strides,
      dilation: dilation)
    var input = x
    var rest = sides
    if paddingMode != .zeros, sides.contains(where: { $0 != (0, 0) }) {
      input = x.padded([(0, 0)] + sides + [(0, 0)], mode: paddingMode)
      rest = sides.map { _ in (0, 0) }
    }
    let y = convolution(
      input, kernel, strides: strides, padding: rest, dilation: dilation, groups: groups)
    guard let bias else { return y }
    return y + bias.value.cast(to: y.dtype)
  }
}

/// One number if all are equal, else the list.
func oneOrAll(_ numbers: [Int]) -> String {
  Set(numbers).count == 1 ? "\(numbers[0])" : "\(numbers)"
}

func spaceMisfit(
  _ operation: String, _ x: Tensor, _ space: Int, _ inputs: Int, _ outputs: Int,
  _ layer: some CustomStringConvertible, _ leaf: String
) -> Tensor {
  let axes = ["L", "H, W", "D, H, W"][space - 1]
  let hint =
    x.dtype.isFloatingPoint
    ? "channels lie last; this layer was made for \(inputs)" : "cast the input to float32"
  return failed(
    operation, [x], "the input must be [N, \(axes), \(inputs)] of floating-point numbers",
    hint: hint, shape: x.rank == 0 ? [outputs] : x.shape.replacing(x.rank - 1, with: outputs),
    layer: layer, leaf: leaf)
}

extension Initializer {
  /// For kernels `[K…, inputs, outputs]`: drawn as `[outputs, K…, inputs]`, by which fans count.
  public var ofKernels: Initializer {
    Initializer(name) { shape, key in
      let sizes = shape.dimensions
      let last = shape.rank - 1
      let drawn = self(Shape([sizes[last]] + sizes.dropLast()), key: key)
      return drawn.permuted(Array(1...last) + [0])
    }
  }
}
