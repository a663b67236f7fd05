// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats

extension Recipe {
  /// How the table of this recipe becomes features.
  var tableOptions: TableOptions {
    var columns: [String: ColumnOptions] = [:]
    for name in data.numeric ?? [] { columns[name, default: ColumnOptions()].kind = .numeric }
    for name in data.categorical ?? [] {
      columns[name, default: ColumnOptions()].kind = .categorical
    }
    for name in data.ignore { columns[name, default: ColumnOptions()].kind = .ignored }
    for name in data.log {
      columns[name, default: ColumnOptions()].kind = .numeric
      columns[name]?.scaling = .log
    }
    let embeds = data.encoding.map { $0 == .embedding } ?? (model.kind == .table)
    return TableOptions(
      target: data.target ?? "",
      task: task == .classification ? .classification : .regression, columns: columns,
      scaling: Scaling(data.scale), fill: data.fill == .median ? .median : .mean,
      encoding: embeds ? .codes : .oneHot, leastCount: data.leastCount,
      targetScaling: Scaling(data.targetScale), targetSuffix: data.targetSuffix, csv: csvOptions)
  }

  var csvOptions: CSVOptions {
    var options = CSVOptions()
    options.delimiter = data.delimiter?.utf8.first
    if let header = data.header { options.header = header ? .present : .absent }
    options.comment = data.comment?.utf8.first
    options.skippedRows = data.skipRows
    options.columnNames = data.columns
    if let missing = data.missing { options.missing = MissingMarkers(missing) }
    return options
  }
}

extension Scaling {
  fileprivate init(_ scale: DataRecipe.Scale) {
    switch scale {
    case .standard: self = .standard
    case .range: self = .range
    case .log: self = .log
    case .none: self = .none
    }
  }
}
