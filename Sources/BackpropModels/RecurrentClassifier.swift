// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// Tells classes of series of different lengths apart: recurrent layers, whose outputs are averaged
/// over the steps that count.
///
///     x → Recurrent → mean over the steps that count → dropout → Linear
///
/// `x: [B, T, C] -> [B, classes]`. How far a shorter series is filled up changes nothing. Paths:
/// `recurrent.0.weight_ih`, `output.weight`.
public struct RecurrentClassifier: Module, CustomStringConvertible {
  /// The layers over time.
  public let recurrent: Recurrent
  /// What drops features, in training.
  public let dropout: Dropout
  /// What makes logits.
  public let output: Linear

  /// A network for series of `inputs` channels, with `depth` layers of `units` in each direction.
  public init(
    _ kind: RecurrentKind = .lstm, inputs: Int, units: Int, depth: Int = 1, classes: Int,
    bidirectional: Bool = false, dropout: Float = 0
  ) {
    recurrent = Recurrent(
      kind, inputs: inputs, units: units, depth: depth, bidirectional: bidirectional,
      dropout: dropout)
    self.dropout = Dropout(dropout)
    output = Linear(bidirectional ? 2 * units : units, classes)
  }

  /// `Recurrent lstm 12→64, 9 classes`.
  public var description: String { "\(recurrent), \(output.outputs) classes" }

  /// `x: [B, T, C] -> [B, classes]`.
  ///
  /// - Parameter lengths: `[B]` int32, how many steps of each series count; nil: all.
  public func callAsFunction(_ x: Tensor, lengths: Tensor? = nil) -> Tensor {
    let states = recurrent(x, lengths: lengths).outputs
    return output(dropout(meanOverSteps(states, lengths: lengths)))
  }
}
