// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a path leads to; links are followed.
package enum FileKind: Hashable, Sendable {
  /// Nothing, or nothing that may be looked at.
  case nothing
  /// A folder.
  case folder
  /// Anything else that can be opened: a plain file, a pipe, a device.
  case file

  /// What `path` leads to at this moment.
  package init(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      self = .nothing
      return
    }
    self = status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
  }
}
