// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropFormats

extension PredictionInput {
  /// Series of any length, with or without labels; or the last window of a table.
  static func series(
    _ path: String, _ predictor: Predictor, _ learned: SeriesLearned
  ) throws -> (Examples, lines: [Int], dates: [String]) {
    switch learned {
    case .classes(let preprocessor):
      let file = try SeriesFile.read(path)
      let examples = try preprocessor.examples(file, needsLabels: false)
      return (examples, file.cases.map(\.line), [])
    case .forecast(let preprocessor):
      let last = try preprocessor.lastWindow(path, csv: predictor.recipe.csvOptions)
      return (last.examples, [], last.dates)
    }
  }
}

extension SeriesLearned {
  /// A file's series with their classes, or all windows of a table, to measure a network on.
  public func examples(_ path: String, _ recipe: Recipe) throws -> Examples {
    switch self {
    case .classes(let learned):
      try learned.examples(try SeriesFile.read(path), needsLabels: true)
    case .forecast(let learned):
      try learned.examples(path, csv: recipe.csvOptions)
    }
  }
}
