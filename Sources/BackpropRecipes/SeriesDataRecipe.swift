// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData

extension DataRecipe {
  /// What must be there, and what has no use, where the data are series.
  func checkSeries(_ keys: Section<DataKey>) throws(RecipeError) {
    guard !train.isEmpty else {
      throw RecipeError(
        keys.place, what: "the key 'train' is missing under 'data'",
        remedy: source == .series
          ? "name a .ts file, or a text file of the UCR archive" : "name a CSV file")
    }
    guard source == .forecast else { return }
    for key in [DataKey.validation, .test, .classes] where keys.has(key) {
      throw keys.error(
        key, "has no use: the end of the table is held back",
        "set validation_fraction and test_fraction")
    }
  }
}

extension RecipeData {
  /// The series of a recipe, with classes or to be forecast; nil where its data are none.
  static func series(
    _ recipe: Recipe, _ places: DataPlaces
  ) throws -> (parts: DataParts, series: SeriesLearned)? {
    let data = recipe.data
    switch data.source {
    case .digits, .mnist, .fashionMNIST, .cifar10, .idx, .csv, .text, .lines, .labeledText, .pairs,
      .sound, .images:
      return nil
    case .series:
      let series = try SeriesData(
        try places.trainFile(), validationPath: try places.validationFile(),
        testPath: try places.testFile(), scaling: recipe.tableOptions.scaling,
        classNames: data.classes, validationFraction: data.validationFraction,
        testFraction: data.testFraction, seed: UInt64(recipe.seed))
      return (series.parts, .classes(series.preprocessor))
    case .forecast:
      guard let forecast = data.forecast else { return nil }
      let made = try ForecastData(
        try places.trainFile(),
        options: ForecastOptions(
          targets: forecast.targets, date: forecast.date, window: forecast.window,
          horizon: forecast.horizon, season: forecast.season, calendar: forecast.calendar,
          table: recipe.tableOptions),
        validationFraction: data.validationFraction, testFraction: data.testFraction)
      let season = made.preprocessor.season
      guard recipe.model.series?.anchor != .season || season <= forecast.window else {
        throw DataError(
          source: made.parts.name,
          what: "a season of \(season) steps is not in a window of \(forecast.window), and "
            + "model.anchor is season",
          remedy: "set data.window to at least \(season), or write model.anchor: last")
      }
      return (made.parts, .forecast(made.preprocessor))
    }
  }
}
