// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

/// What to train and how: the contents of a recipe file, every value checked and every default
/// filled in.
public struct Recipe: Hashable, Sendable {
  /// What is predicted.
  public enum Task: String, Hashable, Sendable, CaseIterable {
    /// One of several classes.
    case classification
    /// A number.
    case regression
    /// The token that comes next in a text.
    case generation
    /// A text that says in other words what another one says.
    case translation
  }

  /// A short name; run folders begin with it.
  public var name: String
  /// One sentence about it; may be empty.
  public var about: String
  /// What is predicted.
  public var task: Task
  /// Where the examples come from.
  public var data: DataRecipe
  /// The network.
  public var model: ModelRecipe
  /// How it is trained.
  public var training: TrainingRecipe
  /// Everything random follows from it.
  public var seed: Int

  /// Reads YAML text. Each override is a `key=value` such as `training.epochs=5`; it is checked
  /// exactly as if it stood in the file.
  ///
  /// - Parameter file: the name that errors show.
  public init(
    yaml: [UInt8], file: String, overrides: [String] = []
  ) throws(RecipeError) {
    var tree = try RecipeTree(yaml: yaml, file: file)
    for override in overrides { try tree.apply(override) }
    let name = Recipe.stem(file)
    try self.init(tree, defaultName: name, whole: .whole(file))
  }

  /// Reads what ``json`` wrote.
  public init(json: JSONValue, file: String) throws(RecipeError) {
    try self.init(
      RecipeTree(json: json, place: .whole(file)), defaultName: "recipe", whole: .whole(file))
  }

  init(_ tree: RecipeTree, defaultName: String, whole: RecipeError.Place) throws(RecipeError) {
    let top = try Section<TopKey>(tree, place: whole)
    // A misspelled key is reported before anything that it leaves missing.
    let dataKeys = try Section<DataKey>(top.tree(.data), place: top.place)
    let modelKeys = try Section<ModelKey>(top.tree(.model), place: top.place)
    let trainingKeys = try Section<TrainingKey>(top.tree(.training), place: top.place)

    name = try top.text(.name) ?? defaultName
    guard Recipe.isName(name) else {
      throw top.error(
        .name, "cannot be '\(name)'", "use letters, digits, '-' and '_', at most 64")
    }
    about = try top.text(.about) ?? ""
    guard let task = try top.choice(.task, of: Task.self) else {
      throw RecipeError(
        top.place, what: "the key 'task' is missing",
        remedy: "add classification, regression, generation or translation")
    }
    self.task = task
    guard top.has(.data) else {
      throw RecipeError(
        top.place, what: "the key 'data' is missing", remedy: "add it with a 'source' under it")
    }
    data = try DataRecipe(dataKeys, task: task)
    model = try ModelRecipe(modelKeys, data: data)
    try model.series?.check(modelKeys, data.forecast)
    training = try TrainingRecipe(trainingKeys, task: task, source: data.source)
    try training.augmentation.check(trainingKeys, model, data)
    seed = try top.integer(.seed, in: 0...Int.max, default: 0)
  }

  /// The recipe with every default written out; ``init(json:file:)`` reads it back.
  public var json: JSONValue {
    var object = JSONObject()
    object["name"] = .string(name)
    object["about"] = .string(about)
    object["task"] = .string(task.rawValue)
    object["data"] = .object(data.json)
    object["model"] = .object(model.json)
    object["training"] = .object(training.json)
    object["seed"] = .integer(seed)
    return .object(object)
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 64
      && text.utf8.allSatisfy {
        ($0 >= 48 && $0 <= 57) || ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122)
          || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
      }
  }

  /// `iris` of `Examples/iris.yaml`, as far as its letters may stand in a name.
  private static func stem(_ path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let stem = file.split(separator: ".").first.map(String.init) ?? file
    let safe = stem.unicodeScalars.map { scalar in
      isName(String(scalar)) ? Character(scalar) : "-"
    }
    return safe.isEmpty ? "recipe" : String(safe.prefix(64))
  }
}
