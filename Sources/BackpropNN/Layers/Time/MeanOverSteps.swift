// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The mean of each feature over the steps of a sequence that count.
///
/// `x: [B, T, C] -> [B, C]`; zero for a sequence of length 0.
///
/// - Parameter lengths: `[B]` int32, how many steps of each sequence count; nil: all.
public func meanOverSteps(_ x: Tensor, lengths: Tensor? = nil) -> Tensor {
  guard let lengths, x.rank == 3 else { return x.rank == 3 ? x.mean(over: 1) : x }
  let count = maximum(lengths.cast(to: .float32), 1).reshaped(to: [-1, 1])
  return keptSteps(x, lengths: lengths).sum(over: 1) / count
}

/// The steps that count as they are, and zeros behind them: `x: [B, T, C] -> [B, T, C]`.
///
/// - Parameter lengths: `[B]` int32, how many steps of each sequence count; nil: all.
public func keptSteps(_ x: Tensor, lengths: Tensor?) -> Tensor {
  guard let lengths, x.rank == 3 else { return x }
  let steps = Tensor.iota([x.shape[0], x.shape[1], 1], along: 1)
  let counts = steps .< lengths.cast(to: .int32).reshaped(to: [x.shape[0], 1, 1])
  return select(counts.broadcast(to: x.shape), x, Tensor.literal(0, like: x))
}
