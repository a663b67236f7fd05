// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropRecipes
import TestSupport
import Testing

@Suite("Data of recipes") struct RecipeDataTests {
  @Test func statisticsComeFromTheTrainingPartAlone() throws {
    let folder = TemporaryFolder(inMemory: true)
    let table = people(200)
    try AtomicFile.write(table, to: folder("t.csv"))
    let recipe = try tableRecipe(data: ["validation_fraction: 0.2", "test_fraction: 0.3"])
    let data = try RecipeData(recipe, folder: folder.path)
    let learned = try #require(data.preprocessor)
    // Change every row that is not in the training part beyond recognition: what was learned stays.
    let labels = table.split(separator: "\n").dropFirst().map { Int32($0.hasSuffix("yes") ? 1 : 0) }
    let split = try Split(count: 200, validation: 0.2, test: 0.3, seed: 0, labels: labels)
    var lines = table.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for row in split.validation + split.test {
      lines[row + 1] = "999999,-12345,Atlantis,\(labels[row] == 1 ? "yes" : "no")"
    }
    try AtomicFile.write(lines.joined(separator: "\n"), to: folder("t.csv"))
    let other = try RecipeData(recipe, folder: folder.path)
    #expect(try other.preprocessor?.json.text() == learned.json.text())
    #expect(other.parts.train.features == data.parts.train.features)
    #expect(other.parts.test?.features != data.parts.test?.features)
    // By hand: the mean of the training rows' heights.
    let heights = split.train.map { row in
      Double(
        table.split(separator: "\n")[row + 1].split(
          separator: ",", omittingEmptySubsequences: false)[1]) ?? .nan
    }
    let mean = heights.reduce(0, +) / Double(heights.count)
    guard case .numeric(let height) = learned.columns[1] else {
      Issue.record("height is numeric")
      return
    }
    #expect(abs(height.offset - mean) < 1e-9)
  }

  @Test func theFingerprintTellsWhetherDataChanged() throws {
    let folder = TemporaryFolder(inMemory: true)
    try AtomicFile.write(people(100), to: folder("t.csv"))
    let recipe = try tableRecipe()
    let first = try RecipeData(recipe, folder: folder.path).fingerprint
    #expect(try RecipeData(recipe, folder: folder.path).fingerprint == first)
    #expect(try RecipeData(recipe, location: folder("t.csv")).fingerprint == first)
    try AtomicFile.write(people(100).replacing("Rome", with: "Romo"), to: folder("t.csv"))
    // The categories have other names, the codes and order are the same.
    #expect(try RecipeData(recipe, folder: folder.path).fingerprint == first)
    try AtomicFile.write(
      people(100).replacing(",yes", with: ",tmp").replacing(",no", with: ",yes")
        .replacing(",tmp", with: ",no"), to: folder("t.csv"))
    #expect(try RecipeData(recipe, folder: folder.path).fingerprint != first)
  }

  @Test func tablesOfTheirOwnForValidationAndTest() throws {
    let folder = TemporaryFolder(inMemory: true)
    let table = people(120)
    try AtomicFile.write("# note\n" + table, to: folder("t.csv"))
    let small = "# note\n" + table.split(separator: "\n").prefix(31).joined(separator: "\n")
    try AtomicFile.write(small, to: folder("v.csv"))
    try AtomicFile.write(small, to: folder("u.csv"))
    // Three files of one layout: what is skipped in one is skipped in all.
    let recipe = try tableRecipe(data: ["validation: v.csv", "test: u.csv", "skip_rows: 1"])
    let data = try RecipeData(recipe, folder: folder.path)
    #expect(data.parts.train.count == 120)
    #expect(data.parts.validation?.count == 30 && data.parts.test?.count == 30)
    #expect(data.parts.validation?.features == data.parts.test?.features)
  }

  @Test func whatIsNotThereIsNamed() throws {
    let folder = TemporaryFolder()
    let recipe = try tableRecipe()
    #expect(
      failure { _ = try RecipeData(recipe, folder: folder.path) }
        == "t.csv: there is no such file; give the folder with the files by --data.")
    #expect(
      failure { _ = try RecipeData(recipe, location: folder("no.csv")) }
        == "\(folder("no.csv")): there is no such file; give the folder with the files by --data.")
    try AtomicFile.write("a,b,y\n1,2,x\n", to: folder("t.csv"))
    #expect(
      failure {
        _ = try RecipeData(try tableRecipe(target: "z"), folder: folder.path)
      }.contains("'z'"))
  }

  @Test func classesMayBeGivenOtherNames() throws {
    let folder = TemporaryFolder(inMemory: true)
    try AtomicFile.write(people(60), to: folder("t.csv"))
    let named = try RecipeData(
      tableRecipe(data: ["classes: [small, large]"]), folder: folder.path)
    #expect(named.shape.classNames == ["small", "large"])
    #expect(
      failure {
        _ = try RecipeData(tableRecipe(data: ["classes: [a, b, c]"]), folder: folder.path)
      }
        == "column 'y': 3 classes are named, and the column has 2; name as many in data.classes, "
        + "in the order of no, yes.")
  }
}
