// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite struct IDXTests {
  @Test func writtenArraysReadBackForEveryType() throws {
    for type in IDX.ElementType.allCases {
      let bytes = (0..<6 * type.size).map { UInt8(truncatingIfNeeded: 37 &* $0) }
      let array = IDX(type: type, shape: [2, 3], bytes: bytes)
      #expect(try IDX(parsing: array.encoded(), file: "a") == array)
      let folder = TemporaryFolder()
      try AtomicFile.write(array.encoded(), to: folder("a"))
      #expect(try IDX.header(ofFile: folder("a")) == (type, [2, 3]))
      #expect(array.doubles().count == 6)
    }
    let numbers = IDX(type: .int16, shape: [2], bytes: [0xff, 0xfe, 1, 0]).doubles()
    #expect(numbers == [-2, 256])
    #expect(IDX(type: .float32, shape: [1], bytes: [0x3f, 0x80, 0, 0]).doubles() == [1])
  }

  @Test func wrongFilesSayWhatIsWrong() {
    #expect(
      failure { _ = try IDX(parsing: [0, 0, 8, 1, 0, 0, 0, 9, 1], file: "a") }
        == "a, byte 8: the shape [9] needs 9 bytes, but 1 follow; the file was cut short or "
        + "damaged; fetch it again.")
    #expect(
      failure { _ = try IDX(parsing: [0, 0, 10, 1], file: "a") }.contains("10 is no IDX type"))
    #expect(failure { _ = try IDX(parsing: [0, 0, 8], file: "a") }.contains("ends inside"))
    let vast: [UInt8] = [0, 0, 8, 4] + [UInt8](repeating: 255, count: 16)
    #expect(failure { _ = try IDX(parsing: vast, file: "a") }.contains("larger than any file"))
  }

  @Test func damagedFilesNeverTrap() throws {
    let file = IDX(type: .float32, shape: [3, 2], bytes: [UInt8](repeating: 9, count: 24)).encoded()
    try mutations(of: file, count: 20_000, seed: 2) { bytes in
      if let array = try? IDX(parsing: bytes, file: "f") {
        #expect(array.doubles().count * array.type.size == array.bytes.count)
      }
    }
  }

  @Test func mnistHasItsCounts() throws {
    guard let folder = try sharedData("mnist") else { return }
    let images = try IDX.read("\(folder)/t10k-images-idx3-ubyte.gz")
    #expect(images.shape == [10_000, 28, 28])
    #expect(try IDX.header(ofFile: "\(folder)/t10k-images-idx3-ubyte.gz").shape == images.shape)
    let labels = try IDX.read("\(folder)/t10k-labels-idx1-ubyte.gz")
    let counts = (0..<10).map { digit in labels.bytes.count { Int($0) == digit } }
    #expect(counts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
  }
}

@Suite struct CIFARTests {
  @Test func planesBecomeChannels() throws {
    var record: [UInt8] = [7]
    for plane in 0..<3 { record += (0..<1024).map { UInt8(truncatingIfNeeded: $0 + 50 * plane) } }
    let file = try CIFAR(parsing: record + record, file: "c")
    #expect(file.labels == [7, 7])
    #expect(Array(file.pixels[..<6]) == [0, 50, 100, 1, 51, 101])
    #expect(file.pixels.count == 2 * 3072)
    #expect(
      failure { _ = try CIFAR(parsing: record + [1], file: "c") }.contains(
        "c, byte 3073: 3074 bytes are not whole CIFAR-10 records"))
    record[0] = 10
    #expect(failure { _ = try CIFAR(parsing: record, file: "c") }.contains("label 10 of image 0"))
  }

  @Test func damagedFilesNeverTrap() throws {
    let record = [3] + [UInt8](repeating: 1, count: 3072)
    try mutations(of: record, count: 10_000, seed: 3) { _ = try? CIFAR(parsing: $0, file: "f") }
  }

  @Test func subsetHasItsCounts() throws {
    guard let folder = try sharedData("cifar10") else { return }
    let file = try CIFAR.read("\(folder)/test_0000-0999.bin.gz")
    let counts = (0..<10).map { label in file.labels.count { Int($0) == label } }
    #expect(counts == [103, 89, 100, 103, 90, 86, 112, 102, 106, 109])
  }
}

@Suite struct NPYTests {
  @Test func writtenArraysReadBackForEveryType() throws {
    for type in NPY.ElementType.allCases {
      for shape in [[], [0], [4], [2, 3], [2, 1, 3]] {
        let count = shape.reduce(1, *)
        let array = NPY(
          type: type, shape: shape, bytes: (0..<count * type.size).map { UInt8($0 % 2) })
        let file = array.encoded()
        #expect((file.count - array.bytes.count) % 64 == 0)
        #expect(try NPY(parsing: file, file: "a") == array)
      }
    }
  }

  @Test func otherOrdersAreConverted() throws {
    func file(_ description: String, _ data: [UInt8]) -> [UInt8] {
      let head = Array((description + "\n").utf8)
      return [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, UInt8(head.count), 0] + head + data
    }
    let columns = try NPY(
      parsing: file(
        "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", [1, 4, 2, 5, 3, 6]),
      file: "a")
    #expect(columns.bytes == [1, 2, 3, 4, 5, 6])
    let big = try NPY(
      parsing: file("{'descr': '>i4', 'fortran_order': False, 'shape': (1,), }", [0, 0, 1, 2]),
      file: "a")
    #expect(big.doubles() == [258])
    #expect(
      failure {
        _ = try NPY(
          parsing: file("{'descr': '<c8', 'fortran_order': False, 'shape': (), }", []), file: "a")
      } == "a, byte 10: elements of type '<c8' are not read; "
        + "save one of f4, f8, i1, i2, i4, i8, u1, b1.")
  }

  @Test func damagedFilesNeverTrap() throws {
    let file = NPY(type: .float32, shape: [3, 2], bytes: [UInt8](repeating: 9, count: 24)).encoded()
    var good = 0
    try mutations(of: file, count: 20_000, seed: 4) { bytes in
      if let array = try? NPY(parsing: bytes, file: "f") { good += array.doubles().count }
    }
    #expect(good > 0)
  }
}

@Suite struct SHA256Tests {
  @Test func knownSumsAreReached() {
    #expect(
      SHA256.hexadecimal([])
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hexadecimal(Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hexadecimal([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func everyLengthAgreesWithPieces() {
    for length in 0..<200 {
      let bytes = (0..<length).map { UInt8($0) }
      var pieces = SHA256()
      for byte in bytes { [byte].withUnsafeBytes { pieces.update($0) } }
      #expect(pieces.finish() == SHA256.hexadecimal(bytes))
    }
  }
}
