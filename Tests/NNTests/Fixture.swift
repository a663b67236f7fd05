// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropRuntime
import Foundation
import Testing

/// What PyTorch computed for one case; `Scripts/make_fixtures.py` says how the files are laid out.
struct Fixture: Sendable, CustomTestStringConvertible {
  let name: String
  let options: Options
  private let tensors: [String: Tensor]

  var testDescription: String { name }

  /// The tensor with a role.
  func callAsFunction(_ role: String) throws -> Tensor {
    try #require(tensors[role], "\(name) has no \(role), only \(tensors.keys.sorted())")
  }

  func has(_ role: String) -> Bool { tensors[role] != nil }
  var roles: [String] { tensors.keys.sorted() }

  /// The cases of a file whose name starts with `prefix`.
  static func cases(_ file: String, _ prefix: String = "") -> [Fixture] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let path = folder.appendingPathComponent("Fixtures/\(file).safetensors").path
    do { return try load(path).filter { $0.name.hasPrefix(prefix) } } catch {
      Issue.record("\(path): \(error)")
      return []
    }
  }

  /// The case of that name.
  static func named(_ name: String, in file: String) throws -> Fixture {
    try #require(cases(file).first { $0.name == name }, "\(file) has no \(name)")
  }

  private static func load(_ path: String) throws -> [Fixture] {
    let file = try SafetensorsFile(path)
    let names = try JSONDecoder().decode([String].self, from: text("cases", file))
    return try names.map { name in
      var tensors: [String: Tensor] = [:]
      for entry in file.entries where entry.name.hasPrefix(name + "/") {
        tensors[String(entry.name.dropFirst(name.count + 1))] = try tensor(entry, file)
      }
      return Fixture(
        name: name, options: try JSONDecoder().decode(Options.self, from: text(name, file)),
        tensors: tensors)
    }
  }

  private static func text(_ key: String, _ file: SafetensorsFile) throws -> Data {
    Data(try #require(file.metadata[key]).utf8)
  }

  private static func tensor(_ entry: SafetensorsFile.Entry, _ file: SafetensorsFile) throws
    -> Tensor
  {
    let bytes = try file.bytes(entry.name)
    let words = stride(from: 0, to: bytes.count, by: 4).map { place in
      (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) }
    }
    let shape = Shape(entry.shape)
    return entry.type == .int32
      ? Tensor(words.map { Int32(bitPattern: $0) }, shape: shape)
      : Tensor(words.map { Float(bitPattern: $0) }, shape: shape)
  }
}

/// The options of a case: numbers, truth values, texts and lists of numbers, by name.
struct Options: Decodable, Sendable {
  private let values: [String: Value]

  private enum Value: Decodable, Sendable {
    case truth(Bool), number(Double), text(String), list([Double])

    init(from decoder: any Decoder) throws {
      let box = try decoder.singleValueContainer()
      if let truth = try? box.decode(Bool.self) {
        self = .truth(truth)
      } else if let number = try? box.decode(Double.self) {
        self = .number(number)
      } else if let list = try? box.decode([Double].self) {
        self = .list(list)
      } else {
        self = .text(try box.decode(String.self))
      }
    }
  }

  init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode([String: Value].self)
  }

  func truth(_ key: String) -> Bool {
    if case .truth(let truth)? = values[key] { return truth }
    return false
  }
  func number(_ key: String) -> Double? {
    if case .number(let number)? = values[key] { return number }
    return nil
  }
  func float(_ key: String, or other: Float) -> Float { number(key).map(Float.init) ?? other }
  func integer(_ key: String) -> Int? { number(key).map { Int($0) } }
  func text(_ key: String) -> String? {
    if case .text(let text)? = values[key] { return text }
    return nil
  }
  func list(_ key: String) -> [Double] {
    if case .list(let list)? = values[key] { return list }
    return []
  }
  func integers(_ key: String) -> [Int] { list(key).map { Int($0) } }
}

/// Expects numbers to agree within `relative` of the size of each, plus `absolute`.
func expectClose(
  _ actual: Tensor, _ expected: Tensor, relative: Float = 1e-5, absolute: Float = 1e-6,
  _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  if let failure = actual.failure { throw failure }
  #expect(
    actual.shape == expected.shape, "\(what): \(actual.shape) instead of \(expected.shape)",
    sourceLocation: sourceLocation)
  let numbers = try actual.cast(to: .float32).array(of: Float.self)
  let wanted = try expected.cast(to: .float32).array(of: Float.self)
  guard numbers.count == wanted.count else { return }
  for (index, (a, b)) in zip(numbers, wanted).enumerated() {
    // Written so that NaN is found too.
    let isClose = abs(a - b) <= absolute + relative * abs(b)
    if !isClose {
      Issue.record(
        "\(what): element \(index) of \(actual.shape) is \(a), PyTorch has \(b)",
        sourceLocation: sourceLocation)
      return
    }
  }
}
