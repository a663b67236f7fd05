// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropRecipes
import Foundation
import TestSupport
import Testing

@Suite("Recipes") struct RecipeTests {
  /// The recipes in Examples/.
  static let examples: [String] = {
    let folder = projectFolder() + "/Examples"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\($0)" }
  }()

  @Test(arguments: RecipeLibrary.all.map(\.name)) func builtInOnesAreRight(name: String) throws {
    let recipe = try #require(RecipeLibrary.named(name)).recipe()
    #expect(recipe.name == name && !recipe.about.isEmpty)
  }

  @Test(arguments: examples) func examplesAreRight(path: String) throws {
    let recipe = try Recipe(yaml: FileContents.read(path), file: path)
    #expect(path.hasSuffix("/\(recipe.name).yaml") && !recipe.about.isEmpty)
    // An example of a built-in recipe is that recipe.
    if let known = RecipeLibrary.named(recipe.name) {
      #expect(try known.recipe().firstDifference(from: recipe) == nil)
    }
  }

  @Test func thereAreExamples() { #expect(RecipeTests.examples.count >= 6) }

  @Test func jsonGivesTheRecipeBack() throws {
    var recipes = try RecipeLibrary.all.map { try $0.recipe() }
    for path in RecipeTests.examples {
      recipes.append(try Recipe(yaml: FileContents.read(path), file: path))
    }
    recipes.append(
      try tableRecipe(
        task: "regression",
        data: [
          "header: false", "columns: [a, b, y]", "delimiter: \";\"", "comment: \"#\"",
          "skip_rows: 2", "numeric: [a]", "categorical: [b]", "missing: [\"\", none]",
          "scale: range", "log: [a]", "fill: mean", "encoding: one_hot", "least_count: 3",
          "target_scale: log", "target_suffix: \".\"", "test: [u.csv, v.csv]",
          "validation: w.csv",
        ],
        model: [
          "kind: mlp", "hidden: [3, 3]", "activation: hard_swish", "dropout: 0.25",
          "normalization: rms", "residual: true",
        ],
        training: [
          "epochs: 7", "batch: 12", "micro_batches: 3", "optimizer: sgd", "learning_rate: 1e-5",
          "momentum: 0.5", "nesterov: true", "weight_decay: 0.1", "schedule: cosine_restarts",
          "warmup_epochs: 0.5", "final_learning_rate: 1e-7", "decay_epochs: 2.5",
          "decay_factor: 0.1", "loss: log_cosh", "clip_norm: 2", "l1: 0.1", "l2: 0.2",
          "early_stopping: 3", "weight_average: 0.9", "precision: bfloat16",
        ]))
    for recipe in recipes {
      let text = try recipe.json.prettyText()
      let back = try Recipe(json: JSONValue(parsing: text, file: "j"), file: "j")
      #expect(back == recipe && back.firstDifference(from: recipe) == nil)
    }
  }

  @Test func overridesAreCheckedLikeTheFile() throws {
    let text = "task: classification\ndata:\n  source: digits\n"
    let changed = try recipe(
      text, ["training.epochs=5", "model.hidden=[32, 16]", "seed=7", "about=\"a: b\"", "name=x"])
    #expect(changed.training.epochs == 5 && changed.model.hidden == [32, 16])
    #expect(changed.seed == 7 && changed.name == "x")
    // The last one counts.
    #expect(try recipe(text, ["seed=1", "seed=2"]).seed == 2)
    // An empty value is a missing one.
    #expect(try recipe(text, ["training.clip_norm="]).training.clipNorm == nil)
    let cases = [
      ("training.epoch=5", "'epoch' is no key of 'training'; did you mean 'epochs'?"),
      ("epochs=5", "'epochs' is no key of a recipe; it belongs under 'training'."),
      ("training.epochs", "there is no '='; write --set training.epochs=5."),
      ("training.epochs=five", "training.epochs is a whole number, not 'five'."),
      ("a.b.c=1", "'a.b.c' is no key of a recipe; write --set training.epochs=5."),
      ("=1", "'' is no key of a recipe; write --set training.epochs=5."),
      ("about=a: b", "about is a text, not a mapping."),
      (
        "model.hidden=[1",
        "this is not YAML: did not find expected ',' or ']'; correct the YAML there."
      ),
      (
        "training.loss=squared",
        "training.loss squared does not fit the task classification; choose one of cross_entropy, "
          + "focal."
      ),
    ]
    for (override, message) in cases {
      #expect(failure { _ = try recipe(text, [override]) } == "--set \(override): \(message)")
    }
  }

  @Test func differencesAreNamed() throws {
    let text = "task: classification\ndata:\n  source: digits\n"
    let (a, b) = (try recipe(text), try recipe(text, ["training.epochs=5"]))
    #expect(a.firstDifference(from: b) == "training.epochs is 20 there and 5 here")
    let c = try recipe(text, ["training.clip_norm=1"])
    #expect(a.firstDifference(from: c) == "training.clip_norm is not set there and 1.0 here")
  }

  @Test func namesComeFromTheFileWhereNoneIsGiven() throws {
    let text = Array("task: classification\ndata:\n  source: digits\n".utf8)
    #expect(try Recipe(yaml: text, file: "a/b/my recipe.v2.yaml").name == "my-recipe")
    #expect(try Recipe(yaml: text, file: ".yaml").name == "yaml")
  }

  @Test func damagedRecipesNeverTrap() throws {
    let text = try FileContents.read(RecipeTests.examples[0])
    var good = 0
    try mutations(of: text, count: 10_000, seed: 31, wholly: true) { damaged in
      do {
        _ = try Recipe(yaml: damaged, file: "r.yaml")
        good += 1
      } catch {
        #expect("\(error)".hasPrefix("r.yaml"), "\(error)")
        #expect("\(error)".hasSuffix(".") || "\(error)".hasSuffix("?"), "\(error)")
      }
    }
    #expect(good > 100)
  }

  @Test func damagedOverridesNeverTrap() throws {
    let text = "task: classification\ndata:\n  source: digits\n"
    try mutations(
      of: Array("model.hidden=[32, 16]".utf8), count: 10_000, seed: 32, wholly: true
    ) { damaged in
      do {
        _ = try recipe(text, [String(decoding: damaged, as: UTF8.self)])
      } catch {
        #expect("\(error)".hasPrefix("--set ") || "\(error)".hasPrefix("r.yaml"), "\(error)")
      }
    }
  }
}
