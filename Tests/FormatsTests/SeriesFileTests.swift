// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite struct SeriesFileTests {
  private static let archive = """
    # Two channels, three lengths.\r
    @problemName Small\r
    @timeStamps false
    @missing true
    @univariate false
    @dimensions 2
    @equalLength false
    @classLabel true up down

    @data
    1,2,3:4,5.5,-6e1:up
    1 , ? :NaN,2:down\r
    7:8:up
    """

  private func read(_ text: String) throws -> SeriesFile {
    try SeriesFile(parsing: Array(text.utf8), file: "s.ts")
  }

  private func message(_ text: String) -> String { failure { _ = try read(text) } }

  /// The small file with one line put in another's place.
  private func message(_ line: String, _ other: String) -> String {
    message(SeriesFileTests.archive.replacing(line, with: other))
  }

  @Test func seriesOfTheArchiveAreRead() throws {
    let file = try read(SeriesFileTests.archive)
    #expect(file.declaredClasses == ["up", "down"])
    #expect(file.channelCount == 2 && file.longest == 3)
    #expect(file.cases.map(\.label) == ["up", "down", "up"])
    #expect(file.cases.map(\.line) == [11, 12, 13])
    #expect(file.cases.map(\.length) == [3, 2, 1])
    #expect(file.cases[0].channels == [[1, 2, 3], [4, 5.5, -60]])
    #expect(file.cases[1].channels[0][1].isNaN && file.cases[1].channels[1][0].isNaN)
  }

  @Test func filesWithoutLabelsAreRead() throws {
    let file = try read("@classLabel false\n@data\n1,2\n3,4,5\n")
    #expect(file.cases.map(\.label) == [nil, nil])
    #expect(file.cases[1].channels == [[3, 4, 5]])
  }

  @Test func theTextFormIsRead() throws {
    let file = try read("  1.0000000e+000  2.5 -3\t?\r\n2,1,NaN,NaN\r\n\n -1 1 nan 3\n")
    #expect(file.cases.map(\.label) == ["1", "2", "-1"])
    #expect(file.cases.map(\.length) == [2, 1, 3])
    #expect(file.cases[0].channels == [[2.5, -3]])
    #expect(file.cases[2].channels[0][1].isNaN)
    #expect(file.cases.map(\.line) == [1, 2, 4])
  }

  @Test func brokenFilesAreNamedByLineAndCause() {
    for (line, other, expected) in [
      (
        "@missing true", "@missing false",
        "line 12: a value of channel 1 is missing, and the header says that none is; write "
          + "@missing true, or the value."
      ),
      (
        "@equalLength false", "@equalLength true",
        "line 12: 2 values, and all series shall have 3; correct the line, or write "
          + "@equalLength false."
      ),
      (
        "@equalLength false", "@equalLength perhaps",
        "line 7: @equalLength is neither true nor false; write one of them."
      ),
      (
        "@dimensions 2", "@dimensions 3",
        "line 11: 2 channels where the header says 3; give as many, separated by ':', then the "
          + "label."
      ),
      ("@dimensions 2", "@dimensions x", "line 6: @dimensions is 'x'; write a number above 0."),
      (
        "@univariate false", "@univariate true",
        "line 6: 2 channels, where a line above says 1; correct one of them."
      ),
      (
        "@timeStamps false", "@timeStamps true",
        "line 3: series with time stamps are not read; give equally spaced values."
      ),
      (
        "7:8:up", "7:8:upp",
        "line 13: 'upp' is none of the classes that @classLabel lists; did you mean 'up'?"
      ),
      ("7:8:up", "7:8:", "line 13: the label is empty; write the class behind the last ':'."),
      (
        "7:8:up", "up", "line 13: there is a label and no series; separate series and label by ':'."
      ),
      (
        "7:8:up", "7:8,9:up",
        "line 13: channel 2 has 2 values, and channel 1 has 1; give as many of each channel."
      ),
      ("7:8:up", "7::up", "line 13: channel 2 has no values; give at least one."),
      (
        "7:8:up", "7:8,:up",
        "line 13: a value of channel 2 is empty; write a number, or ? for a missing one."
      ),
      (
        "7:8:up", "7:8a:up",
        "line 13: the value '8a' of channel 2 is no number; write a number, or ? for a missing one."
      ),
      (
        "7:8:up", "7:1e99:up",
        "line 13: the value '1e99' of channel 2 is no finite number; write a number, or ? for a "
          + "missing one."
      ),
    ] {
      #expect(message(line, other) == "s.ts, \(expected)", "\(other)")
    }
    #expect(
      message("@data\n").hasPrefix("s.ts: no series follows '@data'")
        && message("@missing true\n").hasPrefix("s.ts: there is no line '@data'")
        && message("\n# nothing\n").hasPrefix("s.ts: there are no series"))
    #expect(
      message("1 2 3\n2 3\n")
        == "s.ts, line 2: 1 values where line 1 has 2; write as many on each line, NaN behind the "
        + "end of a shorter series.")
    #expect(message("1 2 x\n").contains("line 1: the value 'x' is no number"))
    #expect(message("1 ? ?\n").contains("line 1: all values are missing"))
    #expect(message("1\n").contains("line 1: there is a label and no value"))
    #expect(
      message("@targetLabel true\n@data\n1:2\n").contains("the series have numbers as targets"))
  }

  @Test func damagedFilesNeverTrap() throws {
    let text = "1.0e+0  2.5 -3\t?\r\n2,1,NaN,NaN\r\n -1 1 nan 3\n"
    for (seed, file) in [SeriesFileTests.archive, text].enumerated() {
      try mutations(of: Array(file.utf8), count: 20_000, seed: UInt64(7 + seed), wholly: true) {
        if let file = try? SeriesFile(parsing: $0, file: "f") {
          #expect(file.cases.allSatisfy { $0.channels.count == file.channelCount })
          #expect(
            file.cases.allSatisfy { one in one.channels.allSatisfy { $0.count == one.length } })
        }
      }
    }
  }

  @Test func seriesOfTheArchiveHaveTheirCounts() throws {
    guard let folder = try sharedData("ucr") else { return }
    for (name, count, channels, longest, classes) in [
      ("GunPoint_TEST.ts", 150, 1, 150, 2), ("BasicMotions_TRAIN.ts", 40, 6, 100, 4),
      ("JapaneseVowels_TEST.ts", 370, 12, 29, 9), ("ECG200_TRAIN.txt", 100, 1, 96, 2),
      ("ECG5000_TRAIN.txt", 500, 1, 140, 5),
    ] {
      let file = try SeriesFile.read("\(folder)/\(name)")
      #expect(file.cases.count == count && file.channelCount == channels, "\(name)")
      #expect(file.longest == longest && Set(file.cases.map(\.label)).count == classes, "\(name)")
    }
  }
}
