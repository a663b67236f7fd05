// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A change of the sample rate by a rational factor: band-limited interpolation (J. O. Smith, "Digital
/// audio resampling", 1984) with a sinc that a Hann window cuts off, as
/// `torchaudio.functional.resample` defines it.
public struct Resampler: Hashable, Sendable {
  /// The old rate over the greatest common divisor: so many samples in become …
  public let from: Int
  /// … so many samples out.
  public let to: Int
  /// How far the filter reaches before the first of `from` samples.
  public let reach: Int
  /// For each of the `to` samples out the weights of the samples in, `2 reach + from` each.
  public let weights: [Float]

  /// - Parameters:
  ///   - from: the old rate in hertz, or any whole multiple of the ratio.
  ///   - to: the new rate.
  ///   - zeros: the zeros of the sinc on either side that the window leaves in.
  ///   - rolloff: where the filter falls off, as a share of the lower of the two limits; below 1, so
  ///     that little of what the new rate can't hold is left.
  public init(from: Int, to: Int, zeros: Int = 6, rolloff: Double = 0.99) {
    precondition(
      from >= 1 && to >= 1 && zeros >= 1 && rolloff > 0 && rolloff <= 1,
      "no resampling from \(from) Hz to \(to) Hz")
    var (divisor, rest) = (from, to)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    self.from = from / divisor
    self.to = to / divisor
    let rate = Double(Swift.min(self.from, self.to)) * rolloff
    reach = Int((Double(zeros) * Double(self.from) / rate).rounded(.up))
    let taps = 2 * reach + self.from
    var weights: [Float] = []
    weights.reserveCapacity(taps * self.to)
    for phase in 0..<self.to {
      for tap in 0..<taps {
        let time =
          Double(tap - reach) / Double(self.from) - Double(phase) / Double(self.to)
        let t = Swift.min(Swift.max(time * rate, -Double(zeros)), Double(zeros))
        let window = HostMath.cosinePi(t / Double(2 * zeros))
        let sinc = t == 0 ? 1 : HostMath.sinePi(t) / (t * Double.pi)
        weights.append(Float(sinc * window * window * rate / Double(self.from)))
      }
    }
    self.weights = weights
  }

  /// The samples that come out for so many that go in.
  public func count(_ samples: Int) -> Int { (samples * to + from - 1) / from }

  /// The samples at the new rate.
  package func callAsFunction(_ samples: [Float]) -> [Float] {
    if from == to { return samples }
    let taps = 2 * reach + from
    return (0..<count(samples.count)).map { place in
      let start = place / to * from - reach
      let row = place % to * taps
      var sum = 0.0
      for tap in Swift.max(0, -start)..<Swift.max(0, Swift.min(taps, samples.count - start)) {
        sum += Double(weights[row + tap]) * Double(samples[start + tap])
      }
      return Float(sum)
    }
  }
}

extension Tensor {
  /// The signals at another sample rate: `self: […, T] -> […, ⌈T · to / from⌉]`; see ``Resampler``.
  public func resampled(_ resampler: Resampler) -> Tensor {
    guard rank >= 1, shape[-1] >= 1 else {
      return .failed(
        "resample", [self], "the last axis must have at least one sample", shape: shape,
        dtype: .float32)
    }
    let x = cast(to: .float32)
    if resampler.from == resampler.to { return x }
    let count = shape[-1]
    let taps = 2 * resampler.reach + resampler.from
    // One strided convolution with a channel for each of the samples that a stride makes.
    let kernel = Tensor(resampler.weights, shape: [resampler.to, taps]).transposed()
      .expanded(at: 1)
    let rows = Swift.max(1, shape.count / count)
    let signals = x.reshaped(to: [rows, count, 1])
    let padding = [(resampler.reach, resampler.reach + resampler.from)]
    let made = convolution(signals, kernel, strides: [resampler.from], padding: padding)
    return made.reshaped(to: [rows, made.shape[1] * resampler.to])
      .sliced(along: 1, 0..<resampler.count(count))
      .reshaped(to: Shape(shape.dimensions.dropLast() + [resampler.count(count)]))
  }
}
