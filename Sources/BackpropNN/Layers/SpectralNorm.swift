// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A layer whose weight is divided by its largest singular value, so that as a matrix [outputs, rest] it
/// lengthens no vector (T. Miyato et al., "Spectral normalization for generative adversarial networks",
/// 2018).
///
///     let layer = SpectralNorm(Conv(64, 128, window: 3))
///
/// The singular value is uᵀ W v; each forward pass in training brings u and v nearer to the singular
/// vectors by `iterations` steps of power iteration, u = W v / ‖W v‖, v = Wᵀ u / ‖Wᵀ u‖, which have no
/// gradient. At first they have gone 15 steps from random vectors. As PyTorch's
/// `parametrizations.spectral_norm`. Paths: those of the layer, and the buffers `u` and `v`.
public struct SpectralNorm<Wrapped: WeightedLayer>: Layer, CustomStringConvertible {
  /// The layer.
  public let layer: Wrapped
  /// The left singular vector, [outputs].
  public let u: Buffer
  /// The right singular vector, [elements of the weight for each output].
  public let v: Buffer
  /// The steps of power iteration in each forward pass.
  public let iterations: Int
  /// Vectors shorter than this are divided by it, not by their length.
  public let epsilon: Float

  /// The layer keeps its paths.
  public static var keys: [String: String] { ["layer": ""] }

  /// Bounds the weight of a layer.
  public init(_ layer: Wrapped, iterations: Int = 1, epsilon: Float = 1e-12) {
    precondition(iterations > 0, "there is at least one iteration, not \(iterations)")
    self.layer = layer
    self.iterations = iterations
    self.epsilon = epsilon
    let axis = layer.outputAxis
    let outputs = layer.weight.shape[axis]
    let rest = outputs == 0 ? 0 : layer.weight.count / outputs
    @Sendable func first(_ weight: Tensor) -> (u: Tensor, v: Tensor) {
      let key = RandomKey(seed: 0).folded("spectral norm")
      let start = Tensor.normal([outputs], key: key)
      let matrix = weight.outputsByRest(axis)
      return SpectralNorm.approach(
        matrix, from: matmul(matrix.transposed(), start).direction(epsilon), steps: 15, epsilon)
    }
    u = Buffer([outputs], from: layer.weight) { first($0).u }
    v = Buffer([rest], from: layer.weight) { first($0).v }
  }

  /// `SpectralNorm Conv 64→128 3x3`.
  public var description: String { "SpectralNorm \(described(layer))" }

  /// The layer's result.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let weight = layer.weight.value
    let matrix = weight.outputsByRest(layer.outputAxis)
    var (left, right) = (u.latest, v.latest)
    if Context.current.isTraining {
      (left, right) = SpectralNorm.approach(
        matrix.stopGradient(), from: right, steps: iterations, epsilon)
      u.stage(left)
      v.stage(right)
    }
    let largest = (left * matmul(matrix, right)).sum()
    return layer(x, weight: weight / largest)
  }

  /// Steps of power iteration.
  private static func approach(
    _ matrix: Tensor, from v: Tensor, steps: Int, _ epsilon: Float
  ) -> (u: Tensor, v: Tensor) {
    var (u, v) = (v, v)
    for _ in 0..<steps {
      u = matmul(matrix, v).direction(epsilon)
      v = matmul(matrix.transposed(), u).direction(epsilon)
    }
    return (u, v)
  }
}

extension Tensor {
  /// A weight as a matrix [outputs, rest].
  fileprivate func outputsByRest(_ axis: Int) -> Tensor {
    let rest = (0..<rank).filter { $0 != axis }
    return permuted([axis] + rest).reshaped(to: [shape[axis], -1])
  }

  /// x / max(‖x‖, ε)
  fileprivate func direction(_ epsilon: Float) -> Tensor {
    self / maximum(square().sum().squareRoot(), epsilon)
  }
}
