// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

extension SeriesPreprocessor {
  /// All of it as JSON, to be stored with a run. Numbers come back to the bit.
  public var json: JSONValue {
    [
      "channels": .array(channels.map(\.json)),
      "labels": .array(labels.map { .string($0) }),
    ]
  }

  /// Reads what `json` wrote; `file` names it in errors.
  public init(json: JSONValue, file: String) throws(FormatError) {
    let fields = Fields(json, file: file)
    var channels: [NumericColumn] = []
    for channel in try fields.array("channels") {
      channels.append(try NumericColumn(Fields(channel, file: file)))
    }
    self.init(channels: channels, labels: try fields.texts("labels"))
  }
}
