// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The strength of each frequency in each frame of a signal.
///
/// `x: [B, T] -> [B, frames, length / 2 + 1]`: the magnitude of the short-time Fourier transform to
/// a power. There are no parameters.
public struct Spectrogram: Layer, CustomStringConvertible {
  /// The frames, and what is done to them first.
  public let form: ShortTimeFourier
  /// 2: the square of the magnitude; 1: the magnitude.
  public let power: Int

  /// A spectrogram of power 1 or 2.
  public init(_ form: ShortTimeFourier, power: Int = 2) {
    precondition(power == 1 || power == 2, "a spectrogram of power \(power)")
    self.form = form
    self.power = power
  }

  /// `Spectrogram 256 by 64`.
  public var description: String { "Spectrogram \(form.length) by \(form.hop)" }

  /// `x: [B, T] -> [B, frames, bins]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.rank == 2 else {
      return .failed(
        "Spectrogram", [x], "signals are [B, T]", shape: x.shape, dtype: .float32)
    }
    let squares = x.shortTimeFourierTransform(form).square().sum(over: -1)
    if power == 2 { return squares }
    // Where there is no sound the root has no slope; there the cotangent is taken as zero.
    let isSilent = squares .== Tensor.zeros([])
    let safe = select(isSilent, Tensor.literal(1, like: squares), squares).squareRoot()
    return select(isSilent, Tensor.literal(0, like: squares), safe)
  }
}

/// A spectrogram in bands that are equally wide to the ear.
///
/// `x: [B, T] -> [B, frames, bands]`: the squared magnitudes, summed up by ``MelFilters``. There are
/// no parameters.
public struct MelSpectrogram: Layer, CustomStringConvertible {
  /// The spectrogram.
  public let spectrogram: Spectrogram
  /// The bands.
  public let filters: MelFilters
  private let matrix: Tensor

  /// Bands of a spectrogram; there must be a weight for each of its frequencies.
  public init(_ spectrogram: Spectrogram, _ filters: MelFilters) {
    precondition(
      filters.bins == spectrogram.form.bins,
      "filters over \(filters.bins) frequencies for \(spectrogram.form.bins)")
    self.spectrogram = spectrogram
    self.filters = filters
    matrix = filters.matrix
  }

  /// Bands from 0 to half the sample rate, by the HTK scale.
  ///
  /// - Parameters:
  ///   - sampleRate: in hertz.
  ///   - length: the samples of a frame.
  ///   - hop: the samples from one frame to the next; a quarter of `length` unless given.
  public init(sampleRate: Double, length: Int, hop: Int? = nil, bands: Int) {
    let form = ShortTimeFourier(length: length, hop: hop)
    self.init(
      Spectrogram(form), MelFilters(count: bands, bins: form.bins, sampleRate: sampleRate))
  }

  /// `MelSpectrogram 256 by 64, 40 bands`.
  public var description: String { "Mel\(spectrogram), \(filters.count) bands" }

  /// `x: [B, T] -> [B, frames, bands]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { matmul(spectrogram(x), matrix) }
}

/// The natural logarithm of a mel spectrogram, as loudness is heard.
///
/// `x: [B, T] -> [B, frames, bands]`: ln(power + floor). There are no parameters.
public struct LogMel: Layer, CustomStringConvertible {
  /// What the logarithm is taken of.
  public let mel: MelSpectrogram
  /// What stands below the faintest sound.
  public let floor: Float

  /// The logarithm of a mel spectrogram.
  public init(_ mel: MelSpectrogram, floor: Float = 1e-6) {
    precondition(floor > 0, "the logarithm of silence needs a floor above 0, not \(floor)")
    self.mel = mel
    self.floor = floor
  }

  /// `LogMel 256 by 64, 40 bands`.
  public var description: String {
    "Log" + mel.description.replacing("MelSpectrogram", with: "Mel")
  }

  /// `x: [B, T] -> [B, frames, bands]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { (mel(x) + floor).log() }
}

/// Mel-frequency cepstral coefficients: the first numbers of the cosine transform of a logarithmic
/// mel spectrogram (S. Davis, P. Mermelstein, 1980).
///
/// `x: [B, T] -> [B, frames, count]`, as torchaudio's with `log_mels`. There are no parameters.
public struct MFCC: Layer, CustomStringConvertible {
  /// What is transformed.
  public let logMel: LogMel
  /// The numbers that are kept.
  public let count: Int
  private let matrix: Tensor

  /// The first `count` coefficients.
  public init(_ logMel: LogMel, count: Int = 13) {
    let bands = logMel.mel.filters.count
    precondition((1...bands).contains(count), "\(count) coefficients of \(bands) bands")
    self.logMel = logMel
    self.count = count
    matrix = .cosines(bands, count)
  }

  /// `MFCC 13 of LogMel 256 by 64, 40 bands`.
  public var description: String { "MFCC \(count) of \(logMel)" }

  /// `x: [B, T] -> [B, frames, count]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { matmul(logMel(x), matrix) }
}
