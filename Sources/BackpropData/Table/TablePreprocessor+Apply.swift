// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

extension TablePreprocessor {
  /// Reads raw rows as they come for a prediction: with or without a header, with or without the
  /// target, columns in any order where there is a header. `skippedRows` come before it.
  public func read(_ path: String, skippedRows: Int = 0) throws -> CSVTable {
    try table(
      parsing: try FileContents.expanded(path), file: path, skippedRows: skippedRows)
  }

  /// As `read`, from bytes.
  public func table(
    parsing bytes: [UInt8], file: String, skippedRows: Int = 0
  ) throws(FormatError) -> CSVTable {
    var options = csv
    options.skippedRows = skippedRows
    options.header = .absent
    let plain = try CSVTable(parsing: bytes, file: file, options: options, mostRows: 1)
    // A header is known by the names in it.
    let known = Set(tableColumns)
    let first = (0..<plain.columnCount).map { plain.text(row: 0, column: $0) }
    let hits = first.count { known.contains($0) }
    if hits > 0 && (hasHeader || 2 * hits > first.count) {
      options.header = .present
      return try CSVTable(parsing: bytes, file: file, options: options)
    }
    let inputs = tableColumns.filter { $0 != target.name }
    if plain.columnCount == tableColumns.count {
      options.columnNames = tableColumns
    } else if plain.columnCount == inputs.count {
      options.columnNames = inputs
    } else {
      throw FormatError(
        file: file, position: .line(plain.line(ofRow: 0)),
        what: "no header, and \(plain.columnCount) fields where the model knows "
          + "\(inputs.count) columns (\(tableColumns.count) with the target)",
        remedy: "give a header with the columns' names")
    }
    return try CSVTable(parsing: bytes, file: file, options: options)
  }

  /// The examples of the rows `rows`, or of all. The targets are there if the table has them.
  ///
  /// With `needsTarget` a table without the target is an error; rows without a value of it must
  /// have been left out.
  public func examples(
    _ csv: CSVTable, rows: [Int]? = nil, needsTarget: Bool
  ) throws -> Examples {
    let table = try TableReader(csv, infinity: infinity)
    let rows = rows ?? Array(0..<csv.rowCount)
    let width = featureCount
    let embedded = embeddedColumns.count
    var features = [Float](repeating: 0, count: rows.count * width)
    var codes = [Int32](repeating: 0, count: rows.count * embedded)
    var feature = 0
    var code = 0
    for column in columns {
      let position = try table.position(column.name)
      switch column {
      case .numeric(let column):
        let values = try table.numbers(position, rows: rows)
        for (row, value) in values.enumerated() {
          features[row * width + feature] = column.feature(value)
          if column.marksMissing && value.isNaN { features[row * width + feature + 1] = 1 }
        }
        feature += column.marksMissing ? 2 : 1
      case .categorical(let column):
        let found = column.codes(csv, position, rows)
        switch column.encoding {
        case .codes:
          for (row, value) in found.enumerated() { codes[row * embedded + code] = value }
          code += 1
        case .oneHot:
          for (row, value) in found.enumerated() {
            // 0 unknown: all zeros; 1 missing: the last feature, if there is one.
            if value > 1 { features[row * width + feature + Int(value) - 2] = 1 }
            if value == 1 && column.missingCount > 0 {
              features[row * width + feature + column.categories.count] = 1
            }
          }
          feature += column.featureCount
        }
      }
    }
    var targets: DataArray?
    if needsTarget || table.find(target.name) != nil {
      targets = try self.targets(table, rows, isNeeded: needsTarget)
    }
    return Examples(
      features: DataArray(shape: [rows.count, width], storage: .float(features)),
      codes: embedded > 0
        ? DataArray(shape: [rows.count, embedded], storage: .int(codes)) : nil,
      targets: targets)
  }

  /// The rows of a table whose target is there, and how many it is not.
  public func rowsWithTarget(_ csv: CSVTable) throws -> (rows: [Int], dropped: Int) {
    let table = try TableReader(csv, infinity: infinity)
    let position = try table.position(target.name)
    let rows = TargetReader(table, position, suffix: targetSuffix).presentRows()
    return (rows, csv.rowCount - rows.count)
  }

  private func targets(
    _ table: TableReader, _ rows: [Int], isNeeded: Bool
  ) throws -> DataArray? {
    let position = try table.position(target.name)
    let reader = TargetReader(table, position, suffix: targetSuffix)
    // Without need, targets are given only where all rows have one.
    if !isNeeded && reader.presentRows().count < table.csv.rowCount { return nil }
    switch target {
    case .classes(_, let classes):
      let labels = try reader.labels(rows, classes: classes)
      return DataArray(shape: [rows.count], storage: .int(labels))
    case .number(let column):
      let values = try table.numbers(position, rows: rows)
      if let missing = values.firstIndex(where: \.isNaN) {
        throw table.wrong(
          rows[missing], position, "the target is missing or infinite", "leave the row out")
      }
      return DataArray(shape: [rows.count], storage: .float(values.map { column.feature($0) }))
    }
  }
}

extension CategoricalColumn {
  /// 0 unknown, 1 missing, then the categories.
  func codes(_ csv: CSVTable, _ position: Int, _ rows: [Int]) -> [Int32] {
    let index = CategoryIndex(categories)
    var codes: [Int32] = []
    codes.reserveCapacity(rows.count)
    csv.forEachField(column: position, rows: rows) { _, field in
      codes.append(
        csv.missing.contains(field) ? 1 : index.find(field).map { Int32($0 + 2) } ?? 0)
    }
    return codes
  }
}
