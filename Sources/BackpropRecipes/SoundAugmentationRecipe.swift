// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// How training shows each recording otherwise every time.
public struct SoundAugmentationRecipe: Hashable, Sendable {
  /// How far recordings are moved at most, in seconds.
  public var shift: Double
  /// How much louder or softer they become at most, in decibels.
  public var gain: Double
  /// The standard deviation of the noise at most, where full scale is 1.
  public var noise: Double
  /// The most frames of a spectrogram that are hidden.
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

  /// Sounds alone are moved and masked.
  func check(
    _ keys: Section<TrainingKey>, _ model: ModelRecipe, _ data: DataRecipe
  ) throws(RecipeError) {
    let unused: [TrainingKey] =
      switch model.kind {
      case .log_mel_cnn: []
      case .wave_cnn: [.mask_frames, .mask_bands]
      case .mlp, .table, .cnn, .resnet, .gpt, .rnn, .text_classifier, .bag_of_words, .transformer,
        .vit, .mixer, .series_cnn, .lstm, .gru, .tcn:
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

  func write(to object: inout JSONObject) {
    for (key, value) in [("time_shift", shift), ("gain", gain), ("noise", noise)] where value > 0 {
      object[key] = .number(value)
    }
    for (key, value) in [("mask_frames", maskFrames), ("mask_bands", maskBands)] where value > 0 {
      object[key] = .integer(value)
    }
  }
}
