// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A JSON value (RFC 8259). Objects keep the order of their keys; whole numbers stay whole.
public enum JSONValue: Hashable, Sendable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A number written without fraction or exponent that fits 64 bits.
  case integer(Int)
  /// A number with a point or an exponent.
  case number(Double)
  /// A text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Members by name, in order.
  case object(JSONObject)

  /// The value as a truth value, if it is one.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The value as a whole number, if it is one.
  public var integer: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// The value as a number, if it is one.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// The value as text, if it is one.
  public var string: String? { if case .string(let value) = self { value } else { nil } }

  /// The elements, if the value is an array.
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

  /// The members, if the value is an object.
  public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// The member of that name, if the value is an object that has it.
  public subscript(key: String) -> JSONValue? { object?[key] }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object with its keys in this order.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(elements))
  }
}

/// The members of a JSON object: each key once, in a fixed order.
public struct JSONObject: Hashable, Sendable {
  /// The keys, in the order they were added.
  public private(set) var keys: [String] = []
  private var values: [String: JSONValue] = [:]

  /// Makes an object; of two members with one key the last counts.
  public init(_ members: [(String, JSONValue)] = []) {
    for (key, value) in members { self[key] = value }
  }

  /// The number of members.
  public var count: Int { keys.count }

  /// The value of a key. A new key goes to the end; setting nil removes it.
  public subscript(key: String) -> JSONValue? {
    get { values[key] }
    set {
      let old = values.updateValue(newValue ?? .null, forKey: key)
      if old == nil { keys.append(key) }
      if newValue == nil {
        values[key] = nil
        keys.removeAll { $0 == key }
      }
    }
  }

  /// Keys and values, in order.
  public var members: [(key: String, value: JSONValue)] {
    keys.map { ($0, values[$0] ?? .null) }
  }
}
