// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropNN
import BackpropRecipes
import BackpropTraining

/// `backprop train --dry-run`: what would be trained and what a step costs; no data is read but
/// what the shapes need.
struct DryRun {
  private let recipe: Recipe
  private let shape: DataShape
  private let estimate: StepEstimate
  private let json: Bool

  init(_ source: RecipeSource, location: String?, json: Bool) throws {
    recipe = source.recipe
    self.json = json
    shape = try DataShape(recipe, location: location, folder: source.folder)
    estimate = try StepEstimate(recipe, shape: shape)
  }

  func show() throws {
    if json {
      var object = JSONObject([("event", "plan"), ("name", .string(recipe.name))])
      object["parameters"] = .integer(estimate.parameters)
      object["operations_per_step"] = .integer(estimate.operations)
      object["bytes_moved_per_step"] = .integer(estimate.bytesMoved)
      object["kernels_per_step"] = .integer(estimate.kernels)
      object["peak_bytes"] = .integer(estimate.peakBytes)
      return Output.print(try JSONValue.object(object).text())
    }
    let example = shape.example.map(String.init).joined(separator: "x")
    Output.print("\(recipe.name): \(recipe.task.rawValue), examples of \(example)")
    Output.print("")
    for line in NetworkTable(estimate.network).lines { Output.print(line) }
    Output.print("")
    let training = recipe.training
    Output.print("parameters        \(Text.grouped(estimate.parameters))")
    Output.print(
      "optimizer         \(training.optimizer.rawValue), learning rate \(training.learningRate), "
        + "\(training.schedule.rawValue)")
    Output.print("batch             \(Text.grouped(training.batch)), \(training.epochs) epochs")
    Output.print(
      "operations        \(Text.grouped(estimate.operations)) a step, in \(estimate.kernels) kernels"
    )
    Output.print("memory traffic    \(Text.bytes(estimate.bytesMoved)) a step")
    Output.print("peak memory       \(Text.bytes(estimate.peakBytes)) for a step, without the data")
  }
}
