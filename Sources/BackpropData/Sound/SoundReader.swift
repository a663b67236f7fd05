// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph

/// Reads recordings as examples of one rate and one length, and counts what it did to them.
///
/// Several channels are mixed to their mean; another sample rate is changed (see ``Resampler``); a
/// shorter recording gets zeros on both sides, of a longer one the middle is taken.
public struct SoundReader: Sendable {
  /// The samples in a second of every example.
  public let sampleRate: Int
  /// The samples of every example.
  public let samples: Int
  private var mixed = 0
  private var resampled: [Int: Int] = [:]
  private var padded = 0
  private var cut = 0
  private var resamplers: [Int: Resampler] = [:]

  /// The ratio of two rates, in lowest terms, has a filter for each of so many samples at most.
  private static let largestRatio = 1024
  /// A recording that has more samples at the wanted rate is an error: 1 GiB of them.
  private static let mostSamples = 0x1p28

  /// A reader for examples of a rate and a length.
  public init(sampleRate: Int, samples: Int) {
    precondition(sampleRate > 0 && samples > 0, "\(samples) samples at \(sampleRate) Hz")
    self.sampleRate = sampleRate
    self.samples = samples
  }

  /// The samples of a file, `samples` of them.
  public mutating func read(_ path: String) throws -> [Float] {
    let sound = try WAV.read(path)
    guard sound.frames > 0 else {
      throw DataError(
        source: path, what: "the recording is empty", remedy: "record it again or take it away")
    }
    if sound.channels > 1 { mixed += 1 }
    var clip = sound.mono
    if sound.sampleRate != sampleRate {
      let count = Double(clip.count) * Double(sampleRate) / Double(sound.sampleRate)
      guard count < SoundReader.mostSamples else {
        throw DataError(
          source: path,
          what: "\(clip.count) samples of \(sound.sampleRate) Hz would be "
            + "\(Int(count)) of \(sampleRate) Hz",
          remedy: "the sample rate is probably wrong; correct it, or cut the recording")
      }
      resampled[sound.sampleRate, default: 0] += 1
      clip = try resampler(sound.sampleRate, path)(clip)
    }
    if clip.count < samples {
      padded += 1
      let before = (samples - clip.count) / 2
      let after = samples - clip.count - before
      return [Float](repeating: 0, count: before) + clip + [Float](repeating: 0, count: after)
    }
    if clip.count > samples { cut += 1 }
    let start = (clip.count - samples) / 2
    return Array(clip[start..<(start + samples)])
  }

  private mutating func resampler(_ rate: Int, _ path: String) throws(DataError) -> Resampler {
    if let known = resamplers[rate] { return known }
    var (divisor, rest) = (rate, sampleRate)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    guard max(rate, sampleRate) / divisor <= SoundReader.largestRatio else {
      throw DataError(
        source: path,
        what: "from \(rate) Hz to \(sampleRate) Hz is the ratio "
          + "\(rate / divisor):\(sampleRate / divisor), which needs too many filters",
        remedy: "choose a sample rate that has a simpler ratio to it")
    }
    let made = Resampler(from: rate, to: sampleRate)
    resamplers[rate] = made
    return made
  }

  /// What was done, in sentences.
  public var notes: [String] {
    let seconds = Double(samples) / Double(sampleRate)
    var notes: [String] = []
    for (rate, count) in resampled.sorted(by: { $0.key < $1.key }) {
      notes.append("\(count) recordings of \(rate) Hz were resampled to \(sampleRate) Hz.")
    }
    if mixed > 0 { notes.append("\(mixed) recordings of several channels were mixed to one.") }
    if padded > 0 {
      notes.append(
        "\(padded) recordings are shorter than \(seconds) s: silence was put around them.")
    }
    if cut > 0 {
      notes.append("\(cut) recordings are longer than \(seconds) s: their middle was taken.")
    }
    return notes
  }
}
