// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
  @Test func everythingPublicHasADocComment() {
    var findings: [String] = []
    for file in House.swiftFiles(under: "Sources") {
      let lines = file.lines
      for (number, line) in lines.enumerated() where declaresPublic(line) {
        if !isDocumented(number, in: lines) {
          findings.append("\(file.place(number)): \(line.trimmingCharacters(in: .whitespaces))")
        }
      }
    }
    #expect(findings.isEmpty, "\(report(findings, "one sentence above each of these:"))")
  }

  /// The cases of a public enumeration are public, each of them.
  @Test func casesOfPublicEnumerationsHaveADocComment() {
    var findings: [String] = []
    for file in House.swiftFiles(under: "Sources") {
      let lines = file.lines
      var indent: Int?
      for (number, line) in lines.enumerated() {
        let depth = line.prefix { $0 == " " }.count
        if line.contains(/^ *public (indirect )?enum\b/) {
          indent = depth
        } else if let outer = indent, depth <= outer, line.hasSuffix("}") {
          indent = nil
        } else if indent == depth - 2, line.contains(/^ *(indirect )?case \w/),
          !isDocumented(number, in: lines)
        {
          findings.append("\(file.place(number)): \(line.trimmingCharacters(in: .whitespaces))")
        }
      }
    }
    #expect(findings.isEmpty, "\(report(findings, "one sentence above each of these:"))")
  }

  @Test func everyRoomHasAPageAboutItself() {
    let rooms = Set(House.files.filter { $0.path.hasPrefix("Sources/") }.map(\.room))
      .filter { $0.hasPrefix("Backprop") || $0 == "CBackprop" }
    let findings = rooms.sorted().filter { !House.exists("Sources/\($0)/README.md") }
    #expect(findings.isEmpty, "\(report(findings, "a README.md of half a page for each room:"))")
  }

  @Test func glossaryStaysSmall() {
    let entries = House.text("docs/GLOSSARY.md").split(separator: "\n")
      .filter { $0.hasPrefix("- **") }
    #expect(!entries.isEmpty, "docs/GLOSSARY.md has entries of the form `- **word**: …`")
    #expect(entries.count <= 25, "\(entries.count) words are more than a newcomer can hold")
  }

  @Test func everyDecisionIsListed() {
    let list = House.text("docs/decisions/README.md")
    let pages = House.files.filter {
      $0.path.hasPrefix("docs/decisions/") && !$0.path.hasSuffix("README.md")
    }
    for page in pages {
      let name = page.path.split(separator: "/").last.map(String.init) ?? ""
      #expect(list.contains("(\(name))"), "docs/decisions/README.md does not list \(name)")
      #expect(
        (try? Regex("^[0-9]{3}-[a-z0-9-]+\\.md$").wholeMatch(in: name)) != nil,
        "\(page.path): NNN-title.md")
    }
  }

  /// A link from one of our pages to a file of ours must lead somewhere.
  @Test func linksLeadSomewhere() throws {
    var findings: [String] = []
    for file in House.files where file.path.hasSuffix(".md") {
      let folder = file.path.split(separator: "/").dropLast().joined(separator: "/")
      for (number, line) in file.lines.enumerated() {
        for link in line.matches(of: /\]\(([^)#\s]+)[^)]*\)/) {
          let target = String(link.output.1)
          if target.contains("://") || target.hasPrefix("mailto:") { continue }
          if !House.exists(folder.isEmpty ? target : folder + "/" + target) {
            findings.append("\(file.place(number)): \(target)")
          }
        }
      }
    }
    #expect(findings.isEmpty, "\(report(findings, "these links lead nowhere:"))")
  }

  /// The tour names files and symbols in backquotes; each must be in the sources.
  @Test func tourNamesWhatExists() throws {
    let tour = SourceFile(path: "docs/TOUR.md", text: House.text("docs/TOUR.md"))
    let names = Set(House.files.map { String($0.path.split(separator: "/").last ?? "") })
    let words = Set(
      House.files.filter { $0.path.hasPrefix("Sources/") }.flatMap { file in
        file.text.matches(of: /[A-Za-z_]\w*/).map { String($0.output) }
      })
    var findings: [String] = []
    for (number, line) in prose(of: tour) {
      for quoted in line.matches(of: /`([^`]+)`/) {
        let name = String(quoted.output.1)
        if name.contains(/^[\w.\/+-]+\.(swift|c|h|def|md|plan)$/) {
          if !House.exists(name) && !names.contains(name) {
            findings.append("\(tour.place(number)): no file \(name)")
          }
        } else if name.hasSuffix("/"), !name.contains(" ") {
          if !House.exists(name) && !House.exists("Sources/" + name) {
            findings.append("\(tour.place(number)): no folder \(name)")
          }
        } else if !name.hasPrefix("backprop ") && !name.hasPrefix("make ") {
          for symbol in name.matches(of: /[A-Za-z_]\w{2,}/)
          where !words.contains(String(symbol.output)) {
            findings.append("\(tour.place(number)): no symbol \(symbol.output)")
          }
        }
      }
    }
    #expect(findings.isEmpty, "\(report(findings, "docs/TOUR.md leads astray:"))")
  }

  /// README.md tells people to run commands; each must be one that we have.
  @Test func readmeCommandsExist() throws {
    let readme = SourceFile(path: "README.md", text: House.text("README.md"))
    let makefile = House.text("Makefile")
    let program = House.swiftFiles(under: "Sources/BackpropCLI").map(\.text).joined()
    var findings: [String] = []
    for (number, line) in readme.lines.enumerated() {
      for match in line.matches(of: /(?:^|`|&& |\$ )make ([a-z]+)/)
      where !makefile.contains("\n\(match.output.1):") {
        findings.append("\(readme.place(number)): make \(match.output.1)")
      }
      for match in line.matches(of: /(?:^|`|&& |\$ |release\/)backprop ([a-z]+)/) {
        let command = String(match.output.1)
        let type = command.prefix(1).uppercased() + command.dropFirst()
        if !program.contains("struct \(type)") && !program.contains("\"\(command)\"") {
          findings.append("\(readme.place(number)): backprop \(command)")
        }
      }
    }
    #expect(findings.isEmpty, "\(report(findings, "README.md names commands that are not there:"))")
  }

  /// The lines outside fenced blocks.
  private func prose(of file: SourceFile) -> [(Int, Substring)] {
    var fenced = false
    var result: [(Int, Substring)] = []
    for (number, line) in file.lines.enumerated() {
      if line.hasPrefix("```") {
        fenced.toggle()
      } else if !fenced {
        result.append((number, line))
      }
    }
    return result
  }
}

/// Whether a line begins a public declaration that needs a comment: imports and extensions don't.
private func declaresPublic(_ line: Substring) -> Bool {
  var words = line.split(separator: " ")
  words.removeAll { $0.hasPrefix("@") }
  guard words.first == "public" || words.first == "open", words.count > 1 else { return false }
  return words[1] != "import" && words[1] != "extension"
}

/// Whether a doc comment stands above the line, with only attributes between.
private func isDocumented(_ number: Int, in lines: [Substring]) -> Bool {
  var above = number - 1
  while above >= 0 {
    let line = lines[above].trimmingCharacters(in: .whitespaces)
    if line.hasPrefix("///") || line.hasSuffix("*/") { return true }
    guard line.hasPrefix("@") || line.hasPrefix("#if") || line.hasPrefix("// swift-format") else {
      return false
    }
    above -= 1
  }
  return false
}
