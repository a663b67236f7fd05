// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Foundation

/// A folder that is gone, with all that is in it, when the test is over.
package final class TemporaryFolder {
  /// Where it is.
  package let path: String

  /// `inMemory`: where files are many and short-lived, if the system has such a place.
  package init(inMemory: Bool = false) {
    let usual = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    let memory = "/dev/shm"
    let isThere = inMemory && FileManager.default.isWritableFile(atPath: memory)
    path = "\(isThere ? memory : usual)/backprop-test-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something in the folder.
  package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// What is in the folder, hidden files included.
  package var names: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? []
  }
}
