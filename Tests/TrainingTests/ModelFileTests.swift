// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Testing
import TestSupport

@Suite("Models in files") struct ModelFileTests {
  @Test func aSavedModelLoadsBitForBit() throws {
    let folder = TemporaryFolder(inMemory: true)
    let path = folder("m.safetensors")
    let model = MLP([3, 5, 2], norm: .batch)
    model.initialize(seed: 1)
    try model.save(to: path, metadata: ["about": "a test"])
    let other = MLP([3, 5, 2], norm: .batch)
    other.initialize(seed: 2)
    #expect(try bits(of: other) != bits(of: model))
    let report = try other.load(from: path)
    #expect(report.isExact && report.description == "\(report.matched.count) matched")
    #expect(try bits(of: other) == bits(of: model))
    #expect(try SafetensorsFile(path).metadata == ["about": "a test"])
    try other.save(to: folder("n.safetensors"), metadata: ["about": "a test"])
    #expect(try FileContents.read(path) == FileContents.read(folder("n.safetensors")))
  }

  @Test func whatDoesNotFitIsReportedAndNothingChanges() throws {
    let folder = TemporaryFolder(inMemory: true)
    let path = folder("m.safetensors")
    let model = MLP([3, 5, 2])
    model.initialize(seed: 1)
    try model.save(to: path)
    // One hidden layer more, and other outputs.
    let other = MLP([3, 5, 5, 4])
    other.initialize(seed: 2)
    let before = try bits(of: other)
    #expect(
      failure { try other.load(from: path) }
        == "\(path) does not fit the model: 2 matched; 2 missing in the file: "
        + "hidden.1.linear.weight, hidden.1.linear.bias; 2 of another shape: output.weight (file "
        + "[2, 5], model [4, 5]), output.bias (file [2], model [4]): load it into the model that was "
        + "saved, or allow differences.")
    #expect(try bits(of: other) == before)
    let report = try other.load(from: path, allowingDifferences: true)
    #expect(report.matched == ["hidden.0.linear.weight", "hidden.0.linear.bias"])
    #expect(report.missing == ["hidden.1.linear.weight", "hidden.1.linear.bias"])
    #expect(report.unused.isEmpty)
    #expect(
      report.reshaped.map(\.path) == ["output.weight", "output.bias"]
        && report.reshaped[0].inFile == [2, 5] && report.reshaped[0].inModel == [4, 5])
    #expect(
      try other.hidden[0].linear.weight.value.array() == model.hidden[0].linear.weight.value.array()
    )
  }

  @Test func namesThatTheModelLacksAreListed() throws {
    let folder = TemporaryFolder(inMemory: true)
    let path = folder("m.safetensors")
    let model = MLP([3, 5, 5, 2])
    model.initialize(seed: 1)
    try model.save(to: path)
    let other = MLP([3, 5, 2])
    other.initialize(seed: 2)
    let report = try other.load(from: path, allowingDifferences: true)
    #expect(report.unused.sorted() == ["hidden.1.linear.bias", "hidden.1.linear.weight"])
    #expect(report.matched.count == 4 && report.missing.isEmpty && report.reshaped.isEmpty)
    #expect(!report.isExact)
  }

  @Test func otherFloatingPointTypesAreConverted() throws {
    let folder = TemporaryFolder(inMemory: true)
    let path = folder("m.safetensors")
    let linear = Linear(2, 1)
    func bytes<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
    try SafetensorsWriter.write(
      [
        SafetensorsTensor(
          name: "weight", type: .float64, shape: linear.weight.shape.dimensions,
          bytes: bytes([0.5, -1.25] as [Double])),
        SafetensorsTensor(
          name: "bias", type: .float16, shape: [1], bytes: bytes([UInt16(0x4200)])),
      ], to: path)
    #expect(try linear.load(from: path).isExact)
    #expect(try linear.weight.value.array() == [0.5, -1.25])
    #expect(try #require(linear.bias).value.array() == [3])
  }

  @Test func aMissingFileIsSaidSo() {
    let folder = TemporaryFolder()
    #expect(
      failure { try Linear(2, 1).load(from: folder("no")) }
        == "\(folder("no")): there is no such file; check the path.")
    #expect(
      failure { try Linear(2, 1).save(to: folder("no/m.safetensors")) }
        == "\(folder("no/m.safetensors")): there is no such folder; make the folder first.")
  }
}
