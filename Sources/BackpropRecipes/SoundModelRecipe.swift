// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropNN

/// What a network for sounds looks at first.
public struct SoundModelRecipe: Hashable, Sendable {
  /// The samples in a second, as the data has them.
  public var sampleRate: Int
  /// The samples of a frame of the spectrogram, or of the first convolution's window.
  public var frame: Int
  /// The samples from one frame or place to the next.
  public var hop: Int
  /// The bands of the mel spectrogram.
  public var bands: Int

  /// nil where the network hears nothing.
  init?(
    _ keys: Section<ModelKey>, kind: ModelRecipe.Kind, channels: [Int], window: Int,
    data: SoundDataRecipe?
  ) throws(RecipeError) {
    let own: [ModelKey] = [.frame, .hop, .bands]
    let unused: [ModelKey] =
      switch kind {
      case .log_mel_cnn: []
      case .wave_cnn: [.bands]
      case .mlp, .table, .cnn, .resnet, .gpt, .rnn, .text_classifier, .bag_of_words, .transformer,
        .vit, .mixer, .series_cnn, .lstm, .gru, .tcn:
        own
      }
    if let key = unused.first(where: keys.has) {
      throw keys.error(key, "means nothing to \(kind.rawValue)", "leave it out")
    }
    guard unused != own, let data else { return nil }
    let isWave = kind == .wave_cnn
    sampleRate = data.sampleRate
    frame = try keys.integer(.frame, in: 2...65536, default: isWave ? 80 : 512)
    hop = try keys.integer(.hop, in: 1...65536, default: isWave ? 4 : max(1, frame / 4))
    bands = try keys.integer(.bands, in: 1...1024, default: 40)
    guard frame / 2 < data.samples else {
      throw keys.error(
        .frame, "is \(frame), and the examples have \(data.samples) samples", "write less")
    }
    if !isWave {
      let empty = filters.empty
      guard empty.isEmpty else {
        throw keys.error(
          .bands, "is \(bands), and \(empty.count) of them hold no frequency of a frame",
          "write fewer bands or a longer frame")
      }
    }
    try check(keys, samples: data.samples, channels: channels, window: window, isWave: isWave)
  }

  /// Whether all the poolings find something to pool.
  private func check(
    _ keys: Section<ModelKey>, samples: Int, channels: [Int], window: Int, isWave: Bool
  ) throws(RecipeError) {
    var (length, height) = (form.frames(samples), bands)
    for stage in channels.indices {
      if isWave {
        let (width, step) = stage == 0 ? (frame, hop) : (window, 1)
        let places = stage == 0 ? samples : length
        length = (places + 2 * (width / 2) - width) / step + 1
      }
      guard isWave ? length >= 4 : min(length, height) >= 2 else {
        throw keys.error(
          .channels, "has \(channels.count) stages, and after \(stage) nothing is left to pool",
          "write fewer, or a smaller hop")
      }
      (length, height) = isWave ? (length / 4, 1) : (length / 2, height / 2)
    }
  }

  var form: ShortTimeFourier { ShortTimeFourier(length: frame, hop: hop) }

  private var filters: MelFilters {
    MelFilters(count: bands, bins: form.bins, sampleRate: Double(sampleRate))
  }

  /// The spectrogram that the network looks at.
  var logMel: LogMel { LogMel(MelSpectrogram(Spectrogram(form), filters)) }

  func write(_ pairs: inout [(String, JSONValue)], kind: ModelRecipe.Kind) {
    pairs += [("frame", .integer(frame)), ("hop", .integer(hop))]
    if kind == .log_mel_cnn { pairs.append(("bands", .integer(bands))) }
  }
}
