// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  let tensors = [
    SafetensorsTensor(name: "mask", type: .bool, shape: [3], bytes: [1, 0, 1]),
    SafetensorsTensor(
      name: "layer.weight", type: .float32, shape: [2, 2], bytes: Array(0..<16)),
    SafetensorsTensor(name: "empty", type: .int64, shape: [0, 5], bytes: []),
    SafetensorsTensor(name: "half", type: .bfloat16, shape: [], bytes: [1, 2]),
  ]

  private func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    let json = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json + data
  }

  @Test func writtenTensorsReadBack() throws {
    let folder = TemporaryFolder()
    let path = folder("a.safetensors")
    try SafetensorsWriter.write(tensors, metadata: ["b": "2", "a": "é"], to: path)
    let first = try FileContents.read(path)
    try SafetensorsWriter.write(tensors, metadata: ["a": "é", "b": "2"], to: path)
    #expect(try FileContents.read(path) == first)
    let read = try SafetensorsFile(path)
    #expect(read.names == ["empty", "layer.weight", "half", "mask"])
    #expect(read.metadata == ["a": "é", "b": "2"])
    #expect(read.entry("layer.weight")?.shape == [2, 2])
    #expect(read.entry("layer.weight")?.type == .float32)
    #expect(read.entry("empty")?.byteRange.lowerBound.isMultiple(of: 8) == true)
    #expect(try read.bytes("layer.weight") == Array(0..<16))
    #expect(try read.bytes("mask") == [1, 0, 1])
    #expect(try read.bytes("half") == [1, 2])
    #expect(try read.bytes("empty") == [])
    #expect(
      failure { _ = try read.bytes("layer.weigth") }
        == "\(path), 'layer.weigth': there is no such tensor; did you mean 'layer.weight'?")
    #expect(folder.names == ["a.safetensors"])
  }

  @Test func wrongHeadersSayWhatIsWrong() throws {
    let folder = TemporaryFolder()
    let path = folder("a.safetensors")
    let f32 = #""dtype":"F32","shape":[1]"#
    let cases: [([UInt8], String)] = [
      ([1, 2], "2 bytes are too few for a safetensors file"),
      ([255, 255, 255, 255, 255, 255, 255, 255], "more than the limit of 100000000"),
      ([9, 0, 0, 0, 0, 0, 0, 0, 1], "ends inside its header of 9 bytes"),
      (file("[]"), "the header is no JSON object"),
      (file("{,}"), "(header), line 1, column 2: a key in quotes is expected"),
      (
        file(#"{"w":{\#(f32),"data_offsets":[0,8]}}"#, [0, 0, 0, 0]),
        "'w': its bytes 0 to 8 are not within the 4 bytes of data"
      ),
      (
        file(#"{"w":{\#(f32),"data_offsets":[0,3]}}"#, [0, 0, 0]),
        "'w': its shape [1] of F32 needs 4 bytes, but it has 3"
      ),
      (
        file(
          #"{"w":{\#(f32),"data_offsets":[0,4]},"v":{\#(f32),"data_offsets":[2,6]}}"#,
          [0, 0, 0, 0, 0, 0]), "'v': its bytes overlap those of another tensor"
      ),
      (
        file(#"{"w":{\#(f32),"data_offsets":[4,8]}}"#, [UInt8](repeating: 0, count: 8)),
        "'w': 4 bytes before it belong to no tensor"
      ),
      (file(#"{"w":{\#(f32),"data_offsets":[0,4]}}"#, [0, 0, 0, 0, 0]), "1 bytes at the end"),
      (
        file(#"{"w":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#, [0, 0, 0, 0]),
        "'w': its dtype 'F31' is not known"
      ),
      (
        file(#"{"w":{"dtype":"F32","shape":[4611686018427387904,9],"data_offsets":[0,4]}}"#),
        "is too large"
      ),
      (file(#"{"__metadata__":{"a":1}}"#), "'__metadata__': the value of 'a' is no string"),
    ]
    for (bytes, message) in cases {
      try AtomicFile.write(bytes, to: path)
      let got = failure { _ = try SafetensorsFile(path) }
      #expect(got.contains(message), "\(got)")
    }
  }

  @Test func wrongTensorsAreNotWritten() throws {
    let folder = TemporaryFolder()
    let path = folder("a.safetensors")
    try SafetensorsWriter.write(tensors, to: path)
    let before = try FileContents.read(path)
    let short = SafetensorsTensor(name: "w", type: .float32, shape: [2], bytes: [0, 0, 0, 0])
    #expect(
      failure { try SafetensorsWriter.write([short], to: path) }
        == "\(path), 'w': 4 bytes were written for a shape that needs 8; "
        + "give as many bytes as the shape [2] has.")
    #expect(failure { try SafetensorsWriter.write(tensors + tensors, to: path) }.contains("taken"))
    #expect(try FileContents.read(path) == before)
    #expect(folder.names == ["a.safetensors"])
  }

  @Test func damagedFilesNeverTrap() throws {
    let folder = TemporaryFolder(inMemory: true)
    let path = folder("a.safetensors")
    try SafetensorsWriter.write(tensors, metadata: ["a": "b"], to: path)
    let bytes = try FileContents.read(path)
    var good = 0
    var unread = 0
    try mutations(of: bytes, count: 10_000, seed: 7) { bytes in
      overwrite(path, bytes)
      guard let file = try? SafetensorsFile(path) else { return }
      good += 1
      for name in file.names where (try? file.bytes(name)) == nil { unread += 1 }
    }
    #expect(good > 0 && unread == 0)
  }
}
