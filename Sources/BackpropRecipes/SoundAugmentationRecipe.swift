// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropNN

/// How training shows each recording, or each series with a class, otherwise every time.
public struct SoundAugmentationRecipe: Hashable, Sendable {
  /// How far recordings are moved at most, in seconds; series in steps. Zeros move in.
  public var shift: Double
  /// How much louder or softer they become at most, in decibels. Of series it is the distance from
  /// zero that grows or shrinks, after `data.scale`: from the mean of each channel, by default.
  public var gain: Double
  /// The standard deviation of the noise at most, where full scale is 1; of series after `data.scale`,
  /// so that 1 is the standard deviation of each channel, by default.
  public var noise: Double
  /// The most frames of a spectrogram, or steps of a series, that are set to zero in one stretch. Of
  /// a series that is shorter than the longest, some of it may lie behind the end.
  public var maskFrames: Int
  /// The most bands of a spectrogram that are hidden.
  public var maskBands: Int

  static let keys: [TrainingKey] = [.time_shift, .gain, .noise, .mask_frames, .mask_bands]

  init(_ keys: Section<TrainingKey>) throws(RecipeError) {
    shift = try keys.number(.time_shift, .atLeastZero, default: 0)
    gain = try keys.number(.gain, .atLeastZero, default: 0)
    noise = try keys.number(.noise, .atLeastZero, default: 0)
    maskFrames = try keys.integer(.mask_frames, in: 0...65536, default: 0)
    maskBands = try keys.integer(.mask_bands, in: 0...65536, default: 0)
  }

  /// Sounds, and series with classes, are moved and masked.
  func check(
    _ keys: Section<TrainingKey>, _ model: ModelRecipe, _ data: DataRecipe
  ) throws(RecipeError) {
    if data.source == .forecast, let key = SoundAugmentationRecipe.keys.first(where: keys.has) {
      throw keys.error(
        key, "is for sounds and for series with classes, and the source is forecast",
        "leave it out")
    }
    if data.source == .series, shift != shift.rounded() || shift > 65536 {
      throw keys.error(
        .time_shift, "is \(shift), and series are moved by whole steps",
        "write a whole number up to 65536")
    }
    let unused: [TrainingKey] =
      switch model.kind {
      case .log_mel_cnn: []
      // A channel of a series is no band, and has no neighbours.
      case .series_cnn, .lstm, .gru: [.mask_bands]
      case .wave_cnn: [.mask_frames, .mask_bands]
      case .mlp, .table, .cnn, .resnet, .gpt, .rnn, .text_classifier, .bag_of_words, .transformer,
        .vit, .mixer, .tcn:
        SoundAugmentationRecipe.keys
      }
    if let key = unused.first(where: keys.has) {
      throw keys.error(key, "means nothing to \(model.kind.rawValue)", "leave it out")
    }
    if let seconds = data.sound?.seconds, shift > seconds {
      throw keys.error(
        .time_shift, "is \(shift), and the examples are \(seconds) seconds long", "write less")
    }
  }

  /// What series of so many steps go through first; nil: nothing is done to them.
  ///
  /// - Throws: a ``DataError`` where a series may be moved out of sight.
  func series(steps: Int) throws(DataError) -> Sequential? {
    guard shift > 0 || gain > 0 || noise > 0 || maskFrames > 0 else { return nil }
    guard shift < Double(steps) else {
      throw DataError(
        what: "training.time_shift is \(Int(shift)), and the longest series has \(steps) steps",
        remedy: "write less")
    }
    return Sequential([
      SoundAugmentation(shift: Int(shift), gain: Float(gain), noise: Float(noise)),
      SpectrogramMask(frames: maskFrames, bands: 0),
    ])
  }

  func write(to object: inout JSONObject) {
    for (key, value) in [("time_shift", shift), ("gain", gain), ("noise", noise)] where value > 0 {
      object[key] = .number(value)
    }
    for (key, value) in [("mask_frames", maskFrames), ("mask_bands", maskBands)] where value > 0 {
      object[key] = .integer(value)
    }
  }
}
