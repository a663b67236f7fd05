// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropFormats
import BackpropRecipes
import BackpropTraining

/// `backprop list`: recipes that are built in, and runs in the folder `runs`.
struct List: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the built-in recipes and the runs so far.")

  @Flag(help: "Print JSON lines.") var json = false

  mutating func run() throws {
    if !json { Output.print("Recipes that are built in (backprop train NAME):") }
    for known in RecipeLibrary.all {
      let recipe = try known.recipe()
      if json {
        try Output.print(
          JSONValue.object(
            JSONObject([
              ("recipe", .string(known.name)), ("about", .string(recipe.about)),
            ])
          ).text())
      } else {
        Output.print("  \(Text.left(known.name, 22))\(recipe.about)")
      }
    }
    let runs = System.names(in: "runs").map { RunFolder("runs/\($0)") }.filter {
      (try? $0.contents()) == .run
    }
    if !json {
      Output.print("")
      Output.print(
        runs.isEmpty
          ? "There are no runs in 'runs' yet." : "Runs (backprop evaluate, predict, inspect RUN):")
    }
    for run in runs { try show(run) }
    if !json {
      Output.print("")
      Output.print("More recipes are files: see Examples/*.yaml. Data: backprop data list.")
    }
  }

  private func show(_ run: RunFolder) throws {
    let record = try? RunRecord(run)
    let test = record?.result?.test
    let figure =
      test?["accuracy"].map { ("accuracy", $0) } ?? test?["r2"].map { ("r2", $0) }
      ?? test?["loss"].map { ("loss", $0) }
    if json {
      var object = JSONObject([("run", .string(run.path))])
      object["recipe"] = record.map { .string($0.recipe.name) }
      object["complete"] = .bool(record?.result != nil)
      if let figure { object[figure.0] = JSONValue(significant: figure.1) }
      return Output.print(try JSONValue.object(object).text())
    }
    let state =
      record == nil
      ? "cannot be read"
      : (record?.result == nil
        ? "interrupted"
        : figure.map { "test \($0.0) \(Text.metric($0.0, $0.1))" } ?? "complete")
    Output.print("  \(Text.left(run.path, 26))\(state)")
  }
}
