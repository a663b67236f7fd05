// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropRecipes
import BackpropTraining
import Foundation
import TestSupport
import Testing

@Suite("Recipes for series")
struct SeriesRecipeTests {
  private func built(_ name: String, _ overrides: [String] = []) throws -> Recipe {
    try #require(RecipeLibrary.named(name)).recipe(overrides: overrides)
  }

  /// Trains, keeps the run, loads it again and compares both.
  private func trained(
    _ recipe: Recipe, _ location: String, in folder: TemporaryFolder
  ) throws -> (metrics: Metrics, predictor: Predictor, data: RecipeData) {
    let data = try RecipeData(recipe, location: location)
    let session = try Session(recipe, data: data)
    #expect(try session.train())
    let run = RunFolder(folder("run"))
    try run.make()
    try RunSaver(run).save(session.trainer)
    try RunRecord(recipe: recipe, data: data).write(run)
    let loaded = try Predictor(try RunRecord(run), in: run)
    #expect(loaded.series == data.series && loaded.shape == data.shape)
    let test = try #require(data.parts.test)
    let metrics = try loaded.evaluate(test).metrics
    #expect(metrics == (try Predictor(session).evaluate(test)).metrics)
    return (metrics, loaded, data)
  }

  @Test(arguments: [
    ("sensor", 40, 0.95), ("sensor-ecg200", 30, 0.8), ("sensor-motions", 30, 0.95),
    ("sensor-vowels", 15, 0.93),
  ])
  func classesOfRealSeriesAreLearned(_ name: String, _ epochs: Int, _ bar: Double) throws {
    guard let location = try sharedData("ucr") else { return }
    let folder = TemporaryFolder()
    let recipe = try built(name, ["training.epochs=\(epochs)"])
    let (metrics, predictor, data) = try trained(recipe, location, in: folder)
    let accuracy = try #require(metrics["accuracy"])
    #expect(accuracy >= bar, "\(name): \(accuracy)")
    // The test file, read for a prediction: filled up otherwise, said the same.
    let file = "\(location)/\(recipe.data.test[0])"
    let input = try PredictionInput(file, for: predictor)
    let labels = try #require(data.parts.test?.labels)
    let predictions = try predictor.predict(input.examples)
    let hits = (0..<predictions.count).count { predictions.best($0).label == Int(labels[$0]) }
    #expect(Double(hits) / Double(labels.count) == accuracy)
    let again = try #require(predictor.series).examples(file, recipe)
    #expect(try predictor.evaluate(again).metrics["accuracy"] == accuracy)
  }

  @Test(arguments: [
    ("forecast", 25), ("forecast-sunspots", 2), ("forecast-temperatures", 3),
  ])
  func forecastsBeatTheSeasonalNaiveOne(_ name: String, _ epochs: Int) throws {
    guard let location = try sharedData("time-series") else { return }
    let folder = TemporaryFolder()
    let recipe = try built(name, ["training.epochs=\(epochs)"])
    let (metrics, predictor, data) = try trained(recipe, location, in: folder)
    for figure in ["mae", "rmse", "mase"] {
      let own = try #require(metrics[figure])
      let seasonal = try #require(metrics["seasonal_naive_\(figure)"])
      let last = try #require(metrics["last_value_\(figure)"])
      #expect(own < 0.8 * seasonal && own < last, "\(name), \(figure): \(metrics)")
    }
    let horizon = try #require(recipe.data.forecast).horizon
    let path = "\(location)/\(recipe.data.train[0])"
    let input = try PredictionInput(path, for: predictor)
    let predictions = try predictor.predict(input.examples)
    #expect(predictions.numbers.count == horizon && input.dates.count == horizon)
    #expect(predictions.numbers.allSatisfy { $0.isFinite })
    if name == "forecast" {
      #expect(input.dates.first == "1961-01" && input.dates.last == "1961-12")
      // The year that follows is like those before, and higher than the mean of all.
      #expect(predictions.numbers.allSatisfy { $0 > 280 && $0 < 900 }, "\(predictions.numbers)")
    }
    let whole = try #require(data.series).examples(path, recipe)
    #expect(whole.count > (data.parts.test?.count ?? 0))
    #expect(whole.baselines.count == 2)
  }

