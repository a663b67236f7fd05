// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropModels
import BackpropNN

/// The sizes of a network that cuts images into patches.
public struct PatchModelRecipe: Hashable, Sendable {
  /// The height and width of a patch.
  public var patch: Int
  /// The number of blocks.
  public var layers: Int
  /// The number of heads of `vit`.
  public var heads: Int
  /// The size of a patch's vector.
  public var width: Int

  /// nil where the network cuts no patches.
  init?(_ keys: Section<ModelKey>, kind: ModelRecipe.Kind) throws(RecipeError) {
    guard kind == .vit || kind == .mixer else {
      if keys.has(.patch) {
        throw keys.error(.patch, "means nothing to \(kind.rawValue)", "leave it out")
      }
      return nil
    }
    patch = try keys.integer(.patch, in: 1...1024, default: 4)
    layers = try keys.integer(.layers, in: 1...256, default: 4)
    heads = try keys.integer(.heads, in: 1...1024, default: kind == .vit ? 4 : 1)
    width = try keys.integer(.width, in: 1...65536, default: 128)
    guard width % heads == 0 else {
      throw keys.error(
        .heads, "is \(heads), and \(width) features cannot be divided among as many",
        "choose a divisor of \(width)")
    }
  }

  func write(_ pairs: inout [(String, JSONValue)], kind: ModelRecipe.Kind) {
    pairs += [("patch", .integer(patch)), ("layers", .integer(layers))]
    if kind == .vit { pairs.append(("heads", .integer(heads))) }
    pairs.append(("width", .integer(width)))
  }

  /// The network for images of a shape.
  func network(
    _ kind: ModelRecipe.Kind, image: [Int], outputs: Int, dropout: Double
  ) -> any Layer {
    if kind == .mixer {
      // As published: half the width over places, four times it over features.
      return Mixer(
        image: image, patch: patch, layers: layers, width: width, placeHidden: max(1, width / 2),
        featureHidden: 4 * width, outputs: outputs, dropout: Float(dropout))
    }
    var block = TransformerOptions.vision(width, heads: heads)
    block.dropout = Float(dropout)
    return VisionTransformer(
      image: image, patch: patch, layers: layers, block: block, outputs: outputs)
  }
}
