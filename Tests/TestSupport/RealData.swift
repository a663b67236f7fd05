// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Foundation

/// The folder of real data sets is not beside the project, and it must be.
package struct MissingData: Error, CustomStringConvertible {
  /// The sentence.
  package let description = "shared/data is not beside the project, and in CI it has to be"
}

/// A file or folder of the real data sets beside the project, or nil where they were not delivered.
///
/// In CI they must be there: `CI=true` without them throws, elsewhere the test says so.
package func sharedData(_ name: String, file: StaticString = #filePath) throws -> String? {
  var folder = Substring("\(file)")
  while let slash = folder.lastIndex(of: "/") {
    folder = folder[..<slash]
    let candidate = "\(folder)/shared/data"
    if FileManager.default.isReadableFile(atPath: candidate) { return "\(candidate)/\(name)" }
  }
  if ProcessInfo.processInfo.environment["CI"] == "true" { throw MissingData() }
  print("shared/data is not beside the project: the test of \(name) is skipped")
  return nil
}

/// The folder that holds `Package.swift`.
package func projectFolder(file: StaticString = #filePath) -> String {
  var folder = Substring("\(file)")
  while let slash = folder.lastIndex(of: "/") {
    folder = folder[..<slash]
    if FileManager.default.fileExists(atPath: "\(folder)/Package.swift") { return String(folder) }
  }
  return "."
}

/// The text of the error that `body` throws.
package func failure(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch {
    return "\(error)"
  }
}

/// A message as far as `expected` says it: one that ends in "…" is followed by a list that grows.
package func cut(_ message: String, like expected: String) -> String {
  guard expected.hasSuffix("…"), message.count >= expected.count else { return message }
  return message.prefix(expected.count - 1) + "…"
}
