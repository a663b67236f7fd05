// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN

/// The layers of a network with their parameters, as lines.
struct NetworkTable {
  let lines: [String]

  init(_ module: some Module) {
    var rows: [(path: String, layer: String, shapes: String, count: Int)] = []
    for layer in module.table.layers where !layer.path.isEmpty {
      let count = layer.parameters.reduce(0) { $0 + $1.count }
      let shapes = layer.parameters.map(\.shape.description).joined(separator: " ")
      let isContainer = layer.description == "Sequential" || layer.description == "Residual"
      if isContainer && count == 0 && layer.description == "Sequential" { continue }
      // A choice of layers and the chosen one are one layer.
      if let last = rows.last, last.path == layer.path, last.count == 0 { rows.removeLast() }
      rows.append((layer.path, layer.description, shapes, count))
    }
    let path = max(5, rows.map(\.path.count).max() ?? 0) + 2
    let layer = max(5, rows.map(\.layer.count).max() ?? 0) + 2
    let shapes = max(6, rows.map(\.shapes.count).max() ?? 0) + 2
    var lines = [
      Text.left("path", path) + Text.left("layer", layer) + Text.left("shapes", shapes)
        + Text.right("parameters", 12)
    ]
    for row in rows {
      lines.append(
        Text.left(row.path, path) + Text.left(row.layer, layer) + Text.left(row.shapes, shapes)
          + Text.right(row.count == 0 ? "-" : Text.grouped(row.count), 12))
    }
    self.lines = lines
  }
}