  @Test func aTableWithManyColumnsIsForecast() throws {
    guard let location = try sharedData("time-series") else { return }
    let recipe = try built("forecast-beijing")
    let data = try RecipeData(recipe, location: location)
    let forecast = try #require(data.series?.forecast)
    #expect(forecast.step == .seconds(3600) && forecast.season == 24)
    #expect(forecast.inputs.map(\.name) == ["DEWP", "TEMP", "PRES", "cbwd", "Iws", "Is", "Ir"])
    // pm2.5, six columns of numbers, four winds, the mark of missing pm2.5, three times two.
    #expect(data.shape.example == [recipe.data.forecast?.window ?? 0, 18])
    #expect(data.parts.notes.contains { $0.contains("windows are left out") })
    let estimate = try StepEstimate(recipe, shape: data.shape)
    #expect(estimate.parameters > 1000 && estimate.peakBytes > 0)
  }

  @Test func severalColumnsAndEveryNetworkForecast() throws {
    let folder = TemporaryFolder()
    var text = "a,b\n"
    for step in 0..<200 { text += "\((step % 6) * 10),\(100 - (step % 6) * 3)\n" }
    try text.write(toFile: folder("t.csv"), atomically: false, encoding: .utf8)
    for model in [
      "kind: gru\n  width: 16", "kind: tcn\n  channels: [16, 16]", "kind: mlp\n  hidden: [32]",
    ] {
      let recipe = try recipe(
        """
        task: regression
        data:
          source: forecast
          train: t.csv
          target: [b, a]
          window: 12
          horizon: 3
          season: 6
        model:
          \(model)
          anchor: last
        training:
          epochs: 30
          batch: 16
          learning_rate: 0.01
        """)
      let (metrics, predictor, _) = try trained(recipe, folder.path, in: folder)
      let (b, a) = (metrics["mae_b"] ?? .nan, metrics["mae_a"] ?? .nan)
      #expect(b < 1 && a < 3, "\(metrics)")
      #expect(metrics["seasonal_naive_mae_a"] == 0, "the series repeats itself")
      #expect(try #require(metrics["last_value_mae_a"]) > 10)
      let input = try PredictionInput(folder("t.csv"), for: predictor)
      #expect(try predictor.predict(input.examples).numbers.count == 6 && input.dates.isEmpty)
    }
  }

  /// Pulses somewhere, up or down, in series of different lengths.
  private func writePulses(_ folder: TemporaryFolder) throws {
    var text = "@univariate true\n@equalLength false\n@classLabel true up down\n@data\n"
    for number in 0..<80 {
      let (isUp, begin) = (number % 2 == 0, number / 2 % 9)
      let values = (0..<(16 + number % 5)).map { step in
        (begin..<begin + 5).contains(step) ? (isUp ? "1" : "-1") : "0"
      }
      text += values.joined(separator: ",") + (isUp ? ":up\n" : ":down\n")
    }
    try text.write(toFile: folder("t.ts"), atomically: false, encoding: .utf8)
  }

  private func pulses(_ model: String, _ training: String) -> String {
    """
    task: classification
    data: {source: series, train: t.ts, test_fraction: 0.25}
    model: {\(model)}
    training: {epochs: 8, batch: 8, learning_rate: 0.02, \(training)}

    """
  }

