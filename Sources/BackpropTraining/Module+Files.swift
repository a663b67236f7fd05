// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
public import BackpropNN

/// What loading a file into a model did, or would do.
public struct LoadReport: Hashable, Sendable, CustomStringConvertible {
  /// A tensor whose shape in the file is not that in the model.
  public struct Misfit: Hashable, Sendable {
    /// The path in the model.
    public let path: String
    /// The shape in the file.
    public let inFile: [Int]
    /// The shape in the model.
    public let inModel: [Int]
  }

  /// Paths that were found with the right shape.
  public internal(set) var matched: [String] = []
  /// Paths of the model that the file does not have.
  public internal(set) var missing: [String] = []
  /// Names in the file that the model does not have.
  public internal(set) var unused: [String] = []
  /// Paths that the file has in another shape.
  public internal(set) var reshaped: [Misfit] = []

  /// Whether the file and the model have the same tensors.
  public var isExact: Bool { missing.isEmpty && unused.isEmpty && reshaped.isEmpty }

  /// The counts, then at most ten names of each kind.
  public var description: String {
    var lines = ["\(matched.count) matched"]
    func add(_ what: String, _ names: [String]) {
      if names.isEmpty { return }
      let rest = names.count > 10 ? ", … and \(names.count - 10) more" : ""
      lines.append("\(names.count) \(what): \(names.prefix(10).joined(separator: ", "))\(rest)")
    }
    add("missing in the file", missing)
    add("unused by the model", unused)
    add("of another shape", reshaped.map { "\($0.path) (file \($0.inFile), model \($0.inModel))" })
    return lines.joined(separator: "; ")
  }
}

extension Module {
  /// Writes parameters and buffers to a safetensors file: whole or not at all. Tied parameters are
  /// written once, under their first path.
  ///
  /// - Throws: a `FormatError` if the file cannot be written; what went wrong while computing.
  public func save(to path: String, metadata: [String: String] = [:]) throws {
    let table = self.table
    try TensorFile.write(
      table.parameters.map { ($0.path, $0.parameter.value) }
        + table.buffers.map { ($0.path, $0.buffer.value) },
      metadata: metadata, to: path)
  }

  /// Takes parameters and buffers from a safetensors file; other floating-point types are
  /// converted. Initial values are never drawn.
  ///
  /// - Parameter allowingDifferences: whether to take what fits and leave the rest as it is. If
  ///   not, the file must have the model's tensors and no others.
  /// - Returns: what matched, is missing, is unused, or has another shape.
  /// - Throws: a `FormatError` if the file cannot be read, a ``ModelError`` with the report if it
  ///   does not fit. Then the model is as it was.
  @discardableResult
  public func load(from path: String, allowingDifferences: Bool = false) throws -> LoadReport {
    let file = try SafetensorsFile(path)
    let table = self.table
    let cells =
      table.parameters.map { Cell(paths: [$0.path] + $0.aliases, leaf: .parameter($0.parameter)) }
      + table.buffers.map { Cell(paths: [$0.path], leaf: .buffer($0.buffer)) }
    var report = LoadReport()
    var found: [(cell: Cell, entry: SafetensorsFile.Entry)] = []
    for cell in cells {
      guard let entry = cell.paths.lazy.compactMap({ file.entry($0) }).first else {
        report.missing.append(cell.paths[0])
        continue
      }
      if entry.shape == cell.shape.dimensions {
        report.matched.append(cell.paths[0])
        found.append((cell, entry))
      } else {
        report.reshaped.append(
          LoadReport.Misfit(
            path: cell.paths[0], inFile: entry.shape, inModel: cell.shape.dimensions))
      }
    }
    let known = Set(cells.flatMap(\.paths))
    report.unused = file.names.filter { !known.contains($0) }
    if !report.isExact, !allowingDifferences {
      throw ModelError(
        what: "\(path) does not fit the model: \(report)",
        remedy: "load it into the model that was saved, or allow differences")
    }
    // Everything is read before anything is changed.
    let values = try found.map { try file.tensor($0.entry).cast(to: $0.cell.dtype) }
    table.named()
    for (place, value) in zip(found, values) { place.cell.replace(value) }
    return report
  }
}

/// A parameter or buffer that a file may have.
private struct Cell {
  enum Leaf {
    case parameter(Parameter), buffer(Buffer)
  }
  let paths: [String]
  let leaf: Leaf

  var shape: Shape {
    switch leaf {
    case .parameter(let parameter): parameter.shape
    case .buffer(let buffer): buffer.shape
    }
  }

  var dtype: DType {
    switch leaf {
    case .parameter(let parameter): parameter.dtype
    case .buffer(let buffer): buffer.dtype
    }
  }

  func replace(_ value: Tensor) {
    switch leaf {
    case .parameter(let parameter): parameter.replace(value)
    case .buffer(let buffer): buffer.replace(value)
    }
  }
}
