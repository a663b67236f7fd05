// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import TestSupport
import Testing

@Suite struct ImageTests {
  @Test func digitsAreThePublishedOnes() throws {
    let digits = try Digits.all()
    #expect(digits.features.shape == [1797, 8, 8, 1])
    let labels = try #require(digits.labels)
    let counts = (0..<10).map { digit in labels.count { Int($0) == digit } }
    #expect(counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    guard case .bytes(let pixels) = digits.features.storage else { return }
    #expect(pixels.max() == 16 && pixels.min() == 0)
    guard let path = try sharedData("sklearn-bundled/digits.csv.gz") else { return }
    let csv = try CSVTable.read(path)
    for row in 0..<csv.rowCount {
      #expect(csv.text(row: row, column: 64) == String(labels[row]))
      for column in 0..<64
      where csv.text(row: row, column: column) != String(pixels[64 * row + column]) {
        Issue.record("pixel \(column) of image \(row)")
      }
    }
  }

  @Test func digitsAreDividedByTheSeed() throws {
    let parts = try Digits.parts()
    let counts = [parts.train.count, parts.validation?.count, parts.test?.count]
    #expect(counts == [1258, 180, 359])
    #expect(try Digits.parts().train.features == parts.train.features)
    #expect(try Digits.parts(seed: 1).train.features != parts.train.features)
    let labels = try #require(parts.test?.labels)
    for digit in 0..<10 { #expect((34...38).contains(labels.count { Int($0) == digit })) }
  }

  @Test func mnistAndFashionHaveTheirCounts() throws {
    guard let mnist = try sharedData("mnist"), let fashion = try sharedData("fashion-mnist") else {
      return
    }
    let parts = try ImageFolder.mnist(mnist)
    #expect(parts.train.features.shape == [60_000, 28, 28, 1])
    #expect(parts.test?.features.shape == [10_000, 28, 28, 1])
    let labels = try #require(parts.train.labels)
    #expect(
      (0..<10).map { digit in labels.count { Int($0) == digit } }
        == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    guard case .bytes(let pixels) = parts.train.features.storage else { return }
    let sum = pixels.reduce(0) { $0 + Int($1) }
    #expect(abs(Double(sum) / Double(pixels.count) / 255 - 0.1307) < 0.0001)
    let clothes = try ImageFolder.fashionMNIST(fashion).holdingOutValidation(0.1, seed: 0)
    #expect(clothes.train.count == 54_000 && clothes.validation?.count == 6_000)
    let held = try #require(clothes.validation?.labels)
    for label in 0..<10 { #expect(held.count { Int($0) == label } == 600) }
  }

  @Test func cifarSubsetIsRead() throws {
    guard let folder = try sharedData("cifar10") else { return }
    let parts = try ImageFolder.cifar10(folder)
    #expect(parts.train.features.shape == [10_000, 32, 32, 3])
    #expect(parts.test?.count == 1_000)
  }

  @Test func absentAndWrongFilesSayWhichAndHow() throws {
    let folder = TemporaryFolder()
    let images = IDX(type: .uint8, shape: [2, 2, 2], bytes: Array(0..<8)).encoded()
    let labels = IDX(type: .uint8, shape: [2], bytes: [3, 4]).encoded()
    try AtomicFile.write(Gzip.compress(images), to: folder("train-images-idx3-ubyte.gz"))
    try AtomicFile.write(labels, to: folder("train-labels-idx1-ubyte"))
    #expect(
      failure { _ = try ImageFolder.mnist(folder.path) }
        == "\(folder.path): no t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte here (looked for "
        + "each with and without .gz); run 'backprop data get mnist' or give the folder with "
        + "--data.")
    // Named .gz but not compressed: the bytes decide.
    try AtomicFile.write(images, to: folder("t10k-images-idx3-ubyte.gz"))
    try AtomicFile.write(labels, to: folder("t10k-labels-idx1-ubyte"))
    let parts = try ImageFolder.mnist(folder.path)
    #expect(parts.test?.labels == [3, 4])
    try AtomicFile.write(
      IDX(type: .uint8, shape: [3], bytes: [3, 4, 5]).encoded(),
      to: folder("t10k-labels-idx1-ubyte"))
    #expect(
      failure { _ = try ImageFolder.mnist(folder.path) }.hasPrefix(
        "\(folder("t10k-images-idx3-ubyte.gz")): 2 images, but "))
    try AtomicFile.write(
      IDX(type: .uint8, shape: [2], bytes: [3, 10]).encoded(),
      to: folder("t10k-labels-idx1-ubyte"))
    #expect(
      failure { _ = try ImageFolder.mnist(folder.path) }.contains(
        "the label 10 of image 1 is not below 10"))
    #expect(
      failure { _ = try ImageFolder.mnist(folder("none")) }
        == "\(folder("none")): there is no such folder; give the folder that holds the files.")
    #expect(failure { _ = try ImageFolder.cifar10(folder.path) }.contains("data_batch_*.bin"))
  }

  @Test func imagesToTestHaveTheSizeOfThoseToTrain() throws {
    let folder = TemporaryFolder()
    func write(_ part: String, _ height: Int, _ width: Int) throws {
      let bytes = [UInt8](repeating: 5, count: 2 * height * width)
      try AtomicFile.write(
        IDX(type: .uint8, shape: [2, height, width], bytes: bytes).encoded(),
        to: folder("\(part)-images-idx3-ubyte"))
      try AtomicFile.write(
        IDX(type: .uint8, shape: [2], bytes: [3, 4]).encoded(),
        to: folder("\(part)-labels-idx1-ubyte"))
    }
    try write("train", 4, 6)
    try write("t10k", 4, 5)
    #expect(
      failure { _ = try ImageFolder.mnist(folder.path) }
        == "\(folder("t10k-images-idx3-ubyte")): the images are 4x5 (height x width), and those of "
        + "\(folder("train-images-idx3-ubyte")) are 4x6; give images of one size.")
    try write("train", 0, 5)
    let nothing = failure { _ = try ImageFolder.mnist(folder.path) }
    #expect(nothing.contains("none of them 0, and these are [2, 0, 5]"), "\(nothing)")
  }

  @Test func catalogKnowsTheFiles() throws {
    #expect(
      failure { _ = try DataCatalog.named("minst") }
        == "there is no data set 'minst' to get; did you mean 'mnist'?")
    for entry in DataCatalog.all {
      for file in entry.files {
        #expect(file.url.hasPrefix("https://") && file.sha256.count == 64, "\(file)")
      }
      let delivered = [
        "mnist", "titanic", "california-housing", "ucr", "tinyshakespeare", "names", "sst2",
        "sms-spam", "multi30k",
      ]
      guard delivered.contains(entry.name) else { continue }
      for file in entry.files {
        guard let path = try sharedData("\(entry.name)/\(file.name)") else { return }
        try DataCatalog.check(file, at: path)
        #expect(try FileContents.read(path).count == file.size)
      }
    }
    if let path = try sharedData("ag-news/ag_news_test_7600.csv.gz") {
      let bytes = try FileContents.expanded(path)
      let news = try DataCatalog.named("ag-news").files[0]
      #expect(SHA256.hexadecimal(bytes) == news.sha256 && bytes.count == news.size)
    }
    guard let path = try sharedData("adult/adult-train.csv.gz") else { return }
    let adult = try DataCatalog.named("adult")
    let bytes = try FileContents.expanded(path)
    #expect(SHA256.hexadecimal(bytes) == adult.files[0].sha256)
    #expect(failure { try DataCatalog.check(adult.files[0], at: path) }.contains("not adult.data"))
  }
}
