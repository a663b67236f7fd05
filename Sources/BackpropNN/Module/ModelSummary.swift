// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// What a model consists of, before any memory is taken: one row for each layer with parameters.
public struct ModelSummary: Sendable, CustomStringConvertible {
  /// A layer that has parameters or buffers of its own.
  public struct Row: Sendable {
    /// The path, `(model)` for the model itself.
    public let path: String
    /// What the layer says of itself.
    public let layer: String
    /// The name and shape of each of its parameters.
    public let shapes: [(name: String, shape: Shape)]
    /// The number of elements of its parameters.
    public let parameters: Int
  }

  /// The layers, in order.
  public let rows: [Row]
  /// The number of elements of all parameters, tied ones counted once.
  public let parameters: Int
  /// How many of those are trained.
  public let trained: Int
  /// Bytes of parameters and buffers.
  public let bytes: Int

  init(_ table: ModuleTable) {
    var names: [ObjectIdentifier: String] = [:]
    for entry in table.parameters { names[ObjectIdentifier(entry.parameter)] = entry.path }
    rows = table.layers.compactMap { layer in
      if layer.parameters.isEmpty { return nil }
      let shapes = layer.parameters.map { parameter in
        let path = names[ObjectIdentifier(parameter)] ?? ""
        return (
          name: path.split(separator: ".").last.map(String.init) ?? path, shape: parameter.shape
        )
      }
      return Row(
        path: layer.path.isEmpty ? "(model)" : layer.path, layer: layer.description,
        shapes: shapes, parameters: layer.parameters.reduce(0) { $0 + $1.count })
    }
    parameters = table.parameters.reduce(0) { $0 + $1.parameter.count }
    trained = table.parameters.reduce(0) { $0 + ($1.parameter.isFrozen ? 0 : $1.parameter.count) }
    bytes =
      table.parameters.reduce(0) { $0 + $1.parameter.count * $1.parameter.dtype.byteCount }
      + table.buffers.reduce(0) { $0 + $1.buffer.shape.count * $1.buffer.dtype.byteCount }
  }

  /// A table with a line for each layer, then the totals.
  public var description: String {
    let head = ["path", "layer", "shapes", "parameters"]
    let cells = rows.map { row in
      [
        row.path, row.layer, row.shapes.map { "\($0.name) \($0.shape)" }.joined(separator: ", "),
        grouped(row.parameters),
      ]
    }
    let widths = (0..<4).map { column in
      ([head] + cells).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      var text = ""
      for (column, cell) in cells.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        text += column == 3 ? space + cell : cell + space + "  "
      }
      return text
    }
    let frozen = parameters - trained
    let total =
      "\(grouped(parameters)) parameters"
      + (frozen == 0 ? "" : " (\(grouped(frozen)) frozen)") + ", \(grouped(bytes)) bytes"
    return ([line(head)] + cells.map(line) + [total]).joined(separator: "\n")
  }

  /// The digits in groups of three.
  private func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    var text = ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }
}

extension Module {
  /// What the model consists of: layers, shapes, parameters, bytes. Nothing is allocated.
  public var summary: ModelSummary { ModelSummary(table) }
}
