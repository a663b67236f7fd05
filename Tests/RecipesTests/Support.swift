// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropRecipes
import TestSupport

/// A recipe from lines of YAML.
func recipe(_ text: String, _ overrides: [String] = []) throws -> Recipe {
  try Recipe(yaml: Array(text.utf8), file: "r.yaml", overrides: overrides)
}

/// A recipe of a table with these lines under `data`, `model` and `training`.
func tableRecipe(
  _ name: String = "t.csv", task: String = "classification", target: String = "y",
  data: [String] = [], model: [String] = ["hidden: [4]"],
  training: [String] = ["epochs: 2", "batch: 8"], overrides: [String] = []
) throws -> Recipe {
  let lines =
    ["task: \(task)", "data:", "  source: csv", "  train: \(name)", "  target: \(target)"]
    + data.map { "  \($0)" } + ["model:"] + model.map { "  \($0)" } + ["training:"]
    + training.map { "  \($0)" }
  return try recipe(lines.joined(separator: "\n") + "\n", overrides)
}

/// A table of numbers and names whose class is easily told, of `count` rows.
func people(_ count: Int) -> String {
  var random = Random(seed: 3)
  var text = "age,height,city,y\n"
  for _ in 0..<count {
    let (age, height) = (20 + random.below(50), 150 + random.below(50))
    let city = ["Rome", "Oslo", "Lima", ""][random.below(4)]
    let number = random.below(9) == 0 ? "?" : "\(age)"
    text += "\(number),\(height).5,\(city),\(age + height > 220 ? "yes" : "no")\n"
  }
  return text
}
