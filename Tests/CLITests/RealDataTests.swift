// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

/// The examples with real data, each with the figure that it must reach with its own seed.
@Suite("Real data", .serialized) struct RealDataTests {
  /// Trains a recipe and returns the figures of its test part; nil where the data was not delivered.
  private func test(
    _ recipe: String, data: String, in folder: TemporaryFolder
  ) throws -> JSONValue? {
    guard let data = try sharedData(data) else { return nil }
    let isFile = recipe.hasSuffix(".yaml")
    let path = isFile ? "\(projectFolder())/Examples/\(recipe)" : recipe
    let done = try Program.succeed(
      ["train", path, "--data", data, "--run", "r", "--threads", "1", "--json"],
      in: folder.path
    ).result()
    return done["test"]
  }

  @Test func iris() throws {
    let folder = TemporaryFolder()
    guard let test = try test("iris.yaml", data: "sklearn-bundled/iris.csv", in: folder) else {
      return
    }
    #expect(try #require(test["accuracy"]?.number) >= 0.93, "\(test)")
    try write("5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n", to: folder("new.csv"))
    let lines = try Program.succeed(
      ["predict", "r", "--input", "new.csv", "--json"], in: folder.path
    ).json()
    #expect(lines.map { $0["prediction"]?.string } == ["setosa", "virginica"])
    // The file that it was trained on has a line before its rows, which is skipped here too.
    let data = try #require(try sharedData("sklearn-bundled/iris.csv"))
    let whole = try Program.succeed(["evaluate", "r", "--data", data, "--json"], in: folder.path)
    #expect(try whole.result()["examples"]?.integer == 150)
  }

  @Test func titanic() throws {
    let folder = TemporaryFolder()
    guard let test = try test("titanic.yaml", data: "titanic", in: folder) else { return }
    #expect(try #require(test["accuracy"]?.number) >= 0.76, "\(test)")
    // Columns by name in any order; ages may be missing, ports unheard of.
    try write(
      "Sex,Pclass,Age,SibSp,Parch,Fare,Embarked\nfemale,1,30,0,0,80,C\nmale,3,,0,0,8,Mars\n",
      to: folder("new.csv"))
    let lines = try Program.succeed(
      ["predict", "r", "--input", "new.csv", "--json"], in: folder.path
    ).json()
    #expect(lines.map { $0["prediction"]?.string } == ["survived", "died"])
  }

  @Test func adult() throws {
    let folder = TemporaryFolder()
    guard let test = try test("adult.yaml", data: "adult", in: folder) else { return }
    #expect(try #require(test["accuracy"]?.number) >= 0.85, "\(test)")
    // The test file as a whole, given by name, has the same figures.
    let data = try #require(try sharedData("adult"))
    let again = try Program.succeed(
      ["evaluate", "r", "--data", "\(data)/adult-test.csv.gz", "--json"], in: folder.path
    ).result()
    #expect(again["test"] == test && again["examples"]?.integer == 16_281)
  }

  @Test func californiaHousing() throws {
    let folder = TemporaryFolder()
    guard
      let test = try test("california-housing.yaml", data: "california-housing", in: folder)
    else { return }
    #expect(test.object?.keys == ["rmse", "mae", "r2"])
    #expect(try #require(test["r2"]?.number) >= 0.78, "\(test)")
    #expect(try #require(test["mae"]?.number) < 40_000, "in dollars: \(test)")
  }

  @Test func mnist() throws {
    let folder = TemporaryFolder()
    guard
      let test = try test(
        "mnist", data: "mnist", in: folder)
    else { return }
    #expect(try #require(test["accuracy"]?.number) >= 0.98, "\(test)")
  }

  @Test func fashionMNIST() throws {
    let folder = TemporaryFolder()
    guard
      let test = try test(
        "fashion-mnist", data: "fashion-mnist", in: folder)
    else { return }
    #expect(try #require(test["accuracy"]?.number) >= 0.885, "\(test)")
  }
}
