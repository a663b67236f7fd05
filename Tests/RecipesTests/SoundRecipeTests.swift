// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropNN
import BackpropRecipes
import BackpropTraining
import TestSupport
import Testing

@Suite("Recipes for sounds")
struct SoundRecipeTests {
  /// A tone of one of two pitches in 400 samples, with silence around it.
  private func write(_ folder: TemporaryFolder) throws {
    var random = Random(seed: 5)
    for index in 0..<40 {
      for (label, period) in [("high", 5.0), ("low", 20.0)] {
        let start = random.below(200)
        let length = period + 0.5 * Double(random.unit())
        let samples = (0..<400).map { place -> Float in
          guard (start..<start + 200).contains(place) else { return 0 }
          let phase = Double(place) / length
          return 0.3 * (phase - phase.rounded(.down) < 0.5 ? 1 : -1) + 0.02 * random.unit()
        }
        let sound = WAV(sampleRate: 1000, channels: 1, samples: samples)
        try AtomicFile.write(sound.encoded(), to: folder("\(label)-\(index).wav"))
      }
    }
  }

  private static func tones(_ model: String, _ training: String = "") -> String {
    """
    name: tones
    task: classification
    data:
      source: sound
      names: "{label}-{index}.wav"
      sample_rate: 1000
      seconds: 0.4
      split_by: index
      test: 0-7
      validation: 8-11
    model:
      \(model.split(separator: "\n").joined(separator: "\n  "))
    training:
      epochs: 12
      batch: 8
      learning_rate: 0.01
      \(training.split(separator: "\n").joined(separator: "\n  "))
    """
  }

  @Test(arguments: [
    tones(
      "kind: log-mel-cnn\nframe: 64\nbands: 12\nchannels: [4, 8]\nhidden: []\nnormalization: batch",
      "time_shift: 0.05\ngain: 6\nnoise: 0.01\nmask_frames: 3\nmask_bands: 2"),
    tones("kind: wave-cnn\nframe: 20\nhop: 2\nchannels: [8, 8]", "time_shift: 0.05\nnoise: 0.01"),
  ])
  func tonesAreToldApart(yaml: String) throws {
    let folder = TemporaryFolder()
    try write(folder)
    let recipe = try recipe(yaml)
    let data = try RecipeData(recipe, location: folder.path)
    let shape = try DataShape(recipe, location: folder.path)
    #expect(shape == data.shape)
    let session = try Session(recipe, data: data)
    #expect(
      try StepEstimate(recipe, shape: shape).parameters
        == session.network.parameters().reduce(0) { $0 + $1.count })
    _ = try session.train()
    let run = RunFolder(folder("run"))
    try run.make()
    try RunSaver(run).save(session.trainer)
    try RunRecord(recipe: recipe, data: data, location: folder.path).write(run)
    let predictor = try Predictor(try RunRecord(run), in: run)
    let test = try #require(data.parts.test)
    let accuracy = try predictor.evaluate(test).metrics["accuracy"] ?? 0
    #expect(accuracy >= 0.9, "\(accuracy)")
    let input = try PredictionInput(folder("low-3.wav"), for: predictor)
    let predictions = try predictor.predict(input.examples)
    #expect(predictions.count == 1 && predictions.classNames == ["high", "low"])
    #expect(predictions.best(0).label == 1)
  }

  /// A short training of a small network already hears most of the digits that are spoken.
  @Test func spokenDigitsAreHeard() throws {
    guard let path = try sharedData("fsdd/recordings") else { return }
    let plain = ["time_shift", "noise", "mask_frames", "mask_bands", "label_smoothing"]
    let recipe = try #require(RecipeLibrary.named("speech-digits")).recipe(
      overrides: plain.map { "training.\($0)=0" } + [
        "training.epochs=4", "model.channels=[8, 16, 32]", "model.hop=256", "model.dropout=0",
      ])
    let session = try Session(recipe, data: try RecipeData(recipe, location: path))
    _ = try session.train()
    let test = try #require(session.data.parts.test)
    let accuracy = try Predictor(session).evaluate(test).metrics["accuracy"] ?? 0
    #expect(accuracy > 0.8, "\(accuracy)")
  }

  @Test func mistakesAreErrors() {
    let good = Self.tones("kind: log-mel-cnn\nframe: 64\nbands: 12\nchannels: [4]")
    func with(_ old: String, _ new: String) -> String { good.replacing(old, with: new) }
    let cases = [
      (with("  split_by: index\n", ""), "data.test names values of a field of the names"),
      (with("split_by: index", "split_by: speaker"), "which is no field of the names"),
      (with("{label}-{index}.wav", "{label"), "data.names is wrong: the pattern '{label'"),
      (with("seconds: 0.4", "seconds: 0.0001"), "examples have from 1 to 16,777,215 samples"),
      (with("seconds: 0.4", "seconds: 0.4\n  train: a.wav"), "data.split_by divides by names"),
      (with("seconds: 0.4", "seconds: 0.4\n  target: y"), "is for tables"),
      (with("frame: 64", "frame: 1000"), "is 1000, and the examples have 400 samples"),
      (with("bands: 12", "bands: 60"), "hold no frequency of a frame"),
      (with("channels: [4]", "channels: [4, 4, 4, 4, 4]"), "nothing is left to pool"),
      (with("channels: [4]", "channels: [4]\n  blocks: [1]"), "means nothing to log-mel-cnn"),
      (with("kind: log-mel-cnn", "kind: wave-cnn"), "model.bands means nothing to wave-cnn"),
      (with("kind: log-mel-cnn", "kind: cnn"), "cnn reads images, and the source is sound"),
      (with("epochs: 12", "epochs: 12\n  flips: true"), "means nothing to log-mel-cnn"),
      (with("epochs: 12", "epochs: 12\n  time_shift: 3"), "the examples are 0.4 seconds long"),
      (
        "task: classification\ndata:\n  source: digits\n  seconds: 1\n",
        "data.seconds is for sounds, and the source is digits"
      ),
      (
        "task: classification\ndata:\n  source: digits\ntraining:\n  noise: 1\n",
        "training.noise means nothing to mlp"
      ),
      (
        "task: classification\ndata:\n  source: digits\nmodel:\n  kind: log-mel-cnn\n",
        "log-mel-cnn reads sounds, and the source is digits"
      ),
    ]
    for (text, part) in cases {
      let message = failure { _ = try recipe(text) }
      #expect(message.contains(part), "\(message)")
    }
  }
}
