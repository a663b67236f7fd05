// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What lies in a folder.
enum Folder {
  /// The names in a folder, in order, with `.` and `..`.
  static func names(in folder: String) throws(DataError) -> [String] {
    guard let handle = opendir(folder) else {
      throw DataError(
        source: folder,
        what: errno == ENOTDIR ? "this is no folder" : "there is no such folder",
        remedy: "give the folder that holds the files")
    }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) { name in
          name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee))
          { String(cString: $0) }
        })
    }
    return names.sorted()
  }
}
