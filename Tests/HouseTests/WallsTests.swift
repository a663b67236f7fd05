// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Foundation
import Testing

/// What each room may import. A wall that is in the way is argued over in docs/decisions/002, and
/// then changed here. `system` and `foundation` stand for the platforms' modules of that kind.
private let walls: [String: [String]] = [
  "BackpropGraph": ["Synchronization"],
  "BackpropRuntime": ["BackpropGraph", "CBackprop", "Synchronization", "system"],
  "BackpropNN": ["BackpropGraph", "Synchronization"],
  "BackpropModels": ["BackpropGraph", "BackpropNN"],
  "BackpropFormats": ["CZlib", "CImages", "Synchronization", "system", "foundation"],
  "BackpropData": [
    "BackpropGraph", "BackpropFormats", "Synchronization", "system", "foundation",
  ],
  "BackpropTraining": [
    "BackpropGraph", "BackpropRuntime", "BackpropNN", "BackpropData", "BackpropFormats",
    "Synchronization", "system", "foundation",
  ],
  "BackpropRecipes": [
    "BackpropGraph", "BackpropRuntime", "BackpropNN", "BackpropModels", "BackpropData",
    "BackpropFormats", "BackpropTraining", "Yams", "foundation",
  ],
  "BackpropCLI": [
    "Backprop", "BackpropGraph", "BackpropRuntime", "CBackprop", "BackpropNN", "BackpropModels",
    "BackpropData", "BackpropFormats", "BackpropTraining", "BackpropRecipes", "ArgumentParser",
    "Synchronization", "system", "foundation",
  ],
  "Backprop": [
    "BackpropGraph", "BackpropRuntime", "BackpropNN", "BackpropModels", "BackpropData",
    "BackpropFormats", "BackpropTraining",
  ],
  "BackpropTesting": ["BackpropGraph", "BackpropRuntime", "foundation"],
]

private let groups = [
  "system": ["Glibc", "Musl", "Darwin"],
  "foundation": ["Foundation", "FoundationEssentials"],
]

@Suite("The walls between the rooms")
struct WallsTests {
  @Test func everyRoomIsInTheTable() {
    let rooms = Set(House.swiftFiles(under: "Sources").map(\.room))
    #expect(
      rooms.subtracting(walls.keys).isEmpty,
      "a room without a row in the table of WallsTests.swift")
  }

  @Test(arguments: walls.keys.sorted())
  func roomImportsOnlyWhatItMay(room: String) {
    let allowed = Set(walls[room, default: []].flatMap { groups[$0] ?? [$0] })
    var findings: [String] = []
    for file in House.swiftFiles(under: "Sources/\(room)") {
      for (number, line) in file.lines.enumerated() {
        guard let module = imported(by: line), !allowed.contains(module) else { continue }
        findings.append("\(file.place(number)): imports \(module)")
      }
    }
    #expect(
      findings.isEmpty,
      "\(report(findings, "\(room) may import \(allowed.sorted().joined(separator: ", ")) only:"))")
  }

  /// The umbrella re-exports and declares nothing, so that no name can get stuck in it.
  @Test func umbrellaOnlyReexports() {
    for file in House.swiftFiles(under: "Sources/Backprop") {
      for (number, line) in file.lines.enumerated() {
        let code = line.trimmingCharacters(in: .whitespaces)
        if code.isEmpty || code.hasPrefix("//") { continue }
        #expect(
          code.hasPrefix("@_exported public import "),
          "\(file.place(number)): the umbrella re-exports")
      }
    }
  }

  /// The manifest is the first wall: what it lists must be what the table allows.
  @Test func manifestHasNoUnsafeFlags() {
    let flag = "unsafe" + "Flags"
    #expect(
      !House.text("Package.swift").contains(flag),
      "SwiftPM refuses a dependency that uses \(flag); use attributes in the source instead")
  }

  /// Tests go through `package` access, so that they run in release mode.
  @Test func noTestLooksInsideAModule() {
    let word = "@test" + "able"
    let findings = House.swiftFiles(under: "Tests").flatMap { file in
      file.lines.enumerated().filter { $0.element.contains(word + " import") }
        .map { file.place($0.offset) }
    }
    #expect(findings.isEmpty, "\(report(findings, "plain import and `package` access instead:"))")
  }
}

/// The module that a line imports, if it is an import.
private func imported(by line: Substring) -> String? {
  var words = line.split(separator: " ").map(String.init)
  words.removeAll { $0.hasPrefix("@") }
  if let first = words.first,
    ["public", "package", "internal", "private", "fileprivate"].contains(first)
  {
    words.removeFirst()
  }
  guard words.first == "import", words.count > 1 else { return nil }
  words.removeFirst()
  let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
  if kinds.contains(words[0]), words.count > 1 { words.removeFirst() }
  return words[0].split(separator: ".").first.map(String.init)
}
