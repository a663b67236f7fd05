// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A folder with everything that one training left.
///
/// | file                  | what                                                     |
/// |-----------------------|----------------------------------------------------------|
/// | `run.json`            | recipe as resolved, data, preprocessing, classes, result |
/// | `weights.safetensors` | the best weights                                         |
/// | `metrics.jsonl`       | one line for each epoch                                  |
/// | `last.safetensors`    | the state to go on from; gone when the run is complete   |
///
/// Each is written to a temporary name and renamed: there is always a whole one.
public struct RunFolder: Hashable, Sendable {
  /// The folder.
  public let path: String
  /// `run.json` in it.
  public var record: String { "\(path)/run.json" }
  /// `weights.safetensors` in it.
  public var weights: String { "\(path)/weights.safetensors" }
  /// `metrics.jsonl` in it.
  public var log: String { "\(path)/metrics.jsonl" }
  /// `last.safetensors` in it.
  public var state: String { "\(path)/last.safetensors" }

  /// A folder that may or may not exist.
  public init(_ path: String) {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    self.path = path
  }

  /// Makes `NAME-1`, `NAME-2`, …: the first that is free.
  public static func create(named name: String, in parent: String) throws(FormatError) -> RunFolder
  {
    try makeFolders(parent)
    var number = 1
    while true {
      let path = "\(parent)/\(name)-\(number)"
      if mkdir(path, 0o777) == 0 { return RunFolder(path) }
      guard errno == EEXIST else { throw failure(path, errno) }
      number += 1
    }
  }

  /// Makes the folder, with those above it, if it isn't there.
  public func make() throws(FormatError) { try RunFolder.makeFolders(path) }

  /// What is there already.
  public enum Contents: Hashable, Sendable {
    /// Nothing, or an empty folder.
    case nothing
    /// A run: `run.json` is there.
    case run
    /// Files that are no run.
    case others
  }

  /// What is there already.
  public func contents() throws(FormatError) -> Contents {
    switch FileKind(of: path) {
    case .nothing: return .nothing
    case .file:
      throw FormatError(file: path, what: "this is no folder", remedy: "name a folder for the run")
    case .folder: break
    }
    if FileKind(of: record) != .nothing { return .run }
    guard let names = names() else { throw RunFolder.failure(path, errno) }
    return names.allSatisfy(isLeftover) ? .nothing : .others
  }

  /// Whether a file is what a killed program was about to write.
  private func isLeftover(_ name: String) -> Bool {
    name.hasPrefix(".") && name.hasSuffix(".tmp")
  }

  /// What is in the folder; nil where that cannot be seen.
  private func names() -> [String]? {
    guard let handle = opendir(path) else { return nil }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
          String(cString: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  /// Whether a state to go on from is there.
  public var hasState: Bool { FileKind(of: state) != .nothing }

  /// Removes the files of a run, and no others.
  public func clear() {
    for file in [record, state, log, weights] { unlink(file) }
  }

  /// Removes the state of a complete run, and what killed programs were about to write.
  public func removeState() {
    unlink(state)
    for name in names() ?? [] where isLeftover(name) { unlink("\(path)/\(name)") }
  }

  private static func makeFolders(_ path: String) throws(FormatError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
      if mkdir(made, 0o777) != 0 && errno != EEXIST { throw failure(made, errno) }
    }
    guard FileKind(of: path) == .folder else {
      throw FormatError(file: path, what: "this is no folder", remedy: "name another folder")
    }
  }

  private static func failure(_ path: String, _ code: Int32) -> FormatError {
    let remedy =
      code == ENOSPC ? "free space or choose another folder" : "choose another folder"
    return FormatError(
      file: path, what: "the folder cannot be made: \(String(cString: strerror(code)))",
      remedy: remedy)
  }
}
