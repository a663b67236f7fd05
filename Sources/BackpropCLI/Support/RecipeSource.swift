// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropRecipes

/// A recipe named on the command line: a built-in one, or a file.
struct RecipeSource {
  let recipe: Recipe
  /// The folder of the file; nil for a built-in recipe.
  let folder: String?

  init(_ name: String, overrides: [String], seed: Int?) throws {
    var overrides = overrides
    if let seed { overrides.append("seed=\(seed)") }
    let isFile = name.contains("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    if !isFile, let known = RecipeLibrary.named(name) {
      recipe = try known.recipe(overrides: overrides)
      folder = nil
      return
    }
    guard System.exists(name) else {
      if isFile { throw Failure.failed("\(name): there is no such file; check the path.") }
      let names = RecipeLibrary.all.map(\.name).joined(separator: ", ")
      let near = RecipeLibrary.nearest(to: name).map { "did you mean '\($0)'? Built" } ?? "built"
      throw Failure.usage(
        "there is no recipe '\(name)'; \(near) in are \(names), and a path names a file.")
    }
    let bytes = try FileContents.read(name, limit: 64 << 20)
    recipe = try Recipe(yaml: bytes, file: name, overrides: overrides)
    folder = name.contains("/") ? String(name[..<name.lastIndex(of: "/")!]) : nil
  }
}

/// The version as `--version` prints it.
var versionText: String { "backprop \(Version.current)" }
