// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats

/// Well-known data sets: where their authors publish them and how to know the files.
public struct DataCatalog: Hashable, Sendable {
  /// One file of a data set.
  public struct File: Hashable, Sendable {
    /// The name in the data set's folder.
    public let name: String
    /// Where it is published.
    public let url: String
    /// Its size in bytes.
    public let size: Int
    /// Its SHA-256 check sum, 64 hexadecimal digits.
    public let sha256: String
  }

  /// The name of the data set.
  public let name: String
  /// What it is, in one line.
  public let summary: String
  /// The licence as its authors state it.
  public let licence: String
  /// The files.
  public let files: [File]

  /// All known data sets.
  public static let all =
    [
      mnist, fashionMNIST, adult, titanic, californiaHousing, iris,
    ] + texts + series

  /// The data set of that name; an unknown one is an error that names the nearest.
  public static func named(_ name: String) throws(DataError) -> DataCatalog {
    if let found = all.first(where: { $0.name == name }) { return found }
    let names = all.map(\.name)
    throw DataError(
      what: "there is no data set '\(name)' to get",
      remedy: nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
        ?? "there are \(names.joined(separator: ", "))")
  }

  /// Checks that a fetched file is the published one, to the bit.
  public static func check(_ file: File, at path: String) throws {
    let sum = try SHA256.hexadecimal(ofFile: path)
    guard sum == file.sha256 else {
      throw DataError(
        source: path,
        what: "this is not \(file.name) as published: its SHA-256 is \(sum), not "
          + file.sha256, remedy: "fetch it again from \(file.url)")
    }
  }

  /// What to do where the files of a data set are not there.
  static func remedy(_ name: String) -> String {
    guard all.contains(where: { $0.name == name }) else { return "give the folder with the files" }
    return "run 'backprop data get \(name)' or give the folder with --data"
  }

  private static let mnist = DataCatalog(
    name: "mnist", summary: "handwritten digits, 60,000 + 10,000 images of 28x28",
    licence: "free for research; often quoted as CC BY-SA 3.0",
    files: [
      File(
        name: "train-images-idx3-ubyte.gz",
        url: "https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz",
        size: 9_912_422,
        sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
      File(
        name: "train-labels-idx1-ubyte.gz",
        url: "https://storage.googleapis.com/cvdf-datasets/mnist/train-labels-idx1-ubyte.gz",
        size: 28_881,
        sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
      File(
        name: "t10k-images-idx3-ubyte.gz",
        url: "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-images-idx3-ubyte.gz",
        size: 1_648_877,
        sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
      File(
        name: "t10k-labels-idx1-ubyte.gz",
        url: "https://storage.googleapis.com/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz",
        size: 4_542,
        sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ])

  private static let fashionHome =
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"

  private static let fashionMNIST = DataCatalog(
    name: "fashion-mnist", summary: "clothes, 60,000 + 10,000 images of 28x28", licence: "MIT",
    files: [
      File(
        name: "train-images-idx3-ubyte.gz", url: fashionHome + "train-images-idx3-ubyte.gz",
        size: 26_421_880,
        sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
      File(
        name: "train-labels-idx1-ubyte.gz", url: fashionHome + "train-labels-idx1-ubyte.gz",
        size: 29_515,
        sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
      File(
        name: "t10k-images-idx3-ubyte.gz", url: fashionHome + "t10k-images-idx3-ubyte.gz",
        size: 4_422_102,
        sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
      File(
        name: "t10k-labels-idx1-ubyte.gz", url: fashionHome + "t10k-labels-idx1-ubyte.gz",
        size: 5_148,
        sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ])

  private static let adult = DataCatalog(
    name: "adult", summary: "census income, 32,561 + 16,281 rows, 14 columns and two classes",
    licence: "CC BY 4.0",
    files: [
      File(
        name: "adult.data",
        url: "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.data",
        size: 3_974_305,
        sha256: "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"),
      File(
        name: "adult.test",
        url: "https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.test",
        size: 2_003_153,
        sha256: "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05"),
    ])

  private static let titanic = DataCatalog(
    name: "titanic", summary: "passengers of the Titanic, 891 rows, survived or not",
    licence: "none stated",
    files: [
      File(
        name: "titanic.csv",
        url: "https://raw.githubusercontent.com/datasciencedojo/datasets/master/titanic.csv",
        size: 60_302,
        sha256: "4a437fde05fe5264e1701a7387ac6fb75393772ba38bb2c9c566405af5af4bd7")
    ])

  private static let californiaHousing = DataCatalog(
    name: "california-housing", summary: "house values of the 1990 census, 20,640 rows",
    licence: "Apache 2.0 (the repository)",
    files: [
      File(
        name: "housing.csv",
        url: "https://raw.githubusercontent.com/ageron/handson-ml/master/datasets/housing/"
          + "housing.csv", size: 1_423_529,
        sha256: "8a3727f4cf54ac1a327f69b1d5b4db54c5834ea81c6e4efc0d163300022a685e")
    ])

  private static let iris = DataCatalog(
    name: "iris", summary: "three kinds of iris, 150 rows, 4 columns",
    licence: "BSD 3-Clause (scikit-learn)",
    files: [
      File(
        name: "iris.csv",
        url: "https://raw.githubusercontent.com/scikit-learn/scikit-learn/main/sklearn/datasets/"
          + "data/iris.csv", size: 2_734,
        sha256: "f13ffa8fdd56fd8e6c8d16d4081a3fbd3114bcd0aae4256c43205169cd9d1449")
    ])
}
