// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Foundation
import Testing

@Suite("House style")
struct StyleTests {
  /// A longer file holds two ideas: split it.
  @Test func filesAreShort() {
    var findings: [String] = []
    for file in House.files {
      let limit: Int
      switch URL(fileURLWithPath: file.path).pathExtension {
      case "swift": limit = 400
      case "c", "h": limit = 600
      default: continue
      }
      if file.lines.count > limit {
        findings.append("\(file.path): \(file.lines.count) lines, at most \(limit)")
      }
    }
    #expect(findings.isEmpty, "\(report(findings, "one idea a file; split these:"))")
  }

  @Test func sourcesCarryTheLicenseHeader() {
    let header = "Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE."
    let kinds: Set<String> = ["swift", "c", "h", "def", "py"]
    let findings = House.files.filter { file in
      let isCode =
        kinds.contains(URL(fileURLWithPath: file.path).pathExtension)
        || file.path.hasPrefix("Scripts/") || file.path.hasPrefix(".ci/")
      return isCode && !file.lines.prefix(3).contains { $0.contains(header) }
    }.map(\.path)
    #expect(findings.isEmpty, "\(report(findings, "the first lines must say '\(header)':"))")
  }

  /// What is unfinished is finished, or argued for elsewhere.
  @Test func nothingIsLeftForLater() throws {
    let words = [
      "TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "un" + "implemented",
      "not " + "implemented", "not yet " + "implemented", "for " + "now",
    ]
    let pattern = try Regex("\\b(" + words.joined(separator: "|") + ")\\b")
    let findings = findings(of: pattern, in: House.files)
    #expect(findings.isEmpty, "\(report(findings, "finish these:"))")
  }

  @Test func noFileNamesAPlaceOfOneMachine() throws {
    let folders = ["wo" + "rk", "ro" + "ot", "ho" + "me", "fa" + "rm", "Us" + "ers"]
    let pattern = try Regex("(^|[^.\\w/])/(" + folders.joined(separator: "|") + ")/")
    let findings = findings(of: pattern, in: House.files)
    #expect(findings.isEmpty, "\(report(findings, "paths from the project's root instead:"))")
  }

  /// A trap or an unchecked promise in the library needs its reason on the same line or just above.
  @Test func trapsGiveTheirReason() throws {
    let words = [
      "\\btry!", "\\bas!", "\\bfatalError\\(", "@unchecked Sendable", "nonisolated\\(unsafe\\)",
    ]
    let pattern = try Regex(words.joined(separator: "|"))
    var findings: [String] = []
    for file in House.swiftFiles(under: "Sources") {
      let lines = file.lines
      for (number, line) in lines.enumerated()
      where line.contains(pattern) && !isComment(line) {
        let near = lines[max(0, number - 4)...number]
        if !near.contains(where: { $0.contains("//") }) {
          findings.append("\(file.place(number)): \(line.trimmingCharacters(in: .whitespaces))")
        }
      }
    }
    #expect(findings.isEmpty, "\(report(findings, "say why, or throw an error:"))")
  }

  @Test func noMarksOrCommentedOutCode() throws {
    let pattern = try Regex("^\\s*(// MA" + "RK|#if 0\\b)")
    let sources = House.files.filter { $0.path.hasPrefix("Sources/") }
    let findings = findings(of: pattern, in: sources)
    #expect(findings.isEmpty, "\(report(findings, "a file of its own instead of a banner:"))")
  }

  private func findings(of pattern: Regex<AnyRegexOutput>, in files: [SourceFile]) -> [String] {
    files.flatMap { file in
      file.lines.enumerated().filter { $0.element.contains(pattern) }
        .map { "\(file.place($0.offset)): \($0.element.trimmingCharacters(in: .whitespaces))" }
    }
  }
}

/// Whether a line is a comment and nothing else.
func isComment(_ line: Substring) -> Bool {
  line.trimmingCharacters(in: .whitespaces).hasPrefix("//")
}
