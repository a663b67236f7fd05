// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropTraining

extension Network {
  /// The network of a recipe that makes a text of another one; nil for others.
  static func translator(_ recipe: ModelRecipe, for shape: DataShape) -> Transformer? {
    guard recipe.kind == .transformer, let text = recipe.text, let words = shape.vocabularySize
    else { return nil }
    return Transformer(
      sourceVocabulary: words, targetVocabulary: shape.outputs, context: shape.features,
      layers: text.layers, block: text.block(isCausal: false, dropout: recipe.dropout),
      isTied: text.tied)
  }
}

extension Transformer {
  /// What the head makes logits of for a batch of pairs. At each place the model sees the targets
  /// before it.
  func features(_ batch: Batch) -> Tensor {
    guard let targets = batch.targets else {
      return .failed(
        "Transformer", [batch.features], "what is to be written must be known in training",
        shape: [batch.count, 1, head.inputs], dtype: .float32)
    }
    // The mark of the beginning and all tokens but the last; padding behind the end.
    let begin = Tensor.full([targets.shape[0], 1], Float(Vocabulary.begin), dtype: .int32)
    let before = targets.sliced(along: 1, 0..<targets.shape[1] - 1)
    let seen = concatenate([begin, maximum(before, Tensor.constant(0, .int32))], along: 1)
    return features(batch.features, seen)
  }
}
