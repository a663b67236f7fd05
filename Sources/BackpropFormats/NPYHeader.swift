// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The head of an NPY file: a Python dictionary with `descr`, `fortran_order` and `shape`.
struct NPYHeader {
  struct Description {
    var typeName = ""
    var type: NPY.ElementType?
    var isBigEndian = false
    var isFortran = false
    var shape: [Int] = []
  }

  private let bytes: ArraySlice<UInt8>
  private let file: String
  private var index: Int

  init(_ bytes: ArraySlice<UInt8>, file: String) {
    self.bytes = bytes
    self.file = file
    index = bytes.startIndex
  }

  mutating func parse() throws(FormatError) -> Description {
    var description = Description()
    var seen: Set<String> = []
    try expect("{")
    while !take("}") {
      let key = try text()
      guard seen.insert(key).inserted else { throw error("the key '\(key)' occurs twice") }
      try expect(":")
      switch key {
      case "descr":
        let name = try text()
        description.typeName = name
        description.isBigEndian = name.first == ">"
        if let order = name.first, "<>|=".contains(order) {
          description.type = NPY.ElementType(rawValue: String(name.dropFirst()))
        }
      case "fortran_order":
        if take("True") {
          description.isFortran = true
        } else {
          try expect("False")
        }
      case "shape":
        description.shape = try shape()
      default:
        throw error("the key '\(key)' is not known")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    guard seen.count == 3 else { throw error("descr, fortran_order or shape is not there") }
    return description
  }

  private mutating func shape() throws(FormatError) -> [Int] {
    var sizes: [Int] = []
    try expect("(")
    while !take(")") {
      skipBlanks()
      let start = index
      while index < bytes.endIndex, bytes[index] >= 0x30, bytes[index] <= 0x39 { index += 1 }
      guard let size = Int(String(decoding: bytes[start..<index], as: UTF8.self)) else {
        throw error("the shape has something that is no size")
      }
      // More axes than NumPy itself allows.
      guard sizes.count < 64 else { throw error("the shape has more than 64 axes") }
      sizes.append(size)
      if !take(",") {
        try expect(")")
        break
      }
    }
    return sizes
  }

  private mutating func text() throws(FormatError) -> String {
    skipBlanks()
    guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "'") else {
      throw error("a text in single quotes is expected")
    }
    let start = index + 1
    guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "'")) else {
      throw error("a text is never closed")
    }
    index = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private mutating func take(_ word: String) -> Bool {
    skipBlanks()
    guard bytes[index...].starts(with: word.utf8) else { return false }
    index += word.utf8.count
    return true
  }

  private mutating func expect(_ word: String) throws(FormatError) {
    guard take(word) else { throw error("'\(word)' is expected") }
  }

  private mutating func skipBlanks() {
    while index < bytes.endIndex, bytes[index] == 0x20 || bytes[index] == 0x0a { index += 1 }
  }

  private func error(_ what: String) -> FormatError {
    FormatError(
      file: file, position: .byte(index), what: "in the NPY header \(what)",
      remedy: "save the array with numpy.save")
  }
}
