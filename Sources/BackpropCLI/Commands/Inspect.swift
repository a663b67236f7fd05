// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropFormats
import BackpropNN
import BackpropRecipes
import BackpropTraining

/// `backprop inspect`: a recipe with all its defaults, or a run with its network and result.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show a recipe with all defaults, or a run with its network and result.")

  @Argument(help: "A built-in recipe, a YAML file, or the folder of a run.") var target: String
  @Flag(help: "Print JSON.") var json = false

  mutating func run() throws {
    let folder = RunFolder(target)
    if (try? folder.contents()) == .run { return try show(RunRecord(folder), folder) }
    let source = try RecipeSource(target, overrides: [], seed: nil)
    if json { return Output.print(try source.recipe.json.text()) }
    show(source.recipe)
  }

  private func show(_ recipe: Recipe) {
    for (key, value) in recipe.json.object?.members ?? [] {
      if let section = value.object {
        Output.print("\(key):")
        for (key, value) in section.members { Output.print("  \(key): \(text(value))") }
      } else {
        Output.print("\(key): \(text(value))")
      }
    }
  }

  private func show(_ record: RunRecord, _ folder: RunFolder) throws {
    if json {
      var object = JSONObject([
        ("run", .string(folder.path)), ("version", .string(record.version)),
        ("recipe", record.recipe.json), ("fingerprint", .string(record.fingerprint)),
        ("complete", .bool(record.result != nil)),
      ])
      object["epochs"] = record.result.map { .integer($0.epochs) }
      object["best_epoch"] = record.result?.bestEpoch.map { .integer($0) }
      object["validation"] = record.result?.validation?.json
      object["test"] = record.result?.test?.json
      return Output.print(try JSONValue.object(object).text())
    }
    show(record.recipe)
    Output.print("")
    for line in NetworkTable(try Network(record.recipe.model, for: record.shape)).lines {
      Output.print(line)
    }
    Output.print("")
    guard let result = record.result else {
      return Output.print(
        "The run is not complete; go on with 'backprop train --run \(folder.path) --resume'.")
    }
    Output.print(
      "\(result.epochs) epochs in \(Text.seconds(result.seconds))"
        + (result.bestEpoch.map { ", weights of epoch \($0)" } ?? ""))
    for (name, metrics) in [("validation", result.validation), ("test", result.test)] {
      guard let metrics else { continue }
      Output.print("\(name):")
      for entry in metrics.values {
        Output.print("  \(Text.left(entry.name, 20))\(Text.metric(entry.name, entry.value))")
      }
    }
  }

  private func text(_ value: JSONValue) -> String {
    value.string ?? ((try? value.text()) ?? "")
  }
}
