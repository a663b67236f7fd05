// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropGraph
import BackpropNN
import BackpropTraining
import Testing
import TestSupport

@Suite("Saved states") struct CheckpointTests {
  /// A training stopped in its third epoch, and the files it left.
  private func stopped(_ kind: Kind, in folder: RunFolder) throws -> Trainer {
    let (_, trainer) = kind.trainer()
    let saver = RunSaver(folder)
    trainer.save = { try saver.save($0) }
    trainer.shouldStop = { trainer.progress.position == 19 }
    #expect(try !trainer.train(on: Sets.quadrants(70), validation: Sets.quadrants(30, seed: 4)))
    return trainer
  }

  @Test(arguments: Kind.allCases)
  func goThereAndBack(kind: Kind) throws {
    let files = TemporaryFolder(inMemory: true)
    let folder = RunFolder(files.path)
    let first = try stopped(kind, in: folder)
    let (_, second) = kind.trainer()
    try Checkpoint.read(into: second, from: folder.state)
    #expect(second.progress.position == 19)
    #expect(second.progress.lossSum.bitPattern == first.progress.lossSum.bitPattern)
    #expect(second.progress.lossCount == first.progress.lossCount)
    #expect(second.progress.bestEpoch == first.progress.bestEpoch)
    #expect(second.progress.bestMetrics == first.progress.bestMetrics)
    #expect(second.optimizer.state.step == 19)
    let memories = [first, second].map { $0.optimizer.state.learningRate.plateau?.memory }
    #expect(memories[0] == memories[1])
    // Written again they are the same but for the seconds.
    try Checkpoint.write(second, to: files("again"))
    let (a, b) = (try SafetensorsFile(folder.state), try SafetensorsFile(files("again")))
    #expect(a.names == b.names)
    for name in a.names { #expect(try a.bytes(name) == b.bytes(name), "\(name)") }
  }

  @Test func filesOfOtherTrainingsAreRefused() throws {
    let files = TemporaryFolder(inMemory: true)
    let folder = RunFolder(files.path)
    _ = try stopped(.dropoutAndCosine, in: folder)
    let before = try bits(of: Kind.batchNorm.trainer().model)
    for kind in [Kind.momentumAndPlateau, .batchNorm, .threeSlots] {
      let (model, trainer) = kind.trainer()
      let message = failure { try Checkpoint.read(into: trainer, from: folder.state) }
      if kind == .threeSlots {
        // AMSGrad's third slot starts anew; the other two have the same names.
        #expect(message == "no error")
      } else {
        #expect(message.contains("there is no such tensor") || message.contains("belongs to no"))
      }
      if kind == .batchNorm { #expect(try bits(of: model) == before) }
    }
    let weights = failure {
      try Checkpoint.read(into: Kind.batchNorm.trainer().trainer, from: folder.weights)
    }
    #expect(
      weights
        == "\(folder.weights): this is no saved state of a training; train again.")
  }

  @Test func damagedStatesNeverTrap() throws {
    let files = TemporaryFolder(inMemory: true)
    let folder = RunFolder(files.path)
    _ = try stopped(.momentumAndPlateau, in: folder)
    let bytes = try FileContents.read(folder.state)
    let (_, trainer) = Kind.momentumAndPlateau.trainer()
    var good = 0
    // The head is where lengths, names and counts are.
    let head = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    let path = files("damaged")
    try mutations(of: Array(bytes[..<head]), count: 10_000, seed: 21, wholly: true) { damaged in
      try AtomicFile.write(damaged + bytes[head...], to: path)
      do {
        try Checkpoint.read(into: trainer, from: path)
        good += 1
      } catch {
        #expect(!"\(error)".isEmpty)
      }
    }
    #expect(good > 0)
  }

  @Test func damagedNumbersOfAStateEndInErrorsOrATraining() throws {
    let files = TemporaryFolder(inMemory: true)
    let folder = RunFolder(files.path)
    _ = try stopped(.momentumAndPlateau, in: folder)
    let file = try SafetensorsFile(folder.state)
    let text = Array(try #require(file.metadata["progress"]).utf8)
    let tensors = try file.entries.map {
      SafetensorsTensor(
        name: $0.name, type: $0.type, shape: $0.shape, bytes: try file.bytes($0.name))
    }
    let (train, validation) = (Sets.quadrants(70), Sets.quadrants(30, seed: 4))
    let path = files("damaged")
    var (trained, refused) = (0, 0)
    try mutations(of: text, count: 10_000, seed: 22, wholly: true) { damaged in
      let text = String(decoding: damaged, as: UTF8.self)
      guard (try? JSONValue(parsing: text, file: "f")) != nil else { return }
      try SafetensorsWriter.write(tensors, metadata: ["progress": text], to: path)
      let (_, trainer) = Kind.momentumAndPlateau.trainer(epochs: 4)
      do {
        try Checkpoint.read(into: trainer, from: path)
        if trained < 300 { try trainer.train(on: train, validation: validation) }
        trained += 1
      } catch {
        #expect(!"\(error)".isEmpty)
        refused += 1
      }
    }
    #expect(trained > 0 && refused > 0)
  }

  @Test func damagedLogsNeverTrap() throws {
    let files = TemporaryFolder(inMemory: true)
    let folder = RunFolder(files.path)
    _ = try stopped(.dropoutAndCosine, in: folder)
    let bytes = try FileContents.read(folder.log)
    var good = 0
    try mutations(of: bytes, count: 10_000, seed: 23, wholly: true) { damaged in
      try AtomicFile.write(damaged, to: folder.log)
      do {
        good += try RunLog.read(folder.log, count: 2).count == 2 ? 1 : 0
      } catch {
        #expect(!"\(error)".isEmpty)
      }
    }
    #expect(good > 0)
  }
}
