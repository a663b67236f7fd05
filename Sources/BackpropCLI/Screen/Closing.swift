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

  private func showNextSteps() {
    Output.print("Try next:")
    Output.print("  backprop evaluate \(folder.path)")
    Output.print(
      record.recipe.task == .generation
        ? "  backprop generate \(folder.path) --temperature 0.8"
        : "  backprop predict \(folder.path) --input FILE")
    Output.print("  backprop inspect \(folder.path)")
    if record.recipe.data.source == .digits {
      Output.print("  backprop train digits --set model.hidden=[32] --set training.epochs=10")
      Output.print("  backprop train mnist --data FOLDER")
    } else {
      Output.print("  backprop list")
    }
  }
}
