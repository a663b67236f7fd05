// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropModels
public import BackpropNN

/// The sizes of a recurrent language model.
public struct RecurrentModelRecipe: Hashable, Sendable {
  /// What the layers do in each step.
  public var cell: RecurrentKind
  /// The number of layers, one above the other.
  public var layers: Int
  /// The size of a token's vector.
  public var width: Int
  /// The units of each layer.
  public var units: Int
  /// Whether the last layer's weight is that of the embedding.
  public var tied: Bool

  /// nil where the network is no recurrent one.
  init?(_ keys: Section<ModelKey>, kind: ModelRecipe.Kind) throws(RecipeError) {
    guard kind == .rnn else {
      if let key = [ModelKey.cell, .units].first(where: keys.has) {
        throw keys.error(key, "means nothing to \(kind.rawValue)", "leave it out")
      }
      return nil
    }
    cell = try keys.choice(.cell, default: .lstm)
    layers = try keys.integer(.layers, in: 1...64, default: 1)
    units = try keys.integer(.units, in: 1...65536, default: 128)
    tied = try keys.flag(.tied, default: false)
    width = try keys.integer(.width, in: 1...65536, default: tied ? units : 64)
    guard !tied || width == units else {
      throw keys.error(
        .tied, "needs vectors as wide as the layers, and width is \(width), units \(units)",
        "write width: \(units), or leave tied out")
    }
  }

  func write(_ pairs: inout [(String, JSONValue)]) {
    pairs += [
      ("cell", .string(cell.rawValue)), ("layers", .integer(layers)), ("width", .integer(width)),
      ("units", .integer(units)), ("tied", .bool(tied)),
    ]
  }

  /// The model for a number of tokens.
  func model(vocabulary: Int, dropout: Double) -> RecurrentLanguageModel {
    RecurrentLanguageModel(
      cell, vocabulary: vocabulary, width: width, units: units, layers: layers,
      dropout: Float(dropout), isTied: tied)
  }
}
