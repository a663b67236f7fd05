// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Disks that are full and folders that are closed") struct FullDiskTests {
  /// Weights of about 400 KB: more than the limits below allow.
  private static let large = "train digits --set model.hidden=[400,200] --set training.epochs=1"

  @Test func aLimitOnFilesEndsInOneSentenceAndHarmsNothing() throws {
    // A limit of 64 blocks of 512 bytes or 1 KB stands for a full disk wherever the test runs.
    let folder = TemporaryFolder()
    let outcome = try Program.shell(
      "ulimit -f 64; exec \"$0\" \(FullDiskTests.large) --run r", in: folder.path)
    #expect(outcome.status == 1, "\(outcome)")
    #expect(
      outcome.errors.hasPrefix("backprop: r/")
        && outcome.errors.hasSuffix(
          ".safetensors: the file is larger than is allowed; an older file of that name is "
            + "unharmed; raise the limit (ulimit -f) or choose another folder.\n"),
      "\(outcome)")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder("r"))
    #expect(left.allSatisfy { !$0.hasSuffix(".tmp") }, "\(left)")
    // With the limit gone the run goes on.
    _ = try Program.succeed(["train", "--run", "r", "--resume"], in: folder.path)
  }

  @Test func aFullDiskEndsInOneSentenceAndHarmsNothing() throws {
    #if os(Linux)
      let folder = TemporaryFolder()
      let disk = folder("disk")
      try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
      // Only the superuser may mount a disk; for others the limit above stands alone.
      guard mount("tmpfs", disk, "tmpfs", 0, "size=256k") == 0 else {
        #expect(geteuid() != 0 || errno == EPERM, "\(String(cString: strerror(errno)))")
        print("no right to mount a small disk: only a limit on files was tested")
        return
      }
      defer { umount2(disk, Int32(MNT_DETACH)) }
      _ = try Program.succeed(
        ["train", "digits", "--set", "model.hidden=[8]", "--run", "disk/old"], in: folder.path)
      let weights = try bytes("\(disk)/old/weights.safetensors")
      let outcome = try Program.run(
        FullDiskTests.large.split(separator: " ").map(String.init) + ["--run", "disk/new"],
        in: folder.path)
      #expect(outcome.status == 1, "\(outcome)")
      #expect(outcome.errors.contains("the disk is full after "), "\(outcome)")
      #expect(
        outcome.errors.hasSuffix(
          "an older file of that name is unharmed; free space or choose another folder.\n"))
      #expect(outcome.errors.split(separator: "\n").count == 1)
      #expect(try bytes("\(disk)/old/weights.safetensors") == weights)
      let left = try FileManager.default.contentsOfDirectory(atPath: "\(disk)/new")
      #expect(left.allSatisfy { !$0.hasSuffix(".tmp") }, "\(left)")
      _ = try Program.succeed(["evaluate", "disk/old"], in: folder.path)
    #endif
  }

  @Test func aClosedFolderIsSaidSo() throws {
    let folder = TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder("closed"), withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o555])
    // The superuser may write everywhere but where nobody may.
    let place = geteuid() == 0 ? "/proc/self" : "closed"
    let outcome = try Program.run(
      ["train", "digits", "--set", "training.epochs=1", "--run", "\(place)/r"], in: folder.path)
    #expect(outcome.status == 1, "\(outcome)")
    #expect(
      outcome.errors.hasPrefix("backprop: \(place)/r: the folder cannot be made: ")
        && outcome.errors.hasSuffix("; choose another folder.\n"), "\(outcome)")
  }

  @Test func standardOutputThatIsFullFails() throws {
    #if os(Linux)
      let folder = TemporaryFolder()
      let outcome = try Program.shell("\"$0\" list > /dev/full", in: folder.path)
      #expect(outcome.status == 1, "\(outcome)")
      #expect(
        outcome.errors
          == "backprop: standard output cannot be written: No space left on device; free space or "
          + "write elsewhere.\n")
    #endif
  }
}
