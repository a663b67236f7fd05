// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Writes without any care: the temporary folder of a fuzz test needs none.
func overwrite(_ path: String, _ bytes: [UInt8]) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  precondition(descriptor >= 0)
  bytes.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
  close(descriptor)
}

@Suite struct AtomicFileTests {
  @Test func newContentsReplaceTheOldThroughLinks() throws {
    let folder = TemporaryFolder()
    try AtomicFile.write("one", to: folder("a"))
    symlink("a", folder("link"))
    try AtomicFile.write("two", to: folder("link"))
    #expect(try FileContents.read(folder("a")) == Array("two".utf8))
    #expect(folder.names == ["a", "link"])
  }

  @Test func anyFailureLeavesTheOlderFileAndNoOther() throws {
    let folder = TemporaryFolder()
    let path = folder("a")
    try AtomicFile.write("old", to: path)
    let full: @Sendable (Int32, UnsafeRawPointer, Int) -> Int = { _, _, _ in
      errno = ENOSPC
      return -1
    }
    let systems = [
      AtomicFile.System(write: full),
      AtomicFile.System(write: { _, _, _ in 0 }),
      AtomicFile.System(sync: { _ in
        errno = ENOSPC
        return -1
      }),
      AtomicFile.System(rename: { _, _ in
        errno = ENOSPC
        return -1
      }),
    ]
    for system in systems {
      let message = failure {
        try AtomicFile.write(to: path, system: system) { (sink) throws(FormatError) in
          try sink.write(Array("new".utf8))
        }
      }
      #expect(message.hasPrefix("\(path): the disk is full after "), "\(message)")
      #expect(message.hasSuffix(" free space or choose another folder."))
      #expect(message.contains("an older file of that name is unharmed"))
      #expect(try FileContents.read(path) == Array("old".utf8))
      #expect(folder.names == ["a"])
    }
  }

  @Test func interruptedAndPartialWritesGoOn() throws {
    let folder = TemporaryFolder()
    let slow = AtomicFile.System(write: { AtomicFile.System.write($0, $1, min($2, 3)) })
    try AtomicFile.write(to: folder("a"), system: slow) { (sink) throws(FormatError) in
      try sink.write(Array("0123456789".utf8))
    }
    #expect(try FileContents.read(folder("a")) == Array("0123456789".utf8))
  }

  @Test func impossiblePathsSayWhy() {
    let folder = TemporaryFolder()
    #expect(
      failure { try AtomicFile.write("x", to: folder("no/a")) }
        == "\(folder("no/a")): there is no such folder; make the folder first.")
    #expect(
      failure { try AtomicFile.write("x", to: folder.path) }
        == "\(folder.path): this is a folder; name a file in it.")
    #expect(
      failure { _ = try FileContents.read(folder("b")) }
        == "\(folder("b")): there is no such file; check the path.")
    #expect(
      failure { _ = try FileContents.read(folder.path) }
        == "\(folder.path): this is a folder; name a file in it.")
  }

  @Test func devicesAreWrittenDirectly() throws {
    #if os(Linux)
      #expect(failure { try AtomicFile.write("x", to: "/dev/full") }.contains("the disk is full"))
      try AtomicFile.write("x", to: "/dev/null")
      var status = stat()
      #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    #endif
  }

  @Test func fullDiskLeavesTheOlderFile() throws {
    #if os(Linux)
      // A real full disk needs the right to mount one; where that is missing the injected
      // failures above stand alone.
      let folder = TemporaryFolder()
      let disk = folder("disk")
      mkdir(disk, 0o700)
      defer { rmdir(disk) }
      guard mount("tmpfs", disk, "tmpfs", 0, "size=64k") == 0 else {
        print("no right to mount a small disk: the test of a full one is skipped")
        return
      }
      defer { umount(disk) }
      let path = disk + "/weights.safetensors"
      func tensor(_ count: Int) -> SafetensorsTensor {
        SafetensorsTensor(
          name: "w", type: .uint8, shape: [count], bytes: [UInt8](repeating: 7, count: count))
      }
      try SafetensorsWriter.write([tensor(10_000)], to: path)
      let message = failure { try SafetensorsWriter.write([tensor(200_000)], to: path) }
      #expect(message.contains("the disk is full"), "\(message)")
      #expect(try SafetensorsFile(path).bytes("w").count == 10_000)
      var names: [String] = []
      let listing = opendir(disk)
      while let listing, let entry = readdir(listing) {
        names.append(
          withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
          })
      }
      if let listing { closedir(listing) }
      #expect(names.sorted() == [".", "..", "weights.safetensors"])
      unlink(path)
    #endif
  }
}
