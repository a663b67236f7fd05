// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A layer that multiplies with one weight, which may be made of something else than its own
/// parameter: see ``WeightNorm`` and ``SpectralNorm``.
public protocol WeightedLayer: Layer {
  /// The weight.
  var weight: Parameter { get }
  /// The axis of the weight along which its outputs lie.
  var outputAxis: Int { get }
  /// The layer's result for `x` with another weight of the same shape.
  func callAsFunction(_ x: Tensor, weight: Tensor) -> Tensor
}

/// A layer whose weight is made of a direction and a length for each output (T. Salimans, D. Kingma,
/// "Weight normalization: a simple reparameterization to accelerate training of deep neural
/// networks", 2016):
///
///     w = length · v / ‖v‖, for each output
///
///     let layer = WeightNorm(Linear(128, 64))
///
/// The layer's own weight is v; the lengths are at first those of v, so that the layer computes what
/// it would without. As PyTorch's `parametrizations.weight_norm`, for transposed convolutions with
/// `dim=1`. Paths: those of the layer, and `length`.
public struct WeightNorm<Wrapped: WeightedLayer>: Layer, CustomStringConvertible {
  /// The layer; its weight is v.
  public let layer: Wrapped
  /// The length of the weight of each output: of the weight's rank, 1 along all other axes.
  public let length: Parameter

  /// The layer keeps its paths.
  public static var keys: [String: String] { ["layer": ""] }

  /// Makes the weight of a layer of a direction and lengths.
  public init(_ layer: Wrapped) {
    self.layer = layer
    let axes = layer.inputAxes
    length = Parameter(
      Shape(layer.weight.shape.dimensions.enumerated().map { axes.contains($0) ? 1 : $1 }),
      from: layer.weight
    ) { WeightNorm.norm($0, axes) }
  }

  /// `WeightNorm Linear 128→64`.
  public var description: String { "WeightNorm \(described(layer))" }

  /// The weight, in the shape of the layer's own.
  public var weight: Tensor {
    let v = layer.weight.value
    return v * (length.value / WeightNorm.norm(v, layer.inputAxes))
  }

  /// The layer's result.
  public func callAsFunction(_ x: Tensor) -> Tensor { layer(x, weight: weight) }

  private static func norm(_ v: Tensor, _ axes: [Int]) -> Tensor {
    v.square().sum(over: axes, keepingAxes: true).squareRoot()
  }
}

extension WeightedLayer {
  /// The axes of the weight that are no outputs.
  var inputAxes: [Int] { (0..<weight.shape.rank).filter { $0 != outputAxis } }
}

/// What a layer says of itself.
func described(_ layer: some Layer) -> String {
  (layer as? any CustomStringConvertible)?.description ?? "\(type(of: layer))"
}
