// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension JSONValue {
  /// The value as text on one line, keys in their order, every number such that reading it gives
  /// the same bits back.
  ///
  /// NaN and the infinities have no JSON: they throw, and the error says at which key.
  public func text() throws(FormatError) -> String {
    var output = ""
    try JSONPrinter.print(self, indent: nil, at: "", into: &output)
    return output
  }

  /// The value as text on indented lines, for people. Ends with a line break.
  public func prettyText() throws(FormatError) -> String {
    var output = ""
    try JSONPrinter.print(self, indent: 0, at: "", into: &output)
    return output + "\n"
  }
}

enum JSONPrinter {
  static func print(
    _ value: JSONValue, indent: Int?, at path: String, into output: inout String
  ) throws(FormatError) {
    switch value {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .integer(let value): output += String(value)
    case .number(let value):
      guard value.isFinite else {
        throw FormatError(
          file: "JSON", position: path.isEmpty ? .whole : .entry(path),
          what: "the number \(value) cannot be written as JSON",
          remedy: "write null for a value that is not there")
      }
      output += value.description
    case .string(let value): quote(value, into: &output)
    case .array(let elements):
      // Arrays of plain values stay on one line in pretty text too.
      let isPlain = elements.allSatisfy { $0.array == nil && $0.object == nil }
      let inner = isPlain ? nil : indent.map { $0 + 1 }
      output += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { output += indent != nil && inner == nil ? ", " : "," }
        breakLine(inner, into: &output)
        try print(element, indent: inner, at: "\(path)[\(index)]", into: &output)
      }
      if !elements.isEmpty && inner != nil { breakLine(indent, into: &output) }
      output += "]"
    case .object(let members):
      let inner = indent.map { $0 + 1 }
      output += "{"
      for (index, member) in members.members.enumerated() {
        if index > 0 { output += "," }
        breakLine(inner, into: &output)
        quote(member.key, into: &output)
        output += indent == nil ? ":" : ": "
        let place = path.isEmpty ? member.key : "\(path).\(member.key)"
        try print(member.value, indent: inner, at: place, into: &output)
      }
      if members.count > 0 { breakLine(indent, into: &output) }
      output += "}"
    }
  }

  private static func breakLine(_ indent: Int?, into output: inout String) {
    guard let indent else { return }
    output += "\n" + String(repeating: "  ", count: indent)
  }

  private static func quote(_ text: String, into output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7f {
          let digits = String(scalar.value, radix: 16)
          output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          output.unicodeScalars.append(scalar)
        }
      }
    }
    output += "\""
  }
}
