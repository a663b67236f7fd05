// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropTraining

/// True against predicted classes, as lines.
struct ConfusionTable {
  let lines: [String]

  init(_ matrix: ConfusionMatrix, _ names: [String]) {
    let labels = (0..<matrix.classCount).map { $0 < names.count ? names[$0] : String($0) }
    let short = labels.map { String($0.prefix(9)) }
    let side = max(4, labels.map(\.count).max() ?? 0) + 2
    let widths = (0..<matrix.classCount).map { column in
      2
        + max(
          short[column].count,
          (0..<matrix.classCount).map { String(matrix[$0, column]).count }.max() ?? 1)
    }
    var lines = [
      Text.left("true", side)
        + zip(short, widths).map { Text.right($0, $1) }.joined() + Text.right("recall", 11)
    ]
    for row in 0..<matrix.classCount {
      let cells = (0..<matrix.classCount).map { Text.right(String(matrix[row, $0]), widths[$0]) }
      lines.append(
        Text.left(labels[row], side) + cells.joined()
          + Text.right(Text.percent(matrix.recall(row)), 11))
    }
    self.lines = lines
  }
}
