// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// Image data sets as their authors published them, read from a folder.
public enum ImageFolder {
  /// The classes of Fashion-MNIST, in label order.
  public static let fashionNames = [
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle boot",
  ]

  /// The classes of CIFAR-10, in label order.
  public static let cifarNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  /// MNIST: 28x28 grey images of digits, 60,000 to train and 10,000 to test with.
  public static func mnist(_ folder: String) throws -> DataParts {
    try idx(folder, name: "mnist", classNames: (0..<10).map { String($0) })
  }

  /// Fashion-MNIST: 28x28 grey images of clothes, 60,000 to train and 10,000 to test with.
  public static func fashionMNIST(_ folder: String) throws -> DataParts {
    try idx(folder, name: "fashion-mnist", classNames: fashionNames)
  }

  /// Any data set in MNIST's four files, gzipped or not. features: [N, H, W, 1] uint8.
  public static func idx(
    _ folder: String, name: String, classNames: [String]
  ) throws -> DataParts {
    // All four are looked for before the first is read, so that one sentence names them all.
    let wanted = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
    let paths = try find(wanted.map { ["\($0)-ubyte", "\($0)-ubyte.gz"] }, in: folder, name)
    let train = try pair(paths[0], paths[1], classes: classNames.count)
    let test = try pair(paths[2], paths[3], classes: classNames.count)
    func size(_ part: Examples) -> String {
      part.features.exampleShape.dropLast().map(String.init).joined(separator: "x")
    }
    guard size(train) == size(test) else {
      throw DataError(
        source: paths[2],
        what: "the images are \(size(test)) (height x width), and those of \(paths[0]) are "
          + "\(size(train))", remedy: "give images of one size")
    }
    return DataParts(
      name: name, train: train, test: test, classNames: classNames, pixelMaximum: 255)
  }

  /// CIFAR-10 in its binary version: `data_batch_1.bin` to `data_batch_5.bin` and
  /// `test_batch.bin`, gzipped or not; or any files `train*.bin` and `test*.bin`, in the order of
  /// their names. features: [N, 32, 32, 3] uint8.
  public static func cifar10(_ folder: String) throws -> DataParts {
    let names = try Folder.names(in: folder).filter {
      $0.hasSuffix(".bin") || $0.hasSuffix(".bin.gz")
    }
    let train = names.filter { $0.hasPrefix("data_batch_") || $0.hasPrefix("train") }
    let test = names.filter { $0.hasPrefix("test") }
    guard !train.isEmpty, !test.isEmpty else {
      throw DataError(
        source: folder, what: "no CIFAR-10 files data_batch_*.bin and test_batch.bin",
        remedy: "unpack cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/ there")
    }
    func part(_ names: [String]) throws -> Examples {
      var pixels: [UInt8] = []
      var labels: [Int32] = []
      for name in names {
        let file = try CIFAR.read("\(folder)/\(name)")
        pixels += file.pixels
        labels += file.labels.map { Int32($0) }
      }
      return Examples(
        features: DataArray(shape: [labels.count, 32, 32, 3], storage: .bytes(pixels)),
        targets: DataArray(shape: [labels.count], storage: .int(labels)))
    }
    return DataParts(
      name: "cifar10", train: try part(train), test: try part(test), classNames: cifarNames,
      pixelMaximum: 255)
  }

  private static func pair(_ images: String, _ labels: String, classes: Int) throws -> Examples {
    let labelFile = try IDX.read(labels)
    guard labelFile.type == .uint8, labelFile.shape.count == 1 else {
      throw DataError(
        source: labels, what: "labels must be one row of bytes, these are \(labelFile.shape)",
        remedy: "fetch the file again")
    }
    if let wrong = labelFile.bytes.firstIndex(where: { Int($0) >= classes }) {
      throw DataError(
        source: labels,
        what: "the label \(labelFile.bytes[wrong]) of image \(wrong) is not below \(classes)",
        remedy: "fetch the file again")
    }
    let file = try IDX.read(images)
    guard file.type == .uint8, file.shape.count == 3, file.shape.allSatisfy({ $0 > 0 }) else {
      throw DataError(
        source: images,
        what: "images must be bytes of shape [N, H, W], none of them 0, and these are "
          + "\(file.shape)",
        remedy: "fetch the file again")
    }
    guard file.shape[0] == labelFile.shape[0] else {
      throw DataError(
        source: images,
        what: "\(file.shape[0]) images, but \(labels) has \(labelFile.shape[0]) labels",
        remedy: "fetch both files again")
    }
    return Examples(
      features: DataArray(shape: file.shape + [1], storage: .bytes(file.bytes)),
      targets: DataArray(
        shape: labelFile.shape, storage: .int(labelFile.bytes.map { Int32($0) })))
  }

  private static func find(
    _ wanted: [[String]], in folder: String, _ name: String
  ) throws(DataError) -> [String] {
    let present = Set(try Folder.names(in: folder))
    var paths: [String] = []
    var absent: [String] = []
    for choices in wanted {
      if let choice = choices.first(where: { present.contains($0) }) {
        paths.append("\(folder)/\(choice)")
      } else {
        absent.append(choices[0])
      }
    }
    guard absent.isEmpty else {
      throw DataError(
        source: folder,
        what: "no \(absent.joined(separator: ", ")) here (looked for each with and without .gz)",
        remedy: DataCatalog.remedy(name))
    }
    return paths
  }
}
