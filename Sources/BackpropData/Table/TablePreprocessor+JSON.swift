// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

extension TablePreprocessor {
  /// All of it as JSON, to be stored with a run. Numbers come back to the bit.
  public var json: JSONValue {
    var reading: JSONObject = JSONObject([
      ("trims blanks", .bool(csv.trimsBlanks)),
      ("missing", .array(csv.missing.texts.map { .string($0) })),
    ])
    if let quote = csv.quote { reading["quote"] = .integer(Int(quote)) }
    if let comment = csv.comment { reading["comment"] = .integer(Int(comment)) }
    if let delimiter = csv.delimiter { reading["delimiter"] = .integer(Int(delimiter)) }
    return [
      "columns": .array(
        columns.map { column in
          switch column {
          case .numeric(let column): column.json
          case .categorical(let column): column.json
          }
        }),
      "target": target.json,
      "table columns": .array(tableColumns.map { .string($0) }),
      "has header": .bool(hasHeader),
      "target suffix": .string(targetSuffix),
      "infinity": .string(infinity.rawValue),
      "reading": .object(reading),
      "notes": .array(notes.map { .string($0) }),
    ]
  }

  /// Reads what `json` wrote; `file` names it in errors.
  public init(json: JSONValue, file: String) throws(FormatError) {
    let fields = Fields(json, file: file)
    let reading = Fields(try fields.value("reading"), file: file)
    func byte(_ key: String) -> UInt8? {
      reading.json[key]?.integer.flatMap { UInt8(exactly: $0) }
    }
    var columns: [Column] = []
    for column in try fields.array("columns") {
      columns.append(try Column(Fields(column, file: file)))
    }
    self.init(
      columns: columns, target: try TargetColumn(Fields(try fields.value("target"), file: file)),
      tableColumns: try fields.texts("table columns"), hasHeader: try fields.bool("has header"),
      targetSuffix: try fields.text("target suffix"),
      infinity: try fields.choice("infinity"),
      csv: CSVOptions(
        delimiter: byte("delimiter"), quote: byte("quote"), comment: byte("comment"),
        trimsBlanks: try reading.bool("trims blanks"),
        missing: MissingMarkers(try reading.texts("missing"))),
      notes: try fields.texts("notes"))
  }
}

extension TablePreprocessor.Column {
  init(_ fields: Fields) throws(FormatError) {
    switch try fields.text("kind") {
    case "numeric": self = .numeric(try NumericColumn(fields))
    case "categorical": self = .categorical(try CategoricalColumn(fields))
    case let other: throw fields.wrong("the kind '\(other)' of a column is not known")
    }
  }
}

extension NumericColumn {
  var json: JSONValue {
    [
      "kind": "numeric", "name": .string(name), "scaling": .string(scaling.rawValue),
      "fill": .number(fill), "minimum": .number(minimum), "maximum": .number(maximum),
      "offset": .number(offset), "factor": .number(factor), "missing": .integer(missingCount),
      "marks missing": .bool(marksMissing),
    ]
  }

  init(_ fields: Fields) throws(FormatError) {
    self.init(
      name: try fields.text("name"), scaling: try fields.choice("scaling"),
      fill: try fields.number("fill"), minimum: try fields.number("minimum"),
      maximum: try fields.number("maximum"), offset: try fields.number("offset"),
      factor: try fields.number("factor"), missingCount: try fields.count("missing"),
      marksMissing: try fields.bool("marks missing"))
  }
}

extension CategoricalColumn {
  var json: JSONValue {
    [
      "kind": "categorical", "name": .string(name), "encoding": .string(encoding.rawValue),
      "categories": .array(categories.map { .string($0) }), "missing": .integer(missingCount),
    ]
  }

  init(_ fields: Fields) throws(FormatError) {
    self.init(
      name: try fields.text("name"), categories: try fields.texts("categories"),
      missingCount: try fields.count("missing"), encoding: try fields.choice("encoding"))
  }
}

extension TargetColumn {
  fileprivate var json: JSONValue {
    switch self {
    case .classes(let name, let classes):
      ["name": .string(name), "classes": .array(classes.map { .string($0) })]
    case .number(let column): column.json
    }
  }

  fileprivate init(_ fields: Fields) throws(FormatError) {
    if fields.json["classes"] != nil {
      self = .classes(name: try fields.text("name"), classes: try fields.texts("classes"))
    } else {
      self = .number(try NumericColumn(fields))
    }
  }
}
