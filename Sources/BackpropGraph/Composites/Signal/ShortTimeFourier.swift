// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The short-time Fourier transform: the spectra of overlapping frames of a signal, as
/// `torch.stft` defines them.
public struct ShortTimeFourier: Hashable, Sendable {
  /// The elements of a frame; its spectrum has length/2 + 1 numbers.
  public let length: Int
  /// The elements from one frame to the next.
  public let hop: Int
  /// The weights of a frame's elements, `length` of them.
  public let window: [Float]
  /// Whether frame f has its middle at element f · hop: the signal is reflected at both ends.
  public let isCentered: Bool

  /// - Parameters:
  ///   - hop: a quarter of `length` unless given.
  ///   - windowLength: the elements that the window covers, in the middle of the frame; all unless
  ///     given.
  public init(
    length: Int, hop: Int? = nil, windowLength: Int? = nil, window: WindowFunction = .hann,
    isCentered: Bool = true
  ) {
    let width = windowLength ?? length
    precondition(
      length >= 1 && (hop ?? 1) >= 1 && (1...length).contains(width),
      "frames of \(length), \(hop ?? 1) apart, with windows of \(width), are none")
    self.length = length
    self.hop = hop ?? Swift.max(1, length / 4)
    let before = (length - width) / 2
    self.window =
      [Float](repeating: 0, count: before) + window.values(width)
      + [Float](repeating: 0, count: length - width - before)
    self.isCentered = isCentered
  }

  /// The numbers of a frame's spectrum.
  public var bins: Int { length / 2 + 1 }

  /// The frames of a signal of so many elements; 0 if it is too short.
  public func frames(_ count: Int) -> Int {
    let padded = isCentered ? count + length / 2 * 2 : count
    return padded < length ? 0 : (padded - length) / hop + 1
  }
}

extension Tensor {
  /// The short-time Fourier transform of real signals.
  ///
  /// `self: […, T] -> […, frames, bins, 2]`, complex numbers along the last axis. Where frames are
  /// centred, T must be larger than half a frame.
  public func shortTimeFourierTransform(_ form: ShortTimeFourier) -> Tensor {
    guard rank >= 1, rank <= Shape.maximumRank - 2,
      form.isCentered ? shape[-1] > form.length / 2 : shape[-1] >= form.length
    else {
      return .failed(
        "shortTimeFourierTransform", [self],
        "frames of \(form.length) do not fit the signal's last axis", hint: "use shorter frames",
        shape: shape, dtype: .float32)
    }
    var x = cast(to: .float32)
    if form.isCentered {
      let half = form.length / 2
      var padding = [(Int, Int)](repeating: (0, 0), count: rank)
      padding[rank - 1] = (half, half)
      x = x.padded(padding, mode: .reflect)
    }
    return (x.frames(length: form.length, hop: form.hop) * Tensor(form.window))
      .realFourierTransform()
  }

  /// The signal of a short-time Fourier transform: frames are weighed and added, and the sum divided
  /// by that of the windows' squares (D. Griffin, J. Lim, "Signal estimation from modified short-time
  /// Fourier transform", 1984), as `torch.istft` does.
  ///
  /// `self: […, frames, bins, 2] -> […, T]`
  ///
  /// - Parameter count: T; unless given, what the frames cover, without the half frames at the ends
  ///   if they are centred.
  public func inverseShortTimeFourierTransform(
    _ form: ShortTimeFourier, count: Int? = nil
  ) -> Tensor {
    let failed = { (rule: String) -> Tensor in
      .failed(
        "inverseShortTimeFourierTransform", [self], rule, shape: shape, dtype: .float32)
    }
    guard rank >= 3, shape[-1] == 2, shape[-2] == form.bins, shape[-3] >= 1 else {
      return failed("the spectra of frames of \(form.length) are […, frames, \(form.bins), 2]")
    }
    let whole = (shape[-3] - 1) * form.hop + form.length
    let start = form.isCentered ? form.length / 2 : 0
    let end = count.map { start + $0 } ?? (whole - start)
    guard start < end, end <= whole else {
      return failed("\(shape[-3]) frames do not cover \(count ?? 0) elements")
    }
    let envelope = form.envelope(frames: shape[-3])
    guard envelope[start..<end].allSatisfy({ $0 > 1e-11 }) else {
      return failed("the windows leave elements out: no signal is known there")
    }
    let frames = inverseRealFourierTransform(count: form.length) * Tensor(form.window)
    let inverse = Tensor(envelope[start..<end].map { Float(1 / $0) })
    return frames.overlapAdded(hop: form.hop).sliced(along: -1, start..<end) * inverse
  }
}

extension ShortTimeFourier {
  /// The sum of the squares of all windows at each element.
  fileprivate func envelope(frames: Int) -> [Double] {
    var sum = [Double](repeating: 0, count: (frames - 1) * hop + length)
    let squares = window.map { Double($0) * Double($0) }
    for frame in 0..<frames {
      for (place, square) in squares.enumerated() { sum[frame * hop + place] += square }
    }
    return sum
  }
}
