// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// The network of a recipe.
public struct ModelRecipe: Hashable, Sendable {
  /// What kind of network.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Fully connected layers one after another.
    case mlp
    /// The same for tables: numbers and embedded categories side by side.
    case table
    /// Convolutions and poolings, then fully connected layers: for images.
    case cnn
    /// A residual network of convolutions: for images.
    case resnet
    /// A vision transformer: for images.
    case vit
    /// Fully connected layers over patches and over features in turn: for images.
    case mixer
    /// A language model: causal transformer blocks.
    case gpt
    /// A language model: recurrent layers.
    case rnn
    /// Transformer blocks that tell classes of texts apart.
    case text_classifier = "text-classifier"
    /// Classes of texts by their words alone, in no order.
    case bag_of_words = "bag-of-words"
    /// An encoder and a decoder of transformer blocks: makes a text of another one.
    case transformer
    /// Convolutions over time that tell classes of series apart.
    case series_cnn = "series-cnn"
    /// Long short-term memory: for classes of series and for forecasts.
    case lstm
    /// Gated recurrent units: for classes of series and for forecasts.
    case gru
    /// Causal convolutions over time: for forecasts.
    case tcn
    /// Convolutions over the mel spectrogram of a recording.
    case log_mel_cnn = "log-mel-cnn"
    /// Convolutions over the wave of a recording.
    case wave_cnn = "wave-cnn"
  }

  /// The function between layers.
  public enum Activation: String, Hashable, Sendable, CaseIterable {
    /// max(x, 0)
    case relu
    /// x above 0, x/100 below.
    case leaky_relu
    /// x above 0, eˣ − 1 below.
    case elu
    /// elu with the self-normalizing constants.
    case selu
    /// x Φ(x)
    case gelu
    /// x Φ(x) with Φ by tanh.
    case gelu_tanh
    /// x σ(x)
    case silu
    /// x tanh(ln(1 + eˣ))
    case mish
    /// ln(1 + eˣ)
    case softplus
    /// tanh x
    case tanh
    /// 1/(1 + e⁻ˣ)
    case sigmoid
    /// x/6 + ½ between 0 and 1.
    case hard_sigmoid
    /// x · hard_sigmoid(x)
    case hard_swish
  }

  /// What keeps the scale of hidden layers.
  public enum Normalization: String, Hashable, Sendable, CaseIterable {
    /// Nothing does.
    case none
    /// Batch normalization.
    case batch
    /// Layer normalization.
    case layer
    /// Root-mean-square normalization.
    case rms
  }

  /// What kind of network.
  public var kind: Kind
  /// The widths of the hidden layers.
  public var hidden: [Int]
  /// The function between layers.
  public var activation: Activation
  /// The share of hidden values that each training step drops.
  public var dropout: Double
  /// What keeps the scale of hidden layers.
  public var normalization: Normalization
  /// Whether each hidden layer adds its input to its output where both are equally wide.
  public var residual: Bool
  /// The channels of each stage of convolutions.
  public var channels: [Int]
  /// The height and width of the kernels of `cnn`; the steps that a kernel over time sees.
  public var window: Int
  /// The blocks of each stage of `resnet`.
  public var blocks: [Int]
  /// The sizes of a network that cuts images into patches; nil for others.
  public var patches: PatchModelRecipe?
  /// The sizes of a network for texts; nil for others.
  public var text: TextModelRecipe?
  /// The sizes of a recurrent language model; nil for others.
  public var recurrent: RecurrentModelRecipe?
  /// The sizes of a network for series; nil for others.
  public var series: SeriesModelRecipe?
  /// What a network for sounds looks at first; nil for others.
  public var sound: SoundModelRecipe?

  init(_ keys: Section<ModelKey>, data: DataRecipe) throws(RecipeError) {
    let source = data.source
    let usual: Kind =
      switch source {
      case .digits, .mnist, .fashionMNIST, .cifar10, .idx: .mlp
      case .csv: .table
      case .text, .lines: .gpt
      case .labeledText: .text_classifier
      case .pairs: .transformer
      case .series: .series_cnn
      case .forecast: .lstm
      case .sound: .log_mel_cnn
      case .images: .cnn
      }
    kind = try keys.choice(.kind, default: usual)
    hidden =
      try keys.integers(.hidden, in: 1...65536)
      ?? (kind == .resnet || kind == .bag_of_words ? [] : [128])
    activation = try keys.choice(.activation, default: .relu)
    dropout = try keys.number(.dropout, .fraction, default: 0)
    normalization = try keys.choice(
      .normalization, default: kind == .series_cnn ? .batch : .none)
    residual = try keys.flag(.residual, default: false)
    channels =
      try keys.integers(.channels, in: 1...65536)
      ?? ModelRecipe.usualChannels(kind)
    window = try keys.integer(.window, in: 1...31, default: kind == .series_cnn ? 7 : 3)
    blocks = try keys.integers(.blocks, in: 1...256) ?? channels.map { _ in 2 }
    guard hidden.count <= 256, channels.count <= 256 else {
      throw keys.error(
        hidden.count > 256 ? .hidden : .channels, "has \(max(hidden.count, channels.count)) layers",
        "write at most 256")
    }
    try check(keys, source)
    patches = try PatchModelRecipe(keys, kind: kind)
    text = try TextModelRecipe(keys, kind: kind, dropout: dropout)
    recurrent = try RecurrentModelRecipe(keys, kind: kind)
    sound = try SoundModelRecipe(
      keys, kind: kind, channels: channels, window: window, data: data.sound)
    series = try SeriesModelRecipe(keys, kind: kind, source: source)
  }

  private static func usualChannels(_ kind: Kind) -> [Int] {
    switch kind {
    case .resnet: [64, 128, 256, 512]
    case .series_cnn: [64, 128, 64]
    case .tcn: [32, 32, 32, 32]
    case .mlp, .table, .cnn, .gpt, .rnn, .text_classifier, .bag_of_words, .transformer, .vit,
      .mixer, .lstm, .gru, .log_mel_cnn, .wave_cnn:
      [32, 64]
    }
  }

  private func check(
    _ keys: Section<ModelKey>, _ source: DataRecipe.Source
  ) throws(RecipeError) {
    let isText = [.text, .lines, .labeledText, .pairs].contains(source)
    let isSeries = source == .series || source == .forecast
    switch kind {
    case .mlp:
      guard !isText else {
        throw keys.error(
          .kind, "mlp reads no texts", "choose gpt, rnn, text-classifier or transformer")
      }
      guard source != .series else {
        throw keys.error(
          .kind, "mlp reads no series of any length", "choose series-cnn, lstm or gru")
      }
    case .series_cnn, .lstm, .gru, .tcn:
      let sources: [DataRecipe.Source] =
        kind == .series_cnn ? [.series] : kind == .tcn ? [.forecast] : [.series, .forecast]
      guard sources.contains(source) else {
        throw keys.error(
          .kind,
          "\(kind.rawValue) reads the source "
            + sources.map(\.rawValue).joined(separator: " or ")
            + ", and the source is \(source.rawValue)")
      }
      guard !channels.isEmpty, channels.count <= (kind == .tcn ? 16 : 256) else {
        throw keys.error(
          .channels, "has \(channels.count) layers",
          "write at least one, and for tcn at most 16, each twice as far back as the one before")
      }
    case .gpt, .rnn:
      guard source == .text || source == .lines else {
        throw keys.error(
          .kind, "\(kind.rawValue) reads plain texts, and the source is \(source.rawValue)")
      }
    case .text_classifier, .bag_of_words:
      guard source == .labeledText else {
        throw keys.error(
          .kind, "\(kind.rawValue) reads texts with labels, and the source is \(source.rawValue)")
      }
    case .transformer:
      guard source == .pairs else {
        throw keys.error(
          .kind, "transformer reads pairs of texts, and the source is \(source.rawValue)")
      }
    case .table:
      guard source == .csv else {
        throw keys.error(.kind, "table reads tables, and the source is \(source.rawValue)")
      }
    case .log_mel_cnn, .wave_cnn:
      guard source == .sound else {
        throw keys.error(
          .kind, "\(kind.rawValue) reads sounds, and the source is \(source.rawValue)")
      }
      guard !channels.isEmpty else {
        throw keys.error(.channels, "is empty", "write a number for each convolution")
      }
    case .cnn, .resnet, .vit, .mixer:
      guard source != .csv, source != .sound, !isText, !isSeries else {
        throw keys.error(
          .kind, "\(kind.rawValue) reads images, and the source is \(source.rawValue)")
      }
      guard !channels.isEmpty else {
        throw keys.error(.channels, "is empty", "write a number for each stage")
      }
      guard blocks.count == channels.count else {
        throw keys.error(
          .blocks, "has \(blocks.count) numbers for \(channels.count) stages",
          "write one for each number of channels")
      }
    }
    let unused: [ModelKey] =
      switch kind {
      case .mlp, .table: [.channels, .window, .blocks]
      case .cnn, .log_mel_cnn: [.blocks, .residual]
      case .wave_cnn: [.hidden, .normalization, .residual, .blocks]
      case .resnet: [.hidden, .activation, .dropout, .normalization, .residual, .window]
      case .gpt, .rnn, .text_classifier, .transformer, .vit, .mixer:
        [.hidden, .activation, .normalization, .residual, .channels, .window, .blocks]
      case .bag_of_words: [.normalization, .residual, .channels, .window, .blocks]
      case .series_cnn: [.hidden, .blocks]
      case .lstm, .gru:
        [.hidden, .activation, .normalization, .residual, .channels, .window, .blocks]
      case .tcn: [.hidden, .normalization, .residual, .blocks]
      }
    if let key = unused.first(where: keys.has) {
      throw keys.error(key, "means nothing to \(kind.rawValue)", "leave it out")
    }
  }

  var json: JSONObject {
    var pairs: [(String, JSONValue)] = [("kind", .string(kind.rawValue))]
    let list = { (numbers: [Int]) in JSONValue.array(numbers.map { .integer($0) }) }
    switch kind {
    case .mlp, .table, .cnn, .log_mel_cnn:
      pairs += [
        ("hidden", list(hidden)), ("activation", .string(activation.rawValue)),
        ("dropout", .number(dropout)), ("normalization", .string(normalization.rawValue)),
      ]
    case .resnet: break
    case .gpt, .rnn, .text_classifier, .transformer, .vit, .mixer, .lstm, .gru:
      pairs.append(("dropout", .number(dropout)))
    case .wave_cnn:
      pairs += [
        ("activation", .string(activation.rawValue)), ("dropout", .number(dropout)),
      ]
    case .series_cnn, .tcn:
      pairs += [
        ("channels", list(channels)), ("window", .integer(window)),
        ("activation", .string(activation.rawValue)), ("dropout", .number(dropout)),
      ]
    case .bag_of_words:
      pairs += [
        ("hidden", list(hidden)), ("activation", .string(activation.rawValue)),
        ("dropout", .number(dropout)),
      ]
    }
    switch kind {
    case .mlp, .table: pairs.append(("residual", .bool(residual)))
    case .cnn, .log_mel_cnn, .wave_cnn:
      pairs += [("channels", list(channels)), ("window", .integer(window))]
    case .resnet: pairs += [("channels", list(channels)), ("blocks", list(blocks))]
    case .series_cnn:
      pairs += [
        ("normalization", .string(normalization.rawValue)), ("residual", .bool(residual)),
      ]
    case .gpt, .rnn, .text_classifier, .bag_of_words, .transformer, .vit, .mixer, .lstm, .gru, .tcn:
      break
    }
    patches?.write(&pairs, kind: kind)
    series?.write(&pairs, kind: kind)
    text?.write(&pairs, kind: kind)
    recurrent?.write(&pairs)
    sound?.write(&pairs, kind: kind)
    return JSONObject(pairs)
  }
}
