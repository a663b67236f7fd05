// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropRecipes

extension TrainingRecipe.Precision {
  /// What `--precision` names; nil where it was left out.
  static func named(_ word: String?) throws -> TrainingRecipe.Precision? {
    guard let word else { return nil }
    guard let precision = TrainingRecipe.Precision(rawValue: word) else {
      let words = allCases.map(\.rawValue).joined(separator: " or ")
      throw Failure.usage("--precision is '\(word)'; choose \(words).")
    }
    return precision
  }
}
