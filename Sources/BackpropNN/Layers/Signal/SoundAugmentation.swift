// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// In training shows each recording, or each series of steps, otherwise every time: earlier or later,
/// louder or softer, with noise; in use the identity.
///
/// `x: [B, T] -> [B, T]`, or `[B, T, C] -> [B, T, C]`, where all channels are moved and made louder
/// alike. What is done to a recording depends on the training's seed, the step, and its place in the
/// batch; see ``Context``.
public struct SoundAugmentation: Layer, CustomStringConvertible {
  /// How far recordings are moved at most, forward or back, in samples or steps; zeros move in.
  public let shift: Int
  /// How much louder or softer they become at most, in decibels.
  public let gain: Float
  /// The standard deviation of the noise at most; each recording draws its own from 0 on.
  public let noise: Float
  private let place = Place()

  /// A layer that does what is asked for.
  public init(shift: Int = 0, gain: Float = 0, noise: Float = 0) {
    precondition(
      shift >= 0 && gain >= 0 && noise >= 0, "shift, gain and noise are numbers from 0 on")
    self.shift = shift
    self.gain = gain
    self.noise = noise
  }

  /// `SoundAugmentation shift 400, gain 6 dB`.
  public var description: String {
    let parts = [
      shift > 0 ? "shift \(shift)" : nil, gain > 0 ? "gain \(gain) dB" : nil,
      noise > 0 ? "noise \(noise)" : nil,
    ]
    let text = parts.compactMap { $0 }.joined(separator: ", ")
    return "SoundAugmentation " + (text.isEmpty ? "nothing" : text)
  }

  /// `x: [B, T] -> [B, T]`, or `[B, T, C] -> [B, T, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let context = Context.current
    guard context.isTraining, x.rank == 2 || x.rank == 3, x.count > 0 else { return x }
    let key = context.draw(at: place)
    let (count, steps, channels) = (x.shape[0], x.shape[1], Array(x.shape.dimensions[2...]))
    let each = Shape([count, 1] + channels.map { _ in 1 })
    var y = x
    if shift > 0 {
      let start = Tensor.integers([count, 1], in: 0..<Int32(2 * shift + 1), key: key.folded(0))
      let (places, width): (Shape, Int) = ([count, steps], steps + 2 * shift)
      let index =
        Tensor.iota(places, along: 0) * Float(width) + Tensor.iota(places, along: 1) + start
      y = y.padded([(0, 0), (shift, shift)] + channels.map { _ in (0, 0) })
        .reshaped(to: Shape([count * width] + channels)).gathered(index)
    }
    if gain > 0 {
      let decibels = Tensor.uniform(each, key: key.folded(1)) * (2 * gain) - gain
      // ln 10 / 20
      y = y * (decibels * 0.11512925).exp()
    }
    if noise > 0 {
      let deviation = Tensor.uniform(each, key: key.folded(2)) * noise
      y = y + Tensor.normal(x.shape, key: key.folded(3)) * deviation
    }
    return y
  }
}

/// In training hides some frames and some bands of each spectrogram; in use the identity (SpecAugment:
/// D. Park et al., 2019).
///
/// `x: [B, frames, bands] -> [B, frames, bands]`: one stretch of frames and one of bands, each of a
/// length drawn from 0 to the most, are set to zero.
public struct SpectrogramMask: Layer, CustomStringConvertible {
  /// The most frames that are hidden.
  public let frames: Int
  /// The most bands that are hidden.
  public let bands: Int
  private let place = Place()

  /// A layer that hides at most so many.
  public init(frames: Int, bands: Int) {
    precondition(frames >= 0 && bands >= 0, "masks have sizes from 0 on")
    self.frames = frames
    self.bands = bands
  }

  /// `SpectrogramMask 10 frames, 6 bands`.
  public var description: String { "SpectrogramMask \(frames) frames, \(bands) bands" }

  /// `x: [B, frames, bands] -> [B, frames, bands]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let context = Context.current
    guard context.isTraining, x.rank == 3, x.count > 0, frames + bands > 0 else { return x }
    let key = context.draw(at: place)
    let each: Shape = [x.shape[0], 1, 1]
    var y = x
    for (axis, most) in [(1, frames), (2, bands)] where most > 0 {
      let size = Int32(Swift.min(most, x.shape[axis]) + 1)
      let length = Tensor.integers(each, in: 0..<size, key: key.folded(UInt64(2 * axis)))
      // Any place where the stretch fits: the share of what is left of the axis, rounded down.
      let share = Tensor.uniform(each, key: key.folded(UInt64(2 * axis + 1)))
      let room = (Float(x.shape[axis] + 1) - length).cast(to: .float32)
      let start = (share * room).floor().cast(to: .int32)
      let position = Tensor.iota(x.shape, along: axis)
      let hidden = (position .>= start) .& (position .< start + length)
      y = select(hidden, Tensor.literal(0, like: y), y)
    }
    return y
  }
}
