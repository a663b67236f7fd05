// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropGraph

/// What a recurrent layer does in each step.
public enum RecurrentKind: String, Hashable, Sendable, CaseIterable {
  /// h′ = tanh(W x + b + U h + b′) (J. Elman, 1990).
  case tanh
  /// h′ = max(0, W x + b + U h + b′).
  case relu
  /// Gated recurrent unit (K. Cho et al., 2014), in PyTorch's form.
  case gru
  /// Long short-term memory (S. Hochreiter, J. Schmidhuber, 1997).
  case lstm

  /// Blocks of H rows in the weights: the gates.
  public var gates: Int {
    switch self {
    case .tanh, .relu: 1
    case .gru: 3
    case .lstm: 4
    }
  }
}

/// One recurrent layer in one direction. Weights are PyTorch's, gates in its order, drawn from
/// ±1/√H.
public struct RecurrentCell: Module {
  /// W: `[gates · H, inputs]`.
  public let inputWeight: Parameter
  /// U: `[gates · H, H]`.
  public let recurrentWeight: Parameter
  /// b: `[gates · H]`.
  public let inputBias: Parameter
  /// b′: `[gates · H]`.
  public let recurrentBias: Parameter
  /// What a step does.
  public let kind: RecurrentKind

  /// As PyTorch names them.
  public static let keys = [
    "inputWeight": "weight_ih", "recurrentWeight": "weight_hh", "inputBias": "bias_ih",
    "recurrentBias": "bias_hh",
  ]

  /// A layer from `inputs` features to `units`.
  public init(_ kind: RecurrentKind, _ inputs: Int, _ units: Int) {
    precondition(inputs > 0 && units > 0, "a layer has \(inputs) inputs, \(units) units")
    self.kind = kind
    let bound = Initializer.uniform(1 / Float(units).squareRoot())
    let rows = kind.gates * units
    inputWeight = Parameter([rows, inputs], initializer: bound)
    recurrentWeight = Parameter([rows, units], initializer: bound)
    inputBias = Parameter([rows], initializer: bound)
    recurrentBias = Parameter([rows], initializer: bound)
  }

  /// The number of features of a state.
  public var units: Int { recurrentWeight.shape[1] }

  /// Runs over a sequence whose steps lie along axis 0.
  ///
  /// - Parameters:
  ///   - x: `[T, B, inputs]` float32.
  ///   - mask: `[T, B, 1]` bool: where it is false a step changes nothing and gives 0.
  ///   - h, c: what to begin with, `[B, H]`; c is for LSTM only.
  /// - Returns: `h: [T, B, H]`, and after the last step h and c, `[B, H]`.
  package func run(_ x: Tensor, mask: Tensor?, h: Tensor, c: Tensor, reversed: Bool)
    -> (outputs: Tensor, h: Tensor, c: Tensor)
  {
    let steps = x.shape[0]
    let (w, u) = (inputWeight.value, recurrentWeight.value)
    let flat = matmul(x.reshaped(to: [-1, x.shape[-1]]), w.transposed())
    let hidden = recurrentBias.value
    // All biases at once, but where the recurrent one stands inside a gate.
    let bias = kind == .gru ? inputBias.value : inputBias.value + hidden
    let z = (flat + bias).reshaped(to: [steps, x.shape[1], kind.gates * units])
    let end = reversed ? 0 : steps - 1
    if kind == .lstm, mask == nil {
      let made = longShortTermMemory(z, h: h, c: c, recurrent: u, reversed: reversed)
      return (made.h, made.h[end], made.c[end])
    }
    let isLong = kind == .lstm
    let made = scan(
      from: isLong ? [h, c] : [h], over: [z] + (mask.map { [$0] } ?? []), reversed: reversed
    ) { carries, items in
      let next = step(items[0], carries, matmul(carries[0], u.transposed()), hidden)
      guard mask != nil else { return (next, []) }
      let isOn = items[1].broadcast(to: carries[0].shape)
      let kept = zip(next, carries).map { select(isOn, $0, $1) }
      return (kept, [select(isOn, kept[0], .zeros(kept[0].shape))])
    }
    return (
      made.outputs.first ?? made.histories[0], made.histories[0][end],
      isLong ? made.histories[1][end] : c
    )
  }

  private func step(_ z: Tensor, _ carries: [Tensor], _ r: Tensor, _ hidden: Tensor) -> [Tensor] {
    switch kind {
    case .tanh: return [(z + r).tanh()]
    case .relu: return [(z + r).relu()]
    case .lstm:
      let gates = (z + r).split(into: 4, along: -1)
      let c = gates[1].sigmoid() * carries[1] + gates[0].sigmoid() * gates[2].tanh()
      return [gates[3].sigmoid() * c.tanh(), c]
    case .gru:
      let (x, h) = (z.split(into: 3, along: -1), (r + hidden).split(into: 3, along: -1))
      let reset = (x[0] + h[0]).sigmoid()
      let update = (x[1] + h[1]).sigmoid()
      let new = (x[2] + reset * h[2]).tanh()
      return [new + update * (carries[0] - new)]
    }
  }
}
