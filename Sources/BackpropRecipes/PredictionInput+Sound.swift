// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData

extension PredictionInput {
  /// One recording, made like those that the network has learned from.
  static func sound(_ path: String, _ shape: DataShape, _ recipe: Recipe) throws -> Examples {
    var reader = SoundReader(
      sampleRate: recipe.data.sound?.sampleRate ?? 1, samples: shape.features)
    return Examples(
      features: DataArray(shape: [1, shape.features], storage: .float(try reader.read(path))))
  }
}
