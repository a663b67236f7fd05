// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropNN

/// How training shows each image, recording or series otherwise every time.
public struct Augmentation: Hashable, Sendable {
  /// Whether half of the images are mirrored left to right.
  public var flips: Bool
  /// How far images are moved at most, in pixels.
  public var shift: Int
  /// The side of a square that is set to zero, in pixels.
  public var cutout: Int
  /// How much of another example is blended in at most, times two; see ``Mixup``.
  public var mixup: Double
  /// What is done to recordings and series.
  public var sound: SoundAugmentationRecipe

  /// Whether nothing is done to images.
  public var isNothing: Bool { !flips && shift == 0 && cutout == 0 && mixup == 0 }

  static let keys: [TrainingKey] = [.flips, .shift, .cutout, .mixup]

  init(_ keys: Section<TrainingKey>) throws(RecipeError) {
    flips = try keys.flag(.flips, default: false)
    shift = try keys.integer(.shift, in: 0...1024, default: 0)
    cutout = try keys.integer(.cutout, in: 0...1024, default: 0)
    mixup = try keys.number(.mixup, .fraction, default: 0)
    sound = try SoundAugmentationRecipe(keys)
  }

  /// Images alone are mirrored and moved.
  func check(
    _ keys: Section<TrainingKey>, _ model: ModelRecipe, _ data: DataRecipe
  ) throws(RecipeError) {
    try sound.check(keys, model, data)
    switch model.kind {
    case .cnn, .resnet, .vit, .mixer: return
    case .mlp, .table, .gpt, .rnn, .text_classifier, .bag_of_words, .transformer, .series_cnn,
      .lstm, .gru, .tcn,
      .log_mel_cnn, .wave_cnn:
      guard let key = Augmentation.keys.first(where: keys.has) else { return }
      throw keys.error(key, "means nothing to \(model.kind.rawValue)", "leave it out")
    }
  }

  func write(to object: inout JSONObject) {
    sound.write(to: &object)
    if isNothing { return }
    object["flips"] = .bool(flips)
    object["shift"] = .integer(shift)
    object["cutout"] = .integer(cutout)
    object["mixup"] = .number(mixup)
  }

  /// What the images go through first.
  var layer: ImageAugmentation {
    ImageAugmentation(flips: flips, shift: shift, cutout: cutout)
  }
}