  @Test(arguments: ["kind: series-cnn, channels: [8], window: 3", "kind: gru, width: 8"])
  func seriesAreShownOtherwiseEveryTime(_ model: String) throws {
    let folder = TemporaryFolder()
    try writePulses(folder)
    let whole = try recipe(
      pulses(model, "time_shift: 3, gain: 3, noise: 0.2, mask_frames: 2"))
    #expect(try Recipe(json: whole.json, file: "recipe.json") == whole)
    let (metrics, _, data) = try trained(whole, folder.path, in: folder)
    #expect(try #require(metrics["accuracy"]) >= 0.9, "\(metrics)")
    // Each of them changes what is learned.
    func loss(_ training: String) throws -> Double {
      let session = try Session(recipe(pulses(model, training)), data: data)
      _ = try session.train()
      return try #require(
        Predictor(session).evaluate(data.parts.train).metrics["log_loss"])
    }
    let keys = ["noise: 0", "time_shift: 3", "gain: 3", "noise: 0.2", "mask_frames: 2"]
    let losses = try keys.map(loss)
    #expect(Set(losses).count == 5, "\(losses)")
    let message = failure {
      _ = try Session(try recipe(pulses(model, "time_shift: 20")), data: data)
    }
    #expect(
      message.contains("training.time_shift is 20, and the longest series has 20 steps"),
      "\(message)")
  }

  @Test func mistakesInAugmentationAreNamed() {
    for (model, training, wanted) in [
      (
        "kind: lstm", "time_shift: 1.5", "training.time_shift is 1.5, and series are moved by whole"
      ),
      ("kind: lstm", "time_shift: 1e30", "write a whole number up to 65536"),
      ("kind: gru", "mask_bands: 2", "training.mask_bands means nothing to gru"),
      ("kind: series-cnn", "noise: -1", "training.noise is"),
      ("kind: series-cnn", "flips: true", "training.flips means nothing to series-cnn"),
    ] {
      let message = failure { _ = try recipe(pulses(model, training)) }
      #expect(message.contains(wanted), "\(message)")
    }
    let forecast = "task: regression\ndata: {source: forecast, train: t.csv, target: y}\n"
    for key in ["time_shift", "gain", "noise", "mask_frames", "mask_bands"] {
      let message = failure { _ = try recipe(forecast + "training: {\(key): 1}\n") }
      #expect(
        message.contains("training.\(key) is for sounds and for series with classes"), "\(message)")
    }
  }

  @Test func mistakesInRecipesAreNamed() {
    func message(_ data: String, _ model: String = "", task: String = "regression") -> String {
      failure {
        _ = try recipe(
          "task: \(task)\ndata: {train: t.csv, \(data)}\n"
            + (model.isEmpty ? "" : "model: {\(model)}\n"))
      }
    }
    for (got, wanted) in [
      (message("source: forecast"), "the key 'target' is missing under 'data'"),
      (
        message("source: forecast, target: y, date: [year, month]"),
        "data.date names 2 columns; name one column of dates, or those of year, month, day and"
      ),
      (
        message("source: forecast, target: y, test: u.csv"),
        "data.test has no use: the end of the table is held back"
      ),
      (message("source: forecast, target: y, window: 0"), "data.window is from 1 to 65536, not 0"),
      (
        message("source: forecast, target: y, fill: mean"),
        "data.fill is for tables, and the source is forecast"
      ),
      (
        message("source: forecast, target: y", task: "classification"),
        "data.source forecast has numbers; write task: regression"
      ),
      (
        message("source: forecast, target: y, window: 12, season: 24", "anchor: season"),
        "model.anchor is season, and a season of 24 steps is not in a window of 12; set data.window"
      ),
      (
        message("source: forecast, target: y", "kind: series-cnn"),
        "model.kind series-cnn reads the source series, and the source is forecast"
      ),
      (
        message("source: forecast, target: y", "bidirectional: true"),
        "model.bidirectional means nothing to lstm here"
      ),
      (message("source: series", task: "regression"), "data.source series has classes"),
      (
        message("source: series, window: 3", task: "classification"),
        "data.window is for forecasts, and the source is series"
      ),
      (
        message("source: series", "kind: tcn", task: "classification"),
        "model.kind tcn reads the source forecast, and the source is series"
      ),
      (
        message("source: series", "anchor: last", task: "classification"),
        "model.anchor means nothing to series-cnn here"
      ),
      (
        message("source: csv, target: y, horizon: 3"),
        "data.horizon is for forecasts, and the source is csv"
      ),
      (
        message("source: series", "kind: mlp", task: "classification"),
        "model.kind mlp reads no series of any length"
      ),
    ] {
      #expect(got.contains(wanted), "\(got)")
    }
  }

  @Test func aSeasonThatDatesGiveIsCheckedToo() throws {
    let folder = TemporaryFolder()
    var text = "date,y\n"
    for step in 0..<80 {
      let month = step % 12 + 1
      text += "\(1990 + step / 12)-\(month < 10 ? "0" : "")\(month),\(step)\n"
    }
    try text.write(toFile: folder("t.csv"), atomically: false, encoding: .utf8)
    let recipe = try recipe(
      "task: regression\ndata: {source: forecast, train: t.csv, date: date, target: y, window: 6}\n"
        + "model: {anchor: season}\n")
    #expect(
      failure { _ = try RecipeData(recipe, location: folder.path) }.contains(
        "a season of 12 steps is not in a window of 6"))
  }
}
