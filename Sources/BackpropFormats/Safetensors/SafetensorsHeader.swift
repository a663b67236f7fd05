// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The head of a safetensors file, checked: every tensor lies in the file, none overlap, no byte
/// is without an owner, and each size is that of its shape.
///
/// The format: 8 bytes of length, least significant first; that many bytes of JSON, which maps a
/// name to `dtype`, `shape` and `data_offsets`; then the data (Hugging Face, safetensors format,
/// https://github.com/huggingface/safetensors).
struct SafetensorsHeader {
  /// The longest JSON that is believed, as in the format's own reader: 100 MB.
  static let longest = 100_000_000
  let entries: [SafetensorsFile.Entry]
  let metadata: [String: String]

  /// `json` is the JSON text, `dataStart` the file offset behind it, `size` that of the file.
  init(json: [UInt8], dataStart: Int, size: Int, file: String) throws(FormatError) {
    guard case .object(let object) = try JSONValue(parsing: json, file: "\(file) (header)") else {
      throw FormatError(file: file, position: .byte(8), what: "the header is no JSON object")
    }
    var metadata: [String: String] = [:]
    var entries: [SafetensorsFile.Entry] = []
    for (name, value) in object.members {
      if name == "__metadata__" {
        guard let members = value.object else {
          throw FormatError(file: file, position: .entry(name), what: "this is no JSON object")
        }
        for (key, text) in members.members {
          guard let text = text.string else {
            throw FormatError(
              file: file, position: .entry(name), what: "the value of '\(key)' is no string")
          }
          metadata[key] = text
        }
      } else {
        let length = size - dataStart
        entries.append(
          try SafetensorsHeader.entry(name, value, dataStart: dataStart, length: length, file))
      }
    }
    try SafetensorsHeader.checkCover(entries, dataStart: dataStart, size: size, file)
    self.entries = entries
    self.metadata = metadata
  }

  private static func entry(
    _ name: String, _ value: JSONValue, dataStart: Int, length: Int, _ file: String
  ) throws(FormatError) -> SafetensorsFile.Entry {
    func wrong(_ what: String) -> FormatError {
      FormatError(
        file: file, position: .entry(name), what: what,
        remedy: "the file is damaged or made by something else")
    }
    guard let members = value.object else { throw wrong("its description is no JSON object") }
    for key in members.keys where !["dtype", "shape", "data_offsets"].contains(key) {
      throw wrong("its description has an unknown key '\(key)'")
    }
    guard let typeName = members["dtype"]?.string else { throw wrong("it has no dtype") }
    guard let type = SafetensorsType(rawValue: typeName) else {
      throw wrong("its dtype '\(typeName)' is not known")
    }
    guard let sizes = members["shape"]?.array else { throw wrong("it has no shape") }
    var shape: [Int] = []
    for size in sizes {
      guard case .integer(let size) = size, size >= 0 else {
        throw wrong("its shape has something that is no size")
      }
      shape.append(size)
    }
    let count = checkedElementCount(shape)?.multipliedReportingOverflow(by: type.size)
    guard let count, !count.overflow else { throw wrong("its shape \(shape) is too large") }
    guard let offsets = members["data_offsets"]?.array, offsets.count == 2,
      case .integer(let begin) = offsets[0], case .integer(let end) = offsets[1]
    else { throw wrong("it has no data_offsets [begin, end]") }
    guard begin >= 0 && begin <= end && end <= length else {
      throw wrong("its bytes \(begin) to \(end) are not within the \(length) bytes of data")
    }
    guard end - begin == count.partialValue else {
      throw wrong(
        "its shape \(shape) of \(typeName) needs \(count.partialValue) bytes, but it has "
          + "\(end - begin)")
    }
    return SafetensorsFile.Entry(
      name: name, type: type, shape: shape, byteRange: dataStart + begin..<dataStart + end)
  }

  private static func checkCover(
    _ entries: [SafetensorsFile.Entry], dataStart: Int, size: Int, _ file: String
  ) throws(FormatError) {
    var reached = dataStart
    let order = entries.sorted {
      ($0.byteRange.lowerBound, $0.byteRange.upperBound)
        < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
    }
    for entry in order {
      guard entry.byteRange.lowerBound == reached else {
        let overlaps = entry.byteRange.lowerBound < reached
        throw FormatError(
          file: file, position: .entry(entry.name),
          what: overlaps
            ? "its bytes overlap those of another tensor"
            : "\(entry.byteRange.lowerBound - reached) bytes before it belong to no tensor",
          remedy: "the file is damaged or made by something else")
      }
      reached = entry.byteRange.upperBound
    }
    guard reached == size else {
      throw FormatError(
        file: file, position: .byte(reached),
        what: "\(size - reached) bytes at the end belong to no tensor",
        remedy: "the file is damaged or made by something else")
    }
  }
}
