// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropNN

/// The sizes of a network for texts.
public struct TextModelRecipe: Hashable, Sendable {
  /// How a transformer's blocks are built.
  public enum Style: String, Hashable, Sendable, CaseIterable {
    /// Layer norms before, GELU; positions are learned unless the recipe says otherwise.
    case gpt2
    /// RMS norms before, SwiGLU, no biases; positions are rotary unless the recipe says otherwise.
    case llama
    /// Layer norms after, GELU; positions are learned unless the recipe says otherwise.
    case bert
  }

  /// How a network knows where a token stands.
  public enum Positions: String, Hashable, Sendable, CaseIterable {
    /// A vector for each place is learned, and added to the token's.
    case learned
    /// Queries and keys are turned by their places.
    case rotary
  }

  /// The number of blocks.
  public var layers: Int
  /// The number of heads.
  public var heads: Int
  /// The number of key and value heads.
  public var keyValueHeads: Int
  /// The size of a token's vector.
  public var width: Int
  /// How the blocks are built.
  public var style: Style
  /// How the network knows where a token stands.
  public var positions: Positions
  /// How many places a place sees: itself and those before it, where it reads both ways those
  /// behind it too; nil: all.
  public var attentionWindow: Int?
  /// Whether the last layer's weight is that of the embedding.
  public var tied: Bool
  /// The share that is dropped of the attention's weights, in training.
  public var attentionDropout: Double

  /// nil where the network reads no texts.
  init?(_ keys: Section<ModelKey>, kind: ModelRecipe.Kind, dropout: Double) throws(RecipeError) {
    let own: [ModelKey] = [
      .layers, .heads, .key_value_heads, .width, .style, .positions, .attention_window, .tied,
      .attention_dropout,
    ]
    let used: [ModelKey] =
      switch kind {
      case .gpt: own
      // It learns the places of both texts, and reads them whole.
      case .transformer: own.filter { $0 != .positions && $0 != .attention_window }
      case .text_classifier: own.filter { $0 != .tied }
      case .bag_of_words: [.width]
      case .mlp, .table, .cnn, .resnet, .series_cnn, .tcn, .log_mel_cnn, .wave_cnn: []
      // Their other keys are those of a RecurrentModelRecipe,
      case .rnn: [.layers, .width, .tied]
      case .lstm, .gru: [.layers, .width]
      // and those of a PatchModelRecipe.
      case .vit: [.layers, .heads, .width]
      case .mixer: [.layers, .width]
      }
    if let key = own.first(where: { !used.contains($0) && keys.has($0) }) {
      throw keys.error(key, "means nothing to \(kind.rawValue)", "leave it out")
    }
    guard [.gpt, .text_classifier, .bag_of_words, .transformer].contains(kind) else { return nil }
    layers = try keys.integer(.layers, in: 1...1024, default: kind == .gpt ? 4 : 2)
    heads = try keys.integer(.heads, in: 1...1024, default: 4)
    keyValueHeads = try keys.integer(.key_value_heads, in: 1...1024, default: heads)
    width = try keys.integer(.width, in: 1...65536, default: 128)
    style = try keys.choice(.style, default: .gpt2)
    positions = try keys.choice(.positions, default: style == .llama ? .rotary : .learned)
    attentionWindow = try keys.integer(.attention_window, in: 1...1_048_576)
    tied = try keys.flag(.tied, default: true)
    attentionDropout = try keys.number(.attention_dropout, .fraction, default: dropout)
    guard kind == .bag_of_words || width % heads == 0 else {
      throw keys.error(
        .heads, "is \(heads), and \(width) features cannot be divided among as many",
        "choose a divisor of \(width)")
    }
    guard heads % keyValueHeads == 0 else {
      throw keys.error(.key_value_heads, "is \(keyValueHeads)", "choose a divisor of \(heads)")
    }
    guard positions != .rotary || width / heads % 2 == 0 else {
      throw keys.error(
        .heads, "leaves \(width / heads) features to a head, and rotary positions turn pairs",
        "choose a width that is an even multiple of the heads")
    }
  }

  func write(_ pairs: inout [(String, JSONValue)], kind: ModelRecipe.Kind) {
    if kind != .bag_of_words {
      pairs += [
        ("layers", .integer(layers)), ("heads", .integer(heads)),
        ("key_value_heads", .integer(keyValueHeads)),
      ]
    }
    pairs.append(("width", .integer(width)))
    if kind != .bag_of_words { pairs.append(("style", .string(style.rawValue))) }
    if kind == .gpt || kind == .text_classifier {
      pairs.append(("positions", .string(positions.rawValue)))
      if let attentionWindow { pairs.append(("attention_window", .integer(attentionWindow))) }
    }
    if kind == .gpt || kind == .transformer { pairs.append(("tied", .bool(tied))) }
    if kind != .bag_of_words { pairs.append(("attention_dropout", .number(attentionDropout))) }
  }

  /// The blocks of a transformer.
  func block(isCausal: Bool, dropout: Double) -> TransformerOptions {
    var options: TransformerOptions =
      switch style {
      case .gpt2: .gpt2(width, heads: heads)
      case .llama: .llama(width, heads: heads)
      case .bert: .bert(width, heads: heads)
      }
    options.keyValueHeads = keyValueHeads
    switch positions {
    case .learned: options.rotary = nil
    case .rotary: options.rotary = options.rotary ?? Rotary()
    }
    options.window = attentionWindow
    options.isCausal = isCausal
    options.dropout = Float(dropout)
    options.attentionDropout = Float(attentionDropout)
    return options
  }
}
