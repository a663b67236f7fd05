// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
public import BackpropNN

/// Classes of recordings by their logarithmic mel spectrogram, read as an image (after T. Sainath,
/// C. Parada, "Convolutional neural networks for small-footprint keyword spotting", 2015).
///
///     x → LogMel → standardize → SpectrogramMask → ConvNet
///
/// `x: [B, T] -> [B, outputs]`. Each recording's spectrogram is brought to mean 0 and deviation 1, so
/// that loudness counts for nothing. Paths: those of ``ConvNet``.
public struct SoundNet: Layer, CustomStringConvertible {
  /// What the network sees of a recording.
  public let logMel: LogMel
  /// What is hidden in training.
  public let mask: SpectrogramMask
  /// The network of the image of frames and bands.
  public let net: ConvNet

  /// The network stands in its paths as if it were this one.
  public static let keys = ["net": ""]

  /// A network for recordings of `samples` samples.
  ///
  /// - Parameters:
  ///   - mask: the most frames and bands that are hidden in training.
  ///   - channels: the outputs of each convolution.
  ///   - hidden: the sizes of the linear layers before the last.
  public init(
    samples: Int, logMel: LogMel, mask: (frames: Int, bands: Int) = (0, 0), channels: [Int],
    window: Int = 3, hidden: [Int] = [], outputs: Int, activation: Activation = .relu,
    norm: Normalization.Kind = .batch, dropout: Float = 0
  ) {
    self.logMel = logMel
    self.mask = SpectrogramMask(frames: mask.frames, bands: mask.bands)
    let form = logMel.mel.spectrogram.form
    net = ConvNet(
      image: [form.frames(samples), logMel.mel.filters.count, 1], channels: channels,
      window: window, hidden: hidden, outputs: outputs, activation: activation, norm: norm,
      dropout: dropout)
  }

  /// `SoundNet of LogMel 256 by 64, 40 bands`.
  public var description: String { "SoundNet of \(logMel)" }

  /// `x: [B, T] -> [B, outputs]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let picture = logMel(x)
    let mean = picture.mean(over: 1, 2, keepingAxes: true)
    let centred = picture - mean
    let variance = centred.square().mean(over: 1, 2, keepingAxes: true)
    let standard = centred * (variance + 1e-5).reciprocalSquareRoot()
    return net(mask(standard).expanded(at: -1))
  }
}
