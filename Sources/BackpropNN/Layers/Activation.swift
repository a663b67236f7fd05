// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// A function of each element as a layer, or along the last axis (softmax and the gates). Each is
/// a method of ``Tensor`` too.
public enum Activation: Layer, Hashable, CustomStringConvertible {
  /// x.
  case identity
  /// max(x, 0).
  case relu
  /// x between 0 and 6.
  case relu6
  /// x above 0, slope · x below.
  case leakyReLU(slope: Float = 0.01)
  /// x above 0, α(eˣ − 1) below.
  case elu(alpha: Float = 1)
  /// x above 0, α(e^(x/α) − 1) below.
  case celu(alpha: Float = 1)
  /// λ elu(x, α) with the self-normalizing constants.
  case selu
  /// x Φ(x).
  case gelu
  /// x Φ(x) with Φ by tanh.
  case geluTanh
  /// x σ(x).
  case silu
  /// x tanh(ln(1 + eˣ)).
  case mish
  /// 1/(1 + e⁻ˣ).
  case sigmoid
  /// ln σ(x).
  case logSigmoid
  /// tanh x.
  case tanh
  /// ln(1 + eˣ).
  case softplus
  /// x/(1 + |x|).
  case softsign
  /// x/6 + ½ between 0 and 1.
  case hardSigmoid
  /// x · hardSigmoid(x).
  case hardSiLU
  /// x between −1 and 1.
  case hardTanh
  /// eˣⁱ / Σ eˣʲ along the last axis.
  case softmax
  /// The logarithm of softmax.
  case logSoftmax
  /// a σ(b) for the halves of the last axis.
  case glu
  /// a max(b, 0) for the halves of the last axis.
  case reglu
  /// a gelu(b) for the halves of the last axis.
  case geglu
  /// a silu(b) for the halves of the last axis.
  case swiglu
  /// a b for the halves of the last axis.
  case bilinear

  /// The activations that have a name, with their usual numbers.
  public static let named: [String: Activation] = [
    "identity": .identity, "relu": .relu, "relu6": .relu6, "leaky-relu": .leakyReLU(),
    "elu": .elu(), "celu": .celu(), "selu": .selu, "gelu": .gelu, "gelu-tanh": .geluTanh,
    "silu": .silu, "swish": .silu, "mish": .mish, "sigmoid": .sigmoid,
    "log-sigmoid": .logSigmoid, "tanh": .tanh, "softplus": .softplus, "softsign": .softsign,
    "hard-sigmoid": .hardSigmoid, "hard-silu": .hardSiLU, "hard-swish": .hardSiLU,
    "hard-tanh": .hardTanh, "softmax": .softmax, "log-softmax": .logSoftmax, "glu": .glu,
    "reglu": .reglu, "geglu": .geglu, "swiglu": .swiglu, "bilinear": .bilinear,
  ]

  /// Whether the result has half as many features as the input.
  public var isGate: Bool {
    switch self {
    case .glu, .reglu, .geglu, .swiglu, .bilinear: true
    case .identity, .relu, .relu6, .leakyReLU, .elu, .celu, .selu, .gelu, .geluTanh, .silu, .mish,
      .sigmoid, .logSigmoid, .tanh, .softplus, .softsign, .hardSigmoid, .hardSiLU, .hardTanh,
      .softmax, .logSoftmax:
      false
    }
  }

  /// The name, e.g. `gelu`.
  public var description: String {
    Activation.named.filter { $0.value == self }.map(\.key).min()
      ?? "\(Mirror(reflecting: self).children.first?.label ?? "activation")"
  }

  /// `x: [...] -> [...]`; the gates halve the last axis.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .identity: x
    case .relu: x.relu()
    case .relu6: x.relu6()
    case .leakyReLU(let slope): x.leakyReLU(slope: slope)
    case .elu(let alpha): x.elu(alpha: alpha)
    case .celu(let alpha): x.celu(alpha: alpha)
    case .selu: x.selu()
    case .gelu: x.gelu()
    case .geluTanh: x.geluTanh()
    case .silu: x.silu()
    case .mish: x.mish()
    case .sigmoid: x.sigmoid()
    case .logSigmoid: x.logSigmoid()
    case .tanh: x.tanh()
    case .softplus: x.softplus()
    case .softsign: x.softsign()
    case .hardSigmoid: x.hardSigmoid()
    case .hardSiLU: x.hardSiLU()
    case .hardTanh: x.hardTanh()
    case .softmax: x.softmax()
    case .logSoftmax: x.logSoftmax()
    case .glu: x.glu()
    case .reglu: x.reglu()
    case .geglu: x.geglu()
    case .swiglu: x.swiglu()
    case .bilinear: x.bilinearGate()
    }
  }
}

/// x above 0, slope · x below, with slopes that are learned (K. He et al., 2015).
///
/// `x: [..., C] -> [..., C]`, `weight: [1]` or `[C]`, 0.25 at first.
public struct PReLU: Layer, CustomStringConvertible {
  /// The slopes below 0.
  public let weight: Parameter

  /// A layer with one slope, or one for each of `channels`.
  public init(channels: Int = 1, slope: Float = 0.25) {
    weight = Parameter([channels], initializer: .constant(slope))
  }

  /// `PReLU 64`.
  public var description: String { "PReLU \(weight.count)" }

  /// `x: [..., C] -> [..., C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank > 0, weight.count == 1 || weight.count == x.shape[-1] else {
      return failed(
        "prelu", [x, weight.value], "there must be one slope, or one for each channel",
        hint: "channels lie last", shape: x.shape, layer: self, leaf: weight.path)
    }
    return x.prelu(slope: weight.value.cast(to: x.dtype))
  }
}
