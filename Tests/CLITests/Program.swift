// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import Foundation
import Testing

/// How the program ended and what it wrote.
struct Outcome: CustomStringConvertible {
  /// The exit status; for a signal its negative number.
  let status: Int32
  let output: String
  let errors: String

  /// The lines of standard output.
  var lines: [String] { output.split(separator: "\n").map(String.init) }

  /// The lines of standard output as JSON.
  func json() throws -> [JSONValue] {
    try lines.map { try JSONValue(parsing: $0, file: "standard output") }
  }

  /// The last line of standard output, the result, as JSON.
  func result() throws -> JSONValue { try #require(try json().last, "\(self)") }

  var description: String { "status \(status)\n\(output)\n\(errors)" }
}

/// The program `backprop` as it was built beside the tests.
enum Program {
  static let path: String = {
    let bundle = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }
    let tests = bundle ?? CommandLine.arguments[0]
    let real = URL(fileURLWithPath: tests).resolvingSymlinksInPath()
    return real.deletingLastPathComponent().appendingPathComponent("backprop").path
  }()

  /// Runs the program in a folder to its end.
  static func run(_ arguments: [String], in folder: String = "/tmp") throws -> Outcome {
    try Running(arguments, in: folder).outcome()
  }

  /// Runs the program and expects that it is done.
  static func succeed(
    _ arguments: [String], in folder: String = "/tmp",
    at location: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try run(arguments, in: folder)
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)", sourceLocation: location)
    return outcome
  }

  /// Runs a line of the shell in which `$0` is the program.
  static func shell(_ script: String, in folder: String) throws -> Outcome {
    try Running(executable: "/bin/sh", ["-c", script, path], in: folder).outcome()
  }
}

/// The program while it runs; what it writes goes to files.
final class Running {
  let process = Process()
  private let files: [String]
  private let isOver = DispatchSemaphore(value: 0)

  convenience init(_ arguments: [String], in folder: String) throws {
    try self.init(executable: Program.path, arguments, in: folder)
  }

  init(executable: String, _ arguments: [String], in folder: String) throws {
    files = ["out", "err"].map { "\(NSTemporaryDirectory())/backprop-\(UUID().uuidString).\($0)" }
    for file in files { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: files[0])
    process.standardError = FileHandle(forWritingAtPath: files[1])
    process.terminationHandler = { [isOver] _ in isOver.signal() }
    try process.run()
  }

  deinit { for file in files { try? FileManager.default.removeItem(atPath: file) } }

  /// What it has written to standard output so far.
  var output: String { text(files[0]) }

  /// Waits until it has written something, or has ended; at most a minute.
  func waits(for text: String) -> Bool {
    for _ in 0..<60_000 {
      if output.contains(text) { return true }
      guard process.isRunning else { return output.contains(text) }
      usleep(1000)
    }
    return false
  }

  /// Sends a signal, if it still runs.
  func send(_ signal: Int32) {
    if process.isRunning { kill(process.processIdentifier, signal) }
  }

  func outcome() -> Outcome {
    isOver.wait()
    let isSignal = process.terminationReason == .uncaughtSignal
    return Outcome(
      status: isSignal ? -process.terminationStatus : process.terminationStatus,
      output: output, errors: text(files[1]))
  }

  private func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }
}

/// Writes a text into a file.
func write(_ text: String, to path: String) throws { try AtomicFile.write(text, to: path) }

/// The bytes of a file.
func bytes(_ path: String) throws -> [UInt8] { try FileContents.read(path) }
