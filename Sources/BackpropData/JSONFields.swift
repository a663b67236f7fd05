// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// The members of a JSON object, each asked for by name and type.
struct Fields {
  let json: JSONValue
  let file: String

  init(_ json: JSONValue, file: String) {
    self.json = json
    self.file = file
  }

  func wrong(_ what: String) -> FormatError {
    FormatError(
      file: file, what: what, remedy: "the file is damaged or made by another version")
  }

  func value(_ key: String) throws(FormatError) -> JSONValue {
    guard let value = json[key] else { throw wrong("'\(key)' is not there") }
    return value
  }

  func array(_ key: String) throws(FormatError) -> [JSONValue] {
    guard let value = try value(key).array else { throw wrong("'\(key)' is no array") }
    return value
  }

  func text(_ key: String) throws(FormatError) -> String {
    guard let value = try value(key).string else { throw wrong("'\(key)' is no text") }
    return value
  }

  func texts(_ key: String) throws(FormatError) -> [String] {
    let texts = try array(key).compactMap(\.string)
    guard try texts.count == array(key).count else { throw wrong("'\(key)' is no list of texts") }
    return texts
  }

  func bool(_ key: String) throws(FormatError) -> Bool {
    guard let value = try value(key).bool else { throw wrong("'\(key)' is not true or false") }
    return value
  }

  func number(_ key: String) throws(FormatError) -> Double {
    guard let value = try value(key).number else { throw wrong("'\(key)' is no number") }
    return value
  }

  func count(_ key: String) throws(FormatError) -> Int {
    guard let value = try value(key).integer, value >= 0 else {
      throw wrong("'\(key)' is no count")
    }
    return value
  }

  func choice<T: RawRepresentable>(_ key: String) throws(FormatError) -> T
  where T.RawValue == String {
    guard let value = T(rawValue: try text(key)) else {
      throw wrong("the value of '\(key)' is not known")
    }
    return value
  }
}
