// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Foundation

/// The project's folder as these tests see it: its files, and what stands in them.
enum House {
  /// The folder that holds `Package.swift`.
  static let root: URL = {
    var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    while !FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path) {
      folder.deleteLastPathComponent()
      precondition(folder.path != "/", "these tests must lie inside the package")
    }
    return folder
  }()

  /// Every text file that belongs to the project, by its path from the root, with its lines.
  static let files: [SourceFile] = {
    let places = [
      "Package.swift", "Makefile", "README.md", ".ci", "Benchmarks", "Examples", "Scripts",
      "Sources", "Tests", "docs",
    ]
    let kinds: Set<String> = [
      "swift", "c", "h", "def", "md", "py", "yaml", "plan", "txt", "modulemap", "",
    ]
    var paths: [String] = []
    for place in places {
      let url = root.appending(path: place)
      guard let walk = FileManager.default.enumerator(atPath: url.path) else {
        if FileManager.default.fileExists(atPath: url.path) { paths.append(place) }
        continue
      }
      for case let inside as String in walk where !inside.split(separator: "/").contains(".build") {
        paths.append(place + "/" + inside)
      }
      if paths.last?.hasPrefix(place) != true,
        FileManager.default.fileExists(atPath: url.path)
      {
        paths.append(place)
      }
    }
    return paths.sorted().compactMap { path in
      guard kinds.contains(URL(fileURLWithPath: path).pathExtension) else { return nil }
      guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8) else {
        return nil
      }
      return SourceFile(path: path, text: text)
    }
  }()

  /// The Swift files under one of the given folders.
  static func swiftFiles(under folders: String...) -> [SourceFile] {
    files.filter { file in
      file.path.hasSuffix(".swift") && folders.contains { file.path.hasPrefix($0 + "/") }
    }
  }

  /// The text of one file, or an empty one if there is none.
  static func text(_ path: String) -> String {
    (try? String(contentsOf: root.appending(path: path), encoding: .utf8)) ?? ""
  }

  /// Whether a file or folder of that path exists.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }
}

/// A text file of the project.
struct SourceFile: Sendable, CustomStringConvertible {
  /// From the project's root, such as `Sources/BackpropGraph/Tensor.swift`.
  let path: String
  let text: String

  var lines: [Substring] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// The room or test target that the file lies in.
  var room: String {
    let parts = path.split(separator: "/")
    return parts.count > 1 ? String(parts[1]) : ""
  }

  var description: String { path }

  /// `path:line`, for a finding.
  func place(_ line: Int) -> String { "\(path):\(line + 1)" }
}

/// What a test reports: one finding a line, or nothing.
func report(_ findings: [String], _ remedy: String) -> String {
  findings.count == 0 ? "" : "\(remedy)\n  " + findings.joined(separator: "\n  ")
}
