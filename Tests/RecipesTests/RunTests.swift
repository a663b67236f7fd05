// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropGraph
import BackpropNN
import BackpropRecipes
import BackpropRuntime
import BackpropTraining
import TestSupport
import Testing

@Suite("Runs of recipes") struct RunTests {
  @Test(arguments: ["digits", "mnist", "fashion-mnist"])
  func theEstimateCountsWhatIsThere(name: String) throws {
    let recipe = try #require(RecipeLibrary.named(name)).recipe()
    let shape = try DataShape(recipe)
    let estimate = try StepEstimate(recipe, shape: shape)
    // Σ (inputs + 1) · outputs over the layers.
    let sizes = [shape.features] + recipe.model.hidden + [10]
    let parameters = zip(sizes, sizes.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
    #expect(estimate.parameters == parameters)
    // A product forward, two backward, but none for the gradient of the pixels.
    let forward = zip(sizes, sizes.dropFirst()).reduce(0) { $0 + 2 * $1.0 * $1.1 }
    let backward = 2 * forward - 2 * sizes[0] * sizes[1]
    let products = recipe.training.batch * (forward + backward)
    #expect(estimate.operations >= products, "\(estimate.operations) \(products)")
    #expect(estimate.operations < products * 5 / 4, "\(estimate.operations) \(products)")
    // Weights and two slots at least, in float32.
    #expect(estimate.peakBytes > 3 * 4 * parameters)
    #expect(estimate.kernels > 0 && estimate.bytesMoved > 3 * 4 * parameters)
    #expect(estimate.network.parameters().allSatisfy { !$0.hasValue || $0.count > 0 })
  }

  @Test func theEstimateReadsNoData() throws {
    // MNIST is not here, and its step is known all the same.
    let recipe = try #require(RecipeLibrary.named("mnist")).recipe(overrides: ["data.path=/none"])
    #expect(try StepEstimate(recipe, shape: DataShape(recipe)).parameters == 535_818)
  }

  @Test(arguments: [
    "constant", "step", "exponential", "linear", "cosine", "cosine_restarts", "one_cycle",
    "plateau",
  ])
  func extremeSettingsArePlannedAllTheSame(schedule: String) throws {
    let known = try #require(RecipeLibrary.named("digits"))
    let extremes = [
      "training.learning_rate=1e308", "training.learning_rate=1e-308", "training.epochs=1000000",
      "training.warmup_epochs=19.999", "training.decay_epochs=1e-300",
      "training.decay_epochs=1000000", "training.decay_factor=1e-300",
      "training.final_learning_rate=1e308", "training.weight_decay=1e308",
      "training.clip_norm=1e-300", "training.l1=1e308", "training.weight_average=0",
      "training.batch=16777216", "model.hidden=[65536, 65536]", "model.hidden=[]",
      "model.hidden=[1]",
      "training.precision=bfloat16",
    ]
    for extreme in extremes {
      let recipe = try known.recipe(overrides: ["training.schedule=\(schedule)", extreme])
      let estimate = try StepEstimate(recipe, shape: DataShape(recipe))
      #expect(estimate.operations > 0, "\(extreme)")
    }
  }

  @Test func theEstimateFollowsTheBatch() throws {
    let known = try #require(RecipeLibrary.named("digits"))
    func estimate(_ overrides: String...) throws -> StepEstimate {
      let recipe = try known.recipe(overrides: overrides)
      return try StepEstimate(recipe, shape: DataShape(recipe))
    }
    let (one, large) = (try estimate("training.batch=8"), try estimate("training.batch=1024"))
    #expect(large.peakBytes > one.peakBytes && large.operations > 50 * one.operations)
    let parts = try estimate("training.batch=1024", "training.micro_batches=8")
    #expect(parts.peakBytes < large.peakBytes)
  }

  @Test(arguments: [
    [], ["training.optimizer=sgd"], ["model.normalization=batch", "training.clip_norm=1"],
    ["training.weight_average=0.9", "training.balance_classes=true", "training.batch=100"],
  ])
  func theEstimateIsThePlanOfARealStep(overrides: [String]) throws {
    let recipe = try #require(RecipeLibrary.named("digits")).recipe(overrides: overrides)
    let estimate = try StepEstimate(recipe, shape: DataShape(recipe))
    let session = try Session(recipe, data: RecipeData(recipe))
    let trainer = session.trainer
    trainer.shouldStop = { trainer.progress.position == 3 }
    #expect(try !session.train())
    // The fourth step, written down with real weights and a real batch, and only planned.
    let source = BatchSource(session.data.parts.train)
    let batch = source.batch(Array(0..<recipe.training.batch)[...])
    let state = trainer.optimizer.state
    let (loss, gradients) = try Context.training(seed: 0, step: 3) {
      try valueAndGradient(of: state.parameters) { trainer.goal.loss(for: batch) }
    }
    let mean = loss.mean
    let (pending, undo) = state.install(state.pending(consume gradients))
    let plan = try Evaluator.plan(pending.map(\.node) + [mean.node])
    undo.restore()
    #expect(plan.steps.count == estimate.kernels)
    #expect(plan.operations == estimate.operations)
    #expect(plan.bytesMoved == estimate.bytesMoved)
    #expect(plan.peakBytes == estimate.peakBytes)
  }

  /// The record of a finished little run, and its folder.
  private func run(_ files: TemporaryFolder) throws -> (RunRecord, RunFolder, Session) {
    try AtomicFile.write(people(100), to: files("t.csv"))
    let recipe = try tableRecipe()
    let data = try RecipeData(recipe, folder: files.path)
    let session = try Session(recipe, data: data)
    let folder = RunFolder(files("run"))
    try folder.make()
    let saver = RunSaver(folder)
    session.trainer.save = { try saver.save($0) }
    #expect(try session.train())
    var record = RunRecord(recipe: recipe, data: data, folder: files.path)
    let evaluation = try Predictor(session).evaluate(try #require(data.parts.test))
    record.result = RunRecord.Result(
      epochs: 2, bestEpoch: 1, validation: ["loss": 0.5], test: evaluation.metrics, seconds: 1.5)
    try record.write(folder)
    return (record, folder, session)
  }

  @Test func aRecordComesBackAndPredictsTheSame() throws {
    let files = TemporaryFolder(inMemory: true)
    let (record, folder, session) = try run(files)
    let back = try RunRecord(folder)
    #expect(back.recipe == record.recipe && back.shape == record.shape)
    #expect(back.fingerprint == record.fingerprint && back.preprocessor == record.preprocessor)
    #expect(back.result?.epochs == 2 && back.result?.bestEpoch == 1)
    #expect(back.result?.validation == ["loss": 0.5] && back.folder == files.path)
    let (a, b) = (Predictor(session), try Predictor(back, in: folder))
    let input = try PredictionInput(files("t.csv"), for: b)
    #expect(input.examples.count == 100 && input.lines.first == 2)
    #expect(try a.predict(input.examples).probabilities == b.predict(input.examples).probabilities)
  }

  @Test func aFolderWithoutARunIsSaidSo() {
    let files = TemporaryFolder()
    #expect(
      failure { _ = try RunRecord(RunFolder(files.path)) }
        == "\(files.path): there is no run here (no run.json); name a folder that 'backprop train' "
        + "made; 'backprop list' shows them.")
  }

  @Test func aRecordWhosePartsDisagreeIsRefused() throws {
    let files = TemporaryFolder(inMemory: true)
    let (_, folder, _) = try run(files)
    let text = String(decoding: try FileContents.read(folder.record), as: UTF8.self)
    let changes = [
      ("\"outputs\": 2", "\"outputs\": 1"), ("\"example\": [", "\"example\": [7, "),
      ("\"code_counts\": [", "\"code_counts\": [3, "),
      ("\"task\": \"classification\"", "\"task\": \"regression\""),
    ]
    for (old, new) in changes {
      #expect(text.contains(old), "\(old) in \(text)")
      try AtomicFile.write(text.replacing(old, with: new), to: folder.record)
      let message = failure { _ = try RunRecord(folder) }
      #expect(message.hasPrefix(folder.record), "\(message)")
    }
  }

  @Test func damagedRecordsNeverTrap() throws {
    let files = TemporaryFolder(inMemory: true)
    let (_, folder, _) = try run(files)
    let bytes = try FileContents.read(folder.record)
    let text = Array(people(4).utf8)
    try AtomicFile.write(text, to: files("few.csv"))
    var (good, predicted) = (0, 0)
    try mutations(of: bytes, count: 10_000, seed: 41, wholly: true) { damaged in
      try AtomicFile.write(damaged, to: folder.record)
      do {
        let record = try RunRecord(folder)
        good += 1
        let predictor = try Predictor(record, in: folder)
        let input = try PredictionInput(files("few.csv"), for: predictor)
        _ = try predictor.evaluate(input.examples)
        _ = try predictor.predict(input.examples)
        predicted += 1
      } catch {
        #expect("\(error)".hasSuffix(".") || "\(error)".hasSuffix("?"), "\(error)")
      }
    }
    #expect(good > 100 && predicted > 100)
  }

  @Test func damagedWeightsNeverTrap() throws {
    let files = TemporaryFolder(inMemory: true)
    let (record, folder, _) = try run(files)
    let bytes = try FileContents.read(folder.weights)
    var good = 0
    try mutations(of: bytes, count: 10_000, seed: 42) { damaged in
      try AtomicFile.write(damaged, to: folder.weights)
      do {
        _ = try Predictor(record, in: folder)
        good += 1
      } catch {
        #expect(!"\(error)".isEmpty)
      }
    }
    #expect(good > 0)
  }
}
