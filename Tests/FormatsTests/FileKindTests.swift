// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite("What a path leads to")
struct FileKindTests {
  @Test func filesFoldersAndNothingAreToldApart() throws {
    let folder = TemporaryFolder()
    try AtomicFile.write("text", to: folder("file"))
    #expect(FileKind(of: folder.path) == .folder)
    #expect(FileKind(of: folder("file")) == .file)
    #expect(FileKind(of: folder("other")) == .nothing)
    #expect(FileKind(of: folder("file") + "/below") == .nothing)
    #expect(FileKind(of: "") == .nothing)
  }
}
