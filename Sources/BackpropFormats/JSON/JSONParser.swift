// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension JSONValue {
  /// Reads one value that fills all of `text`; `file` names it in errors.
  public init(parsing text: String, file: String = "JSON") throws(FormatError) {
    try self.init(parsing: Array(text.utf8), file: file)
  }

  /// Reads one value that fills all of `bytes`; `file` names it in errors.
  ///
  /// Strict: no comments, no trailing commas, no key twice, valid UTF-8, numbers within the
  /// range of `Double`, and at most 128 arrays and objects inside each other.
  public init(parsing bytes: [UInt8], file: String = "JSON") throws(FormatError) {
    var parser = JSONParser(bytes: bytes, file: file)
    self = try parser.document()
  }
}

/// Reads JSON from bytes, counting lines only when there is an error to report.
struct JSONParser {
  static let deepest = 128
  let bytes: [UInt8]
  let file: String
  private var index = 0
  private var depth = 0

  init(bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func document() throws(FormatError) -> JSONValue {
    let value = try value()
    skipBlanks()
    guard index == bytes.count else { throw error("something follows the JSON value") }
    return value
  }

  private mutating func value() throws(FormatError) -> JSONValue {
    skipBlanks()
    guard index < bytes.count else { throw error("the JSON ends where a value should be") }
    switch bytes[index] {
    case UInt8(ascii: "{"): return try nested { (self) throws(FormatError) in try self.object() }
    case UInt8(ascii: "["): return try nested { (self) throws(FormatError) in try self.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error("\(shown(bytes[index])) can't start a JSON value")
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(FormatError) -> JSONValue
  ) throws(FormatError) -> JSONValue {
    depth += 1
    defer { depth -= 1 }
    guard depth <= JSONParser.deepest else {
      throw error("more than \(JSONParser.deepest) arrays and objects inside each other")
    }
    index += 1
    return try body(&self)
  }

  private mutating func object() throws(FormatError) -> JSONValue {
    var members = JSONObject()
    skipBlanks()
    if take("}") { return .object(members) }
    while true {
      skipBlanks()
      guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
        throw error("a key in quotes is expected")
      }
      let start = index
      let key = try string()
      guard members[key] == nil else {
        index = start
        throw error("the key '\(key)' occurs twice")
      }
      skipBlanks()
      guard take(":") else { throw error("a colon is expected after the key '\(key)'") }
      members[key] = try value()
      skipBlanks()
      if take("}") { return .object(members) }
      guard take(",") else { throw error("a comma or } is expected") }
    }
  }

  private mutating func array() throws(FormatError) -> JSONValue {
    var elements: [JSONValue] = []
    skipBlanks()
    if take("]") { return .array(elements) }
    while true {
      elements.append(try value())
      skipBlanks()
      if take("]") { return .array(elements) }
      guard take(",") else { throw error("a comma or ] is expected") }
    }
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(FormatError) -> JSONValue {
    guard bytes[index...].starts(with: text.utf8) else {
      throw error("'\(text)' is expected here")
    }
    index += text.utf8.count
    return value
  }

  private mutating func number() throws(FormatError) -> JSONValue {
    let start = index
    var isWhole = true
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") {
      isWhole = false
      try digits()
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    // -0 is no whole number: it would lose its sign.
    if isWhole, text != "-0", let whole = Int(text) { return .integer(whole) }
    guard let value = Double(text), value.isFinite else {
      index = start
      throw error("the number \(text.prefix(40)) is too large")
    }
    return .number(value)
  }

  private mutating func digits() throws(FormatError) {
    let start = index
    while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 { index += 1 }
    guard index > start else { throw error("a digit is expected") }
  }

  private mutating func string() throws(FormatError) -> String {
    let start = index
    index += 1
    var text: [UInt8] = []
    while true {
      let run = index
      while index < bytes.count, bytes[index] != 0x22, bytes[index] != 0x5c, bytes[index] >= 0x20 {
        index += 1
      }
      text.append(contentsOf: bytes[run..<index])
      guard index < bytes.count else {
        index = start
        throw error("a string is never closed")
      }
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        index += 1
        guard let valid = String(validating: text, as: UTF8.self) else {
          index = start
          throw error("a string is not valid UTF-8")
        }
        return valid
      }
      guard byte == UInt8(ascii: "\\") else {
        throw error("a control character must be written as \\u in a string")
      }
      index += 1
      try escape(into: &text)
    }
  }

  private mutating func escape(into text: inout [UInt8]) throws(FormatError) {
    guard index < bytes.count else { throw error("a string is never closed") }
    let byte = bytes[index]
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if code >> 10 == 0x36 {
        guard take("\\"), take("u") else { throw error("half a pair of \\u escapes") }
        let second = try hexadecimal()
        guard second >> 10 == 0x37 else { throw error("half a pair of \\u escapes") }
        code = 0x10000 + (code & 0x3ff) << 10 + (second & 0x3ff)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("half a pair of \\u escapes") }
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default:
      index -= 1
      throw error("\\\(shown(byte)) is no escape")
    }
  }

  private mutating func hexadecimal() throws(FormatError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard index < bytes.count, let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue
      else { throw error("four hexadecimal digits are expected after \\u") }
      code = code << 4 | UInt32(digit)
      index += 1
    }
    return code
  }

  private mutating func take(_ letter: Unicode.Scalar) -> Bool {
    guard index < bytes.count, bytes[index] == UInt8(ascii: letter) else { return false }
    index += 1
    return true
  }

  private mutating func skipBlanks() {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09, 0x0a, 0x0d: index += 1
      default: return
      }
    }
  }

  private func shown(_ byte: UInt8) -> String {
    byte > 0x20 && byte < 0x7f ? "'\(Unicode.Scalar(byte))'" : "byte \(byte)"
  }

  private func error(_ what: String) -> FormatError {
    let before = bytes[..<min(index, bytes.count)]
    let line = before.count { $0 == 0x0a } + 1
    let column = before.reversed().prefix { $0 != 0x0a }.count + 1
    return FormatError(
      file: file, position: .lineColumn(line, column), what: what,
      remedy: "the text must be strict JSON")
  }
}
