// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import Foundation
import TestSupport
import Testing

@Suite struct SeriesDataTests {
  private let folder = TemporaryFolder()

  private func write(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: folder(name), atomically: false, encoding: .utf8)
    return folder(name)
  }

  private func archive(_ cases: [String]) -> String {
    "@classLabel true a b\n@data\n" + cases.joined(separator: "\n") + "\n"
  }

  private func floats(_ array: DataArray?) -> [Float] {
    if case .float(let values)? = array?.storage { values } else { [] }
  }

  private func read(_ train: String, test: String? = nil) throws -> SeriesData {
    try SeriesData(
      train, testPath: test, validationFraction: 0, testFraction: test == nil ? 0.5 : 0, seed: 0)
  }

  @Test func shorterSeriesAreFilledUpWithZeros() throws {
    let train = try write("train", archive(["1,3:5,7:a", "1:5:b"]))
    let test = try write("test", archive(["2,2,2:6,6,6:b"]))
    let data = try read(train, test: test)
    #expect(data.parts.train.features.shape == [2, 3, 2])
    // Means 5/3 and 17/3, deviations √(8/9) each.
    let unit = Float((8.0 / 9).squareRoot())
    let (low, high) = (Float(-2.0 / 3) / unit, Float(4.0 / 3) / unit)
    for (value, wanted) in zip(
      floats(data.parts.train.features), [low, low, high, high, 0, 0, low, low, 0, 0, 0, 0])
    {
      #expect(abs(value - wanted) < 1e-6)
    }
    #expect(data.parts.train.lengths?.storage == .int([2, 1]))
    #expect(data.parts.test?.lengths == nil, "all of its series are as long as the longest")
    #expect(data.parts.test?.labels == [1])
  }

  @Test func scalingIsLearnedFromTheTrainingPartAlone() throws {
    let cases = ["1,2:a", "3,4:b", "5,6:a", "7,8:b"]
    let train = try write("train", archive(cases))
    let plain = try read(train, test: try write("one", archive(["1,2:a"])))
    let other = try read(train, test: try write("two", archive(["1000,-9000:a"])))
    #expect(plain.preprocessor == other.preprocessor)
    #expect(plain.parts.train.features == other.parts.train.features)
    // What is held back from the same file teaches nothing either.
    let half = try read(train)
    let kept = half.parts.train.count
    #expect(kept == 2 && half.parts.test?.count == 2)
    let values = floats(half.parts.train.features)
    #expect(abs(values.reduce(0, +)) < 1e-5, "mean 0 on the training part: \(values)")
  }

  @Test func missingValuesStandBetweenTheirNeighbours() throws {
    let train = try write(
      "train", "@missing true\n@classLabel true a b\n@data\n?,1,?,3,?:a\n?,?,?,?,?:b\n")
    let data = try SeriesData(
      train, testPath: train, scaling: .none, validationFraction: 0, testFraction: 0, seed: 0)
    #expect(floats(data.parts.train.features) == [1, 1, 2, 3, 3, 2, 2, 2, 2, 2])
    #expect(data.parts.notes.contains("8 values are missing and were filled in."))
  }

  @Test func aChannelThatNeverChangesBecomesZero() throws {
    let train = try write("train", archive(["4,4:1,2:a", "4,4:3,4:b"]))
    let data = try read(train, test: train)
    let values = floats(data.parts.train.features)
    #expect(stride(from: 0, to: values.count, by: 2).allSatisfy { values[$0] == 0 })
    #expect(values.allSatisfy { $0.isFinite })
    #expect(
      data.parts.notes.contains("channel 1 is always the same in training and tells nothing."))
  }

  @Test func mistakesAreNamed() throws {
    let train = try write("train", archive(["1,2:a", "3,4:b"]))
    func message(_ test: String) -> String {
      failure { _ = try read(train, test: try write("test", test)) }
    }
    #expect(
      message("@data\n1,2:c\n").hasSuffix(
        "test, line 2: the training part has no class 'c'; known are a, b."))
    #expect(
      message("@classLabel false\n@data\n1,2\n").hasSuffix(
        "test, line 3: the series has no label; known are a, b."))
    #expect(
      message("@data\n1:2:a\n").hasSuffix(
        "line 2: the series have 2 channels, and those of the training part 1; give series of as "
          + "many."))
    let one = try write("one", archive(["1,2:a", "3,4:a"]))
    #expect(failure { _ = try read(one) }.contains("all series have the class 'a'"))
  }

  @Test func whatWasLearnedIsReadBack() throws {
    let train = try write("train", archive(["1,2:a", "3,4.7:b"]))
    let learned = try read(train, test: train).preprocessor
    #expect(try SeriesPreprocessor(json: learned.json, file: "run.json") == learned)
    let text = try learned.json.text()
    try mutations(of: Array(text.utf8), count: 3000, seed: 5, wholly: true) { bytes in
      guard let json = try? JSONValue(parsing: bytes, file: "f") else { return }
      _ = try? SeriesPreprocessor(json: json, file: "f")
    }
  }
}
