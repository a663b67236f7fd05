// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropRecipes
import BackpropTraining

/// What is shown when a training is complete: the figures of the test part, for small images some
/// predictions, and what to try next.
struct Closing {
  let record: RunRecord
  let folder: RunFolder
  let data: RecipeData

  func show(_ evaluation: Evaluation?, _ predictor: Predictor) throws {
    Output.print("")
    if let evaluation {
      Output.print("Test, \(Text.grouped(evaluation.count)) examples never seen before:")
      let lines =
        ForecastTable(record.series)?.lines(evaluation.metrics)
        ?? MetricsText.lines(evaluation.metrics)
      for line in lines { Output.print(line) }
    }
    if let test = data.parts.test, record.shape.isImage, let classNames = record.shape.classNames,
      let drawing = try DigitDrawing(test, predictor, classNames)
    {
      Output.print("")
      drawing.show()
    }
    if let pairs = data.pairs, !pairs.testPairs.isEmpty {
      Output.print("")
      try show(pairs.testPairs, predictor)
    }
    if record.recipe.task == .generation {
      Output.print("")
      Output.print("A sample:")
      let generator = try TextGeneration(predictor)
      for line in try generator.sample().split(separator: "\n", omittingEmptySubsequences: false) {
        Output.print("  \(line)")
      }
    }
    Output.print("")
    Output.print(
      "Took \(Text.seconds(record.result?.seconds ?? 0)) and \(System.peakMemory) MiB; the run is "
        + "in \(folder.path).")
    Output.print("")
    showNextSteps()
  }

  /// What the network makes of a few texts of the test part, above what people made of them.
  private func show(_ pairs: [TextPair], _ predictor: Predictor) throws {
    let count = min(4, pairs.count)
    let shown = (0..<count).map { pairs[$0 * pairs.count / count] }
    let translations = try Translator(predictor).translate(shown.map(\.source))
    Output.print("Some of them, with what people wrote below:")
    for (pair, translation) in zip(shown, translations) {
      Output.print("  \(pair.source)")
      Output.print("    network  \(translation.text)")
      Output.print("    people   \(pair.target)")
    }
  }

  private func showNextSteps() {
    Output.print("Try next:")
    Output.print("  backprop evaluate \(folder.path)")
    switch record.recipe.task {
    case .generation: Output.print("  backprop generate \(folder.path) --temperature 0.8")
    case .translation: Output.print("  backprop predict \(folder.path) 'A TEXT TO TRANSLATE'")
    case .classification, .regression:
      Output.print("  backprop predict \(folder.path) --input FILE")
    }
    Output.print("  backprop inspect \(folder.path)")
    if record.recipe.data.source == .digits {
      Output.print("  backprop train digits --set model.hidden=[32] --set training.epochs=10")
      Output.print("  backprop train mnist --data FOLDER")
    } else {
      Output.print("  backprop list")
    }
  }
}
