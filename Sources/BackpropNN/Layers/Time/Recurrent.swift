// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// Recurrent layers one above the other, each in one direction or in both.
///
///     let lstm = Recurrent(.lstm, inputs: 128, units: 256)
///     let (outputs, state) = lstm(x)          // x: [B, T, 128] -> [B, T, 256]
///
/// As PyTorch's `RNN`, `GRU` and `LSTM` with `batch_first`; the two directions' outputs stand side
/// by side.
public struct Recurrent: Module, CustomStringConvertible {
  /// The cells: for each layer one, or two with the one that goes backward.
  public let layers: [RecurrentDirections]
  /// Between layers, in training.
  public let dropout: Dropout
  /// What the cells do.
  public let kind: RecurrentKind

  /// The layers are not named for the list they are in.
  public static let keys = ["layers": ""]

  /// Where a sequence left the cells: for each layer and direction, `[layers · directions, B, H]`.
  public struct State: Sendable {
    /// The outputs of the last steps.
    public var h: Tensor
    /// The cells' memory; LSTM only, else zeros.
    public var c: Tensor

    /// A state to begin with.
    public init(h: Tensor, c: Tensor) {
      self.h = h
      self.c = c
    }
  }

  /// Layers of `units` each.
  ///
  /// - Parameters:
  ///   - depth: layers.
  ///   - bidirectional: whether each layer also runs from the end to the start.
  ///   - dropout: of the outputs of every layer but the last.
  public init(
    _ kind: RecurrentKind, inputs: Int, units: Int, depth: Int = 1, bidirectional: Bool = false,
    dropout: Float = 0
  ) {
    precondition(depth > 0, "there is at least one layer, not \(depth)")
    self.kind = kind
    self.dropout = Dropout(dropout)
    layers = (0..<depth).map { layer in
      RecurrentDirections(
        kind, layer == 0 ? inputs : units * (bidirectional ? 2 : 1), units, bidirectional)
    }
  }

  /// The number of features that the first layer takes.
  public var inputs: Int { layers[0].forward.inputWeight.shape[1] }

  /// `Recurrent lstm 128→256`.
  public var description: String {
    "Recurrent \(kind.rawValue) \(inputs)→\(layers[0].forward.units)"
      + (layers.count > 1 ? " × \(layers.count)" : "")
      + (layers[0].backward == nil ? "" : ", both directions")
  }

  /// Runs over sequences.
  ///
  /// - Parameters:
  ///   - x: `[B, T, inputs]` float32.
  ///   - lengths: `[B]` int32, how many steps of each sequence count; nil: all. Outputs beyond are 0.
  ///   - state: what to begin with; nil: zeros.
  /// - Returns: `[B, T, H · directions]`, and the state after each sequence's last step.
  public func callAsFunction(_ x: Tensor, lengths: Tensor? = nil, state: State? = nil)
    -> (outputs: Tensor, state: State)
  {
    let units = layers[0].forward.units
    let directions = layers[0].backward == nil ? 1 : 2
    guard x.rank == 3, x.shape[-1] == inputs, x.dtype == .float32, x.shape[1] > 0,
      lengths.map({ $0.shape == [x.shape[0]] }) ?? true
    else {
      let failure = failed(
        "recurrent", [x],
        "a batch of sequences must be float32 [B, T, \(inputs)], with at least one step",
        hint: "put the features last, and one length for each sequence", shape: x.shape,
        layer: self, leaf: layers[0].forward.inputWeight.path)
      return (failure, State(h: failure, c: failure))
    }
    let (batch, steps) = (x.shape[0], x.shape[1])
    let mask = lengths.map {
      (Tensor.iota([steps, batch, 1], along: 0) .< $0.cast(to: .int32).reshaped(to: [1, batch, 1]))
    }
    let begin =
      state
      ?? State(
        h: .zeros([layers.count * directions, batch, units]),
        c: .zeros([layers.count * directions, batch, units]))
    // Time first: then a step is a block of memory.
    var y = x.permuted([1, 0, 2])
    var ends: (h: [Tensor], c: [Tensor]) = ([], [])
    for (number, layer) in layers.enumerated() {
      if number > 0 { y = dropout(y) }
      var sides: [Tensor] = []
      for (direction, cell) in layer.cells.enumerated() {
        let place = number * directions + direction
        let made = cell.run(
          y, mask: mask, h: begin.h[place], c: begin.c[place], reversed: direction == 1)
        sides.append(made.outputs)
        ends.h.append(made.h)
        ends.c.append(made.c)
      }
      y = sides.count == 1 ? sides[0] : concatenate(sides, along: -1)
    }
    return (
      y.permuted([1, 0, 2]), State(h: stack(ends.h, along: 0), c: stack(ends.c, along: 0))
    )
  }
}

/// The cells of one layer.
public struct RecurrentDirections: Module {
  /// From the start to the end.
  public let forward: RecurrentCell
  /// From the end to the start; nil where there is one direction only.
  public let backward: RecurrentCell?

  /// The forward cell has no name of its own.
  public static let keys = ["forward": ""]

  init(_ kind: RecurrentKind, _ inputs: Int, _ units: Int, _ isBidirectional: Bool) {
    forward = RecurrentCell(kind, inputs, units)
    backward = isBidirectional ? RecurrentCell(kind, inputs, units) : nil
  }

  var cells: [RecurrentCell] { [forward] + (backward.map { [$0] } ?? []) }
}
