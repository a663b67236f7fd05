// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import Foundation
import TestSupport
import Testing

@Suite("Sounds")
struct SoundTests {
  private let folder = TemporaryFolder()

  /// A recording whose samples are all the same.
  private func write(
    _ name: String, frames: Int, value: Float = 0.5, rate: Int = 100, channels: Int = 1
  ) throws {
    let sound = WAV(
      sampleRate: rate, channels: channels,
      samples: [Float](repeating: value, count: frames * channels))
    try AtomicFile.write(sound.encoded(), to: folder(name))
  }

  private func options(
    _ names: String? = "{label}_{speaker}_{index}.wav", samples: Int = 10,
    splitField: String? = nil, test: [String] = [], validation: [String] = [],
    classes: [String]? = nil
  ) throws -> SoundFolder.Options {
    let division = splitField.map {
      LabeledFolder.Division.field(
        $0, validation: validation.map { FieldValues($0) }, test: test.map { FieldValues($0) })
    }
    return SoundFolder.Options(
      files: LabeledFolder.Options(
        names: try names.map { try NamePattern($0) }, division: division ?? .chance,
        classes: classes), sampleRate: 100, samples: samples)
  }

  private func parts(_ options: SoundFolder.Options) throws -> DataParts {
    try SoundFolder(folder.path, options: options)
      .parts(name: "sounds", validationFraction: 0, testFraction: 0.2, seed: 1)
  }

