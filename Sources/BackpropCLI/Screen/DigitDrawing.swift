// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropRecipes

/// Small grey images drawn in the terminal with what the network says about them.
struct DigitDrawing {
  private struct Picture {
    let rows: [String]
    let predicted: String
    let truth: String
    let probability: Float
    let isRight: Bool
  }

  private let pictures: [Picture]
  /// From light to dark; a pixel is two columns wide, so that it looks square.
  private static let shades = ["  ", "░░", "▒▒", "▓▓", "██"]
  /// Columns for each image: the longest caption, `says 9 (100.0 %), is 8`, and a gap.
  private static let width = 24

  /// The first examples of a part, and the first mistakes; nil where images are too large.
  init?(_ examples: Examples, _ predictor: Predictor, _ classNames: [String]) throws {
    let shape = examples.features.exampleShape
    guard shape.count == 3, shape[0] <= 12, shape[1] <= 12, shape[2] == 1,
      case .bytes(let pixels) = examples.features.storage, let labels = examples.labels
    else { return nil }
    let predictions = try predictor.predict(examples)
    let mistakes = (0..<examples.count).filter { predictions.best($0).label != Int(labels[$0]) }
    let right = (0..<examples.count).filter { predictions.best($0).label == Int(labels[$0]) }
    let chosen = right.prefix(max(4, 8 - mistakes.count)) + mistakes.prefix(4)
    let size = shape[0] * shape[1]
    let white = predictor.shape.pixelMaximum
    pictures = chosen.map { example in
      let best = predictions.best(example)
      let image = pixels[example * size..<(example + 1) * size]
      return Picture(
        rows: DigitDrawing.rows(Array(image), shape[1], white), predicted: classNames[best.label],
        truth: classNames[Int(labels[example])], probability: best.probability,
        isRight: best.label == Int(labels[example]))
    }
  }

  private static func rows(_ image: [UInt8], _ width: Int, _ white: Float) -> [String] {
    stride(from: 0, to: image.count, by: width).map { start in
      image[start..<start + width].map { pixel in
        let shade = Int((Float(pixel) / white * Float(shades.count - 1)).rounded())
        return shades[min(max(shade, 0), shades.count - 1)]
      }.joined()
    }
  }

  /// Four in a row.
  func show() {
    for start in stride(from: 0, to: pictures.count, by: 4) {
      let row = pictures[start..<min(start + 4, pictures.count)]
      guard let first = row.first else { continue }
      if start > 0 { Output.print("") }
      for line in first.rows.indices {
        Output.print("  " + row.map { Text.left($0.rows[line], DigitDrawing.width) }.joined())
      }
      let captions = row.map { picture in
        let sure = "\(picture.predicted) (\(Text.percent(Double(picture.probability))))"
        return picture.isRight ? "says \(sure)" : "says \(sure), is \(picture.truth)"
      }
      Output.print("  " + captions.map { Text.left($0, DigitDrawing.width) }.joined())
    }
  }
}
