// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import BackpropGraph
import BackpropNN
import BackpropRuntime
import BackpropTraining
import Foundation
import Testing

@Suite("Models in files")
struct ModuleFileTests {
  private struct Model: Module {
    let first: Linear
    let tied: Linear
    let norm = BatchNorm(3)
    init(_ features: Int = 3) {
      first = Linear(2, features)
      tied = Linear(weight: first.weight)
    }
  }

  /// A path that is gone when the body is over.
  private func withFile(_ body: (String) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "backprop-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try body(url.path)
  }

  @Test func whatIsSavedIsLoaded() throws {
    try withFile { path in
      let saved = Model()
      saved.initialize(seed: 1)
      try saved.save(to: path, metadata: ["note": "a test"])
      let other = Model()
      other.initialize(seed: 2)
      let report = try other.load(from: path)
      #expect(report.isExact)
      #expect(
        report.matched == [
          "first.weight", "first.bias", "norm.weight", "norm.bias", "norm.running_mean",
          "norm.running_var",
        ])
      #expect(try other.first.weight.value.array() == saved.first.weight.value.array())
      #expect(other.tied.weight === other.first.weight)
      #expect(try SafetensorsFile(path).metadata["note"] == "a test")
    }
  }

  @Test func differencesAreRefusedAndNamed() throws {
    struct Bigger: Module {
      let first = Linear(2, 4)
      let last = Linear(4, 1, bias: false)
    }
    try withFile { path in
      let saved = Model()
      saved.initialize(seed: 1)
      try saved.save(to: path)
      let model = Bigger()
      model.initialize(seed: 3)
      let before = try model.first.weight.value.array()
      let error = #expect(throws: ModelError.self) { try model.load(from: path) }
      for part in ["first.weight", "last.weight", "norm.weight"] {
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
      }
      #expect(try model.first.weight.value.array() == before)
      let report = try model.load(from: path, allowingDifferences: true)
      #expect(report.matched.isEmpty)
      #expect(report.missing == ["last.weight"])
      #expect(report.reshaped.map(\.path) == ["first.weight", "first.bias"])
      #expect(report.reshaped.first?.inFile == [3, 2] && report.reshaped.first?.inModel == [4, 2])
      #expect(
        Set(report.unused) == [
          "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var",
        ])
    }
  }
}
