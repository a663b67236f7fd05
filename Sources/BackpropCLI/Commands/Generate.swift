// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import ArgumentParser
import BackpropFormats
import BackpropRecipes
import BackpropTraining

/// `backprop generate`: what a run's language model writes.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Let a run's language model write.",
    discussion: """
      The text comes as it is made. The same seed gives the same text. A model that learned from
      lines writes lines; others go on with the prompt.
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run")) var path: String
  @Option(help: "What the text begins with (default: a new line).") var prompt = ""
  @Option(help: "The most tokens of a text.") var tokens = 500
  @Option(help: "How many texts (default: 1; for a model of lines 10).") var count: Int?
  @Option(help: "Below 1 safer, above 1 bolder; 0: always the likeliest.") var temperature = 1.0
  @Option(name: .customLong("top-k"), help: "Only so many of the likeliest tokens.")
  var topK: Int?
  @Option(
    name: .customLong("top-p"), help: "Only the likeliest tokens that together have this share.")
  var topP = 1.0
  @Option(name: .customLong("min-p"), help: "Only tokens with this share of the likeliest one's.")
  var minP = 0.0
  @Option(
    name: .customLong("repetition-penalty"), help: "Above 1: less of what occurred before.")
  var repetitionPenalty = 1.0
  @Option(help: "The seed of the draws.") var seed: UInt64 = 0
  @Option(help: "The type of products: float32 (default), or bfloat16, which is faster.")
  var precision: String?
  @Option(help: "Threads to compute with (default: one for each core).") var threads: Int?
  @Flag(help: "Print a JSON line for each text.") var json = false

  func validate() throws {
    func check(_ holds: Bool, _ what: String) throws {
      if !holds { throw ValidationError(what) }
    }
    try check(tokens > 0, "--tokens is \(tokens); choose at least 1.")
    try check(count ?? 1 > 0, "--count is \(count ?? 1); choose at least 1.")
    try check(
      temperature >= 0 && temperature.isFinite,
      "--temperature is \(temperature); choose a number from 0 on.")
    try check(topK ?? 1 > 0, "--top-k is \(topK ?? 1); choose at least 1.")
    try check(topP > 0 && topP <= 1, "--top-p is \(topP); choose a number above 0, at most 1.")
    try check(minP >= 0 && minP <= 1, "--min-p is \(minP); choose a number from 0 to 1.")
    try check(
      repetitionPenalty > 0 && repetitionPenalty.isFinite,
      "--repetition-penalty is \(repetitionPenalty); choose a number above 0.")
  }

  mutating func run() throws {
    try System.setThreads(threads)
    let precision = try TrainingRecipe.Precision.named(precision) ?? .float32
    let folder = RunFolder(path)
    let generation = try TextGeneration(
      try Predictor(try RunRecord(folder), in: folder), precision: precision)
    let sampling = Sampling(
      temperature: temperature, topK: topK, topP: topP, minP: minP,
      repetitionPenalty: repetitionPenalty)
    for number in 0..<(count ?? (generation.makesLines ? 10 : 1)) {
      var text = prompt
      try generation.generate(
        prompt: prompt, count: tokens, sampling: sampling, seed: seed &+ UInt64(number)
      ) { piece in
        // The prompt is shown when it has been understood.
        if !json { Output.printPart(text == prompt ? prompt + piece : piece) }
        text += piece
      }
      if json {
        try Output.print(JSONValue.object(JSONObject([("text", .string(text))])).text())
      } else {
        Output.print("")
      }
    }
  }
}