  @Test func patternsReadNames() throws {
    let pattern = try NamePattern("{label}_{speaker}_{index}.wav")
    #expect(pattern.fields == ["label", "speaker", "index"])
    #expect(
      pattern.values(in: "7_theo_12.wav") == ["label": "7", "speaker": "theo", "index": "12"])
    #expect(pattern.values(in: "7_theo_x_12.wav")?["index"] == "x_12")
    #expect(pattern.values(in: "7__12.wav") == nil)
    #expect(pattern.values(in: "7_theo_12.wav.bak") == nil)
    #expect(try NamePattern("a{n}").values(in: "aaa") == ["n": "aa"])
    for (text, part) in [
      ("{label", "not closed"), ("{}", "without a name"), ("{a}{b}", "nothing between"),
      ("{a}_{a}", "'a' twice"),
    ] {
      let message = failure { _ = try NamePattern(text) }
      #expect(message.contains(part), "\(message)")
    }
    #expect(FieldValues("0-4").contains("3") && !FieldValues("0-4").contains("5"))
    #expect(FieldValues("ann-1").contains("ann-1") && !FieldValues("4-0").contains("3"))
  }

  @Test func aFieldDividesTheRecordings() throws {
    for label in ["2", "10"] {
      for speaker in ["ann", "bob"] {
        for index in 0..<5 { try write("\(label)_\(speaker)_\(index).wav", frames: 10) }
      }
    }
    let byIndex = try parts(options(splitField: "index", test: ["0-1"], validation: ["2"]))
    #expect(byIndex.classNames == ["2", "10"])
    #expect(byIndex.train.count == 8 && byIndex.validation?.count == 4)
    #expect(byIndex.test?.labels?.sorted() == [0, 0, 0, 0, 1, 1, 1, 1])
    let bySpeaker = try parts(options(splitField: "speaker", test: ["bob"]))
    #expect(bySpeaker.train.count == 10 && bySpeaker.test?.count == 10)
    #expect(bySpeaker.train.features.shape == [10, 10])
    let byChance = try parts(options())
    #expect(byChance.test?.labels?.sorted() == [0, 0, 1, 1])
    for (options, part) in [
      (try options(splitField: "index", test: ["7"]), "no recording has the index '7', for test"),
      (
        try options(splitField: "index", test: ["0-2"], validation: ["2"]),
        "10_ann_2.wav: this recording is both for the test and for validation"
      ),
      (
        try options("{label}_{index}.mp3"),
        "10_ann_0.wav: the name does not fit the pattern '{label}_{index}.mp3'"
      ),
      (try options(classes: ["2"]), "the label '10' is none of the classes"),
      (
        try options(splitField: "index", test: ["0-2"], validation: ["3-4"]),
        "no recording is left to train with"
      ),
    ] {
      let message = failure { _ = try parts(options) }
      #expect(message.contains(part), "\(message)")
    }
  }

  @Test func foldersAreLabels() throws {
    for label in ["no", "yes"] {
      try FileManager.default.createDirectory(
        atPath: folder(label), withIntermediateDirectories: true)
      for index in 0..<5 { try write("\(label)/\(index).wav", frames: 10) }
    }
    let data = try parts(options(nil))
    #expect(data.classNames == ["no", "yes"])
    #expect(data.train.count == 8 && data.test?.count == 2)
    let named = try SoundFolder(folder.path, options: try options("{index}.wav"))
    #expect(
      named.files.entries.map { $0.fields["index"] } == ["0", "1", "2", "3", "4"] + [
        "0", "1", "2", "3", "4",
      ])
    let flat = failure { _ = try SoundFolder(folder.path, options: try options()) }
    #expect(flat.contains("there are no .wav files"), "\(flat)")
    let deep = failure { _ = try SoundFolder(folder("no"), options: try options(nil)) }
    #expect(deep.contains("no folders with .wav files"), "\(deep)")
  }

  @Test func recordingsAreMadeAlike() throws {
    try write("short.wav", frames: 5)
    try write("long.wav", frames: 31)
    try write("fast.wav", frames: 40, rate: 400)
    try write("wide.wav", frames: 10, channels: 2)
    var reader = SoundReader(sampleRate: 100, samples: 10)
    #expect(try reader.read(folder("short.wav")) == [0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 0, 0, 0])
    #expect(try reader.read(folder("long.wav")) == [Float](repeating: 0.5, count: 10))
    #expect(try reader.read(folder("wide.wav")) == [Float](repeating: 0.5, count: 10))
    let slowed = try reader.read(folder("fast.wav"))
    // Away from the ends, where the sound begins and stops, a constant stays what it is.
    #expect(slowed.count == 10 && abs(slowed[5] - 0.5) < 0.02)
    #expect(
      reader.notes == [
        "1 recordings of 400 Hz were resampled to 100 Hz.",
        "1 recordings of several channels were mixed to one.",
        "1 recordings are shorter than 0.1 s: silence was put around them.",
        "1 recordings are longer than 0.1 s: their middle was taken.",
      ])
  }

  @Test func recordingsThatCantBeUsedAreNamed() throws {
    try write("empty.wav", frames: 0)
    try write("odd.wav", frames: 10, rate: 44_101)
    try AtomicFile.write("no sound", to: folder("text.wav"))
    try write("slow.wav", frames: 2_700_000, rate: 1)
    var reader = SoundReader(sampleRate: 100, samples: 10)
    for (name, part) in [
      ("empty.wav", "empty.wav: the recording is empty"),
      ("odd.wav", "odd.wav: from 44101 Hz to 100 Hz is the ratio 44101:100"),
      ("text.wav", "text.wav, byte 0: not a WAVE file"),
      ("slow.wav", "slow.wav: 2700000 samples of 1 Hz would be 270000000 of 100 Hz"),
      ("none.wav", "none.wav: there is no such file"),
    ] {
      let message = failure { _ = try reader.read(folder(name)) }
      #expect(message.contains(part), "\(message)")
    }
  }

  @Test func spokenDigitsHaveTheirCounts() throws {
    guard let path = try sharedData("fsdd/recordings") else { return }
    let options = SoundFolder.Options(
      files: LabeledFolder.Options(
        names: try NamePattern("{label}_{speaker}_{index}.wav"),
        division: .field(
          "index", validation: [FieldValues("5-7")], test: [FieldValues("0-4")])),
      sampleRate: 8000, samples: 8000)
    let sounds = try SoundFolder(path, options: options)
    #expect(sounds.files.classNames == (0..<10).map { String($0) })
    let parts = try sounds.parts(
      name: "fsdd", validationFraction: 0.1, testFraction: 0.2, seed: 0)
    #expect(parts.train.count == 1100 && parts.validation?.count == 150)
    #expect(parts.test?.count == 250)
    #expect(parts.notes.count == 2, "\(parts.notes)")
  }
}
