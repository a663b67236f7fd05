// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropData
import BackpropFormats
import BackpropRecipes
import BackpropTraining

/// `backprop train`: trains the network of a recipe, tests it and keeps it in a run's folder.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train the network of a recipe.",
    discussion: """
      RECIPE is the name of a built-in recipe ('backprop list' shows them) or a YAML file.

        backprop train digits
        backprop train mnist --data data/mnist --set training.epochs=5
        backprop train Examples/iris.yaml --data data/iris --run runs/iris
      """)

  @Argument(help: "A built-in recipe or a YAML file.") var recipe: String?
  @Option(help: "The folder or file of the data.") var data: String?
  @Option(name: .customLong("set"), help: "Set a key of the recipe, e.g. training.epochs=5.")
  var overrides: [String] = []
  @Option(name: .customLong("run"), help: "The folder for the run (default: runs/NAME-…).")
  var runFolder: String?
  @Option(help: "The seed of everything random (default: the recipe's).") var seed: Int?
  @Option(help: "The type of products, float32 or bfloat16 (default: the recipe's).")
  var precision: String?
  @Option(help: "Threads to compute with (default: one for each core).") var threads: Int?
  @Flag(help: "Print JSON lines.") var json = false
  @Flag(help: "Show network, operations and memory, and train nothing.") var dryRun = false
  @Flag(help: "Go on with an interrupted run, exactly where it stood.") var resume = false
  @Flag(help: "Begin anew in the folder of an earlier run.") var overwrite = false

  mutating func run() throws {
    try System.setThreads(threads)
    if dryRun { return try DryRun(try source(), location: data, json: json).show() }
    var job = try resume ? resumed() : fresh()
    let session = job.session
    if resume { _ = try job.saver.restore(session.trainer) }
    session.trainer.save = { [saver = job.saver] in try saver.save($0) }
    session.trainer.shouldStop = { System.isInterrupted }
    let figures =
      switch job.record.recipe.task {
      case .classification: ["accuracy"]
      case .regression: ["rmse", "r2"]
      case .generation, .translation: [String]()
      }
    let listener: any EventListener =
      json ? JSONLines() : Screen(isTerminal: Output.isTerminal, figures: figures)
    session.trainer.listen(listener)
    System.catchInterrupts()
    if !json { introduce(job) }
    let report = job.warnings
    for warning in report { session.trainer.tell(.warning(warning)) }
    guard try session.train() else {
      throw Failure.failed(
        "interrupted; go on with 'backprop train --run \(job.folder.path) --resume'.")
    }
    try finish(&job, session, listener)
  }

  private func source() throws -> RecipeSource {
    var overrides = overrides
    if let precision = try TrainingRecipe.Precision.named(precision) {
      overrides.append("training.precision=\(precision.rawValue)")
    }
    return try RecipeSource(recipe ?? "digits", overrides: overrides, seed: seed)
  }

  /// A run from the start.
  private func fresh() throws -> Job {
    let source = try source()
    if let runFolder { try checkIsFree(RunFolder(runFolder)) }
    let data = try RecipeData(source.recipe, location: data, folder: source.folder)
    // All that can be wrong is found before anything is written or cleared away.
    let session = try Session(source.recipe, data: data)
    let folder: RunFolder
    if let runFolder {
      folder = RunFolder(runFolder)
      try folder.make()
      if overwrite { folder.clear() }
    } else {
      folder = try RunFolder.create(named: source.recipe.name, in: "runs")
    }
    let record = RunRecord(
      recipe: source.recipe, data: data, location: self.data, folder: source.folder)
    try record.write(folder)
    return Job(record: record, session: session, folder: folder)
  }

  private func checkIsFree(_ folder: RunFolder) throws {
    switch try folder.contents() {
    case .nothing: return
    case .run:
      if overwrite { return }
      let isComplete = try RunRecord(folder).result != nil
      throw Failure.failed(
        isComplete
          ? "\(folder.path): there is a complete run; name another folder or add --overwrite."
          : "\(folder.path): there is an interrupted run; add --resume to go on with it or "
            + "--overwrite to begin anew.")
    case .others:
      throw Failure.failed(
        "\(folder.path): the folder has files that are no run; name another folder.")
    }
  }

  /// A run that was interrupted.
  private func resumed() throws -> Job {
    guard let runFolder else {
      throw Failure.usage("--resume needs the folder of the run; add --run DIR.")
    }
    let folder = RunFolder(runFolder)
    var record = try RunRecord(folder)
    guard record.result == nil else {
      throw Failure.failed(
        "\(folder.path): the run is complete; there is nothing to go on with. Use it with "
          + "'backprop evaluate \(folder.path)'.")
    }
    if recipe != nil || !overrides.isEmpty || seed != nil || precision != nil {
      let asked = try recipe == nil ? nil : source().recipe
      if let asked, let difference = record.recipe.firstDifference(from: asked) {
        throw Failure.usage(
          "\(folder.path): the run was begun with other settings (\(difference)); leave them out "
            + "to go on, or begin a new run.")
      }
      if asked == nil {
        throw Failure.usage(
          "--resume goes on with the settings of the run; leave out --set, --seed and --precision.")
      }
    }
    if let data { record.location = data }
    let data = try RecipeData(record.recipe, location: record.location, folder: record.folder)
    guard data.fingerprint == record.fingerprint else {
      throw Failure.failed(
        "\(folder.path): the data has changed since the run began; put the old data back or begin "
          + "a new run.")
    }
    return Job(
      record: record, session: try Session(record.recipe, data: data), folder: folder)
  }

  private func introduce(_ job: Job) {
    let recipe = job.record.recipe
    Output.print("\(recipe.name): \(recipe.about.isEmpty ? recipe.task.rawValue : recipe.about)")
    for fact in job.facts { Output.print(fact) }
  }

  /// Tests the trained network, completes the record and says what can be done next.
  private func finish(_ job: inout Job, _ session: Session, _ listener: any EventListener) throws {
    let predictor = Predictor(session)
    let evaluation = try job.data.parts.test.map { try predictor.evaluate($0) }
    let progress = session.trainer.progress
    job.record.result = RunRecord.Result(
      epochs: progress.history.count, bestEpoch: progress.bestEpoch,
      validation: progress.bestMetrics, test: evaluation?.metrics,
      seconds: progress.secondsBefore + Stopwatch.process.seconds)
    try job.record.write(job.folder)
    job.folder.removeState()
    listener.hear(
      .done(
        Event.Done(
          test: evaluation?.metrics, run: job.folder.path,
          seconds: progress.secondsBefore + Stopwatch.process.seconds,
          peakMemory: System.peakMemory)))
    if !json {
      try Closing(record: job.record, folder: job.folder, data: job.data).show(
        evaluation, predictor)
    }
  }
}

/// A run that is about to be trained.
private struct Job {
  var record: RunRecord
  let session: Session
  let folder: RunFolder
  let saver: RunSaver
  let facts: [String]
  let warnings: [String]

  var data: RecipeData { session.data }

  init(record: RunRecord, session: Session, folder: RunFolder) {
    self.record = record
    self.session = session
    self.folder = folder
    saver = RunSaver(folder)
    let data = session.data
    let report = DataReport(data.parts, featureNames: data.preprocessor?.featureNames)
    facts = report.facts
    warnings = report.warnings
  }
}
