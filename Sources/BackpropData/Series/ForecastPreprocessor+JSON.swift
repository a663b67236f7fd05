// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

extension ForecastPreprocessor {
  /// All of it as JSON, to be stored with a run. Numbers come back to the bit.
  public var json: JSONValue {
    var object = JSONObject([
      ("targets", .array(targets.map(\.json))),
      (
        "inputs",
        .array(
          inputs.map { column in
            switch column {
            case .numeric(let column): column.json
            case .categorical(let column): column.json
            }
          })
      ),
      ("date", .array(date.map { .string($0) })),
      ("calendar", .array(calendar.map { .string($0.rawValue) })),
      ("window", .integer(window)),
      ("horizon", .integer(horizon)),
      ("season", .integer(season)),
      ("seasonal errors", .array(seasonalError.map { $0.map { .number($0) } ?? .null })),
      ("notes", .array(notes.map { .string($0) })),
    ])
    switch step {
    case .months(let count): object["months"] = .integer(count)
    case .seconds(let count): object["seconds"] = .integer(count)
    case nil: break
    }
    return .object(object)
  }

  /// Reads what `json` wrote; `file` names it in errors.
  public init(json: JSONValue, file: String) throws(FormatError) {
    let fields = Fields(json, file: file)
    var targets: [NumericColumn] = []
    for column in try fields.array("targets") {
      targets.append(try NumericColumn(Fields(column, file: file)))
    }
    var inputs: [TablePreprocessor.Column] = []
    for column in try fields.array("inputs") {
      inputs.append(try TablePreprocessor.Column(Fields(column, file: file)))
    }
    var calendar: [CalendarFeature] = []
    for name in try fields.texts("calendar") {
      guard let feature = CalendarFeature(rawValue: name) else {
        throw fields.wrong("the feature '\(name)' of the calendar is not known")
      }
      calendar.append(feature)
    }
    func size(_ key: String) throws(FormatError) -> Int {
      let count = try fields.count(key)
      guard count > 0, count < 1 << 24 else { throw fields.wrong("'\(key)' is \(count)") }
      return count
    }
    var step: TimeStep?
    if json["months"] != nil { step = .months(try size("months")) }
    if json["seconds"] != nil { step = .seconds(try size("seconds")) }
    let errors = try fields.array("seasonal errors").map { error in
      error.number.flatMap { $0 > 0 ? $0 : nil }
    }
    guard !targets.isEmpty, errors.count == targets.count else {
      throw fields.wrong("targets and their errors disagree")
    }
    self.init(
      targets: targets, inputs: inputs, date: try fields.texts("date"), step: step,
      calendar: calendar, window: try size("window"), horizon: try size("horizon"),
      season: try size("season"), seasonalError: errors, notes: try fields.texts("notes"))
  }
}
