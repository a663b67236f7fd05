// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// y = x Wᵀ + b.
///
/// `x: [..., inputs] -> [..., outputs]`, `weight: [outputs, inputs]`, `bias: [outputs]`. Both are
/// drawn uniformly from ±1/√inputs at first, as PyTorch does.
public struct Linear: WeightedLayer, CustomStringConvertible {
  /// The matrix, `[outputs, inputs]`.
  public let weight: Parameter
  /// The bias, `[outputs]`; nil if there is none.
  public let bias: Parameter?

  private static let exchange = Permutation([1, 0])

  /// A layer from `inputs` to `outputs` features.
  ///
  /// - Parameter initializer: of the weight.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, initializer: Initializer = .linear
  ) {
    precondition(inputs >= 0 && outputs >= 0, "a layer has \(inputs) inputs, \(outputs) outputs")
    weight = Parameter([outputs, inputs], initializer: initializer)
    let bound = inputs == 0 ? 0 : 1 / Float(inputs).squareRoot()
    self.bias = bias ? Parameter([outputs], initializer: .uniform(bound)) : nil
  }

  /// A layer with given parameters, for tying weights.
  public init(weight: Parameter, bias: Parameter? = nil) {
    precondition(
      weight.shape.rank == 2 && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
      "a weight \(weight.shape) is not a matrix with a bias \(bias?.shape.description ?? "")")
    self.weight = weight
    self.bias = bias
  }

  /// The number of features of an input.
  public var inputs: Int { weight.shape[1] }
  /// The number of features of a result.
  public var outputs: Int { weight.shape[0] }

  /// `Linear 784→128`.
  public var description: String { "Linear \(inputs)→\(outputs)" }

  /// The outputs are the weight's rows.
  public var outputAxis: Int { 0 }

  /// `x: [..., inputs] -> [..., outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard fits(x) else { return misfit(x, weight.value) }
    let context = Context.current
    return product(x, context.value(of: weight, for: x), context)
  }

  /// The same with another matrix of the weight's shape.
  public func callAsFunction(_ x: Tensor, weight w: Tensor) -> Tensor {
    guard fits(x) else { return misfit(x, w) }
    let context = Context.current
    return product(x, w.cast(to: context.precision ?? x.dtype), context)
  }

  private func fits(_ x: Tensor) -> Bool {
    x.rank >= 1 && x.shape[-1] == inputs && x.dtype.isFloatingPoint
  }

  /// The product of x with a matrix in the context's precision.
  private func product(_ x: Tensor, _ matrix: Tensor, _ context: Context) -> Tensor {
    let precision = matrix.dtype
    let input = x.cast(to: precision)
    let swapped = Tensor(
      Node(
        .permute(Linear.exchange),
        matrix.shape.replacing(0, with: inputs).replacing(1, with: outputs),
        precision, matrix.node))
    let product =
      x.rank == 2
      ? Tensor(
        Node(
          .matmul, x.shape.replacing(1, with: outputs), precision, input.node, swapped.node))
      : matmul(input, swapped)
    guard let bias else { return product }
    return product + context.value(of: bias, for: x)
  }

  private func misfit(_ x: Tensor, _ w: Tensor) -> Tensor {
    let isNumber = x.dtype.isFloatingPoint
    let features = x.rank == 0 ? 0 : x.shape[-1]
    return failed(
      "linear", [x, w],
      isNumber
        ? "the last axis must have \(inputs) features, not \(features)"
        : "\(x.dtype) has no gradient; a linear layer takes floating-point numbers",
      hint: isNumber
        ? "the layer before makes \(features) features; this weight expects \(inputs)"
        : "cast the input to float32, or look it up in an Embedding",
      shape: x.rank == 0 ? [outputs] : x.shape.replacing(x.rank - 1, with: outputs), layer: self,
      leaf: weight.path)
  }
}
