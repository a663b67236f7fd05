// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import TestSupport
import Testing

@Suite struct RealTableTests {
  static let adultColumns = [
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation",
    "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week",
    "native-country", "income",
  ]

  private func isFinite(_ examples: Examples) -> Bool {
    if case .float(let values) = examples.features.storage {
      values.allSatisfy(\.isFinite)
    } else {
      true
    }
  }

  @Test func adultWithItsOwnTest() throws {
    guard let folder = try sharedData("adult") else { return }
    let data = try TableData(
      "\(folder)/adult-train.csv.gz", testPath: "\(folder)/adult-test.csv.gz",
      options: TableOptions(
        target: "income", targetSuffix: ".",
        csv: CSVOptions(header: .absent, columnNames: Self.adultColumns)))
    let parts = data.parts
    #expect(parts.classNames == ["<=50K", ">50K"])
    #expect(parts.train.count + (parts.validation?.count ?? 0) == 32_561)
    let test = try #require(parts.test)
    #expect(test.labels.map { $0.count { $0 == 0 } } == 12_435)
    #expect(test.labels.map { $0.count { $0 == 1 } } == 3_846)
    #expect(data.preprocessor.notes.isEmpty)
    #expect(data.preprocessor.featureCount == test.features.exampleSize)
    // 6 numbers; 7 + 16 + 7 + 14 + 6 + 5 + 2 + 41 categories less what training did not see;
    // one feature for missing in three columns.
    #expect((106...108).contains(data.preprocessor.featureCount))
    #expect(isFinite(parts.train) && isFinite(test))
    let report = DataReport(parts, featureNames: data.preprocessor.featureNames)
    #expect(report.warnings.isEmpty, "\(report.text)")
  }

  @Test func titanicWithMissingValues() throws {
    guard let path = try sharedData("titanic/titanic.csv") else { return }
    let data = try TableData(path, options: TableOptions(target: "Survived"))
    let learned = data.preprocessor
    #expect(
      learned.columns.map(\.name) == ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"])
    #expect(learned.notes.count == 4)
    #expect(learned.notes[0] == "The column 'PassengerId' only counts the rows and is not used.")
    #expect(learned.featureNames.contains("Age missing"))
    #expect(data.parts.classNames == ["0", "1"])
    let counts = [data.parts.train.count, data.parts.validation?.count, data.parts.test?.count]
    #expect(counts == [624, 89, 178])
  }

  @Test func californiaHousingAsRegression() throws {
    guard let path = try sharedData("california-housing/housing.csv") else { return }
    let data = try TableData(path, options: TableOptions(target: "median_house_value"))
    #expect(data.parts.classNames == nil)
    #expect(data.preprocessor.featureCount == 8 + 1 + 5)
    #expect(data.parts.train.count == 14_448)
    let report = DataReport(data.parts, featureNames: data.preprocessor.featureNames)
    #expect(report.facts.contains { $0.contains("looks cut off") }, "\(report.text)")
  }

  @Test func irisAsBundled() throws {
    guard let path = try sharedData("sklearn-bundled/iris.csv") else { return }
    let data = try TableData(
      path,
      options: TableOptions(
        target: "species",
        csv: CSVOptions(
          header: .absent,
          columnNames: ["sepal length", "sepal width", "petal length", "petal width", "species"],
          skippedRows: 1)))
    #expect(data.parts.classNames == ["0", "1", "2"])
    #expect(data.parts.train.count == 105 && data.parts.test?.count == 30)
    let row = Array("5.1,3.5,1.4,0.2\n".utf8)
    let table = try data.preprocessor.table(parsing: row, file: "row")
    #expect(try data.preprocessor.examples(table, needsTarget: false).count == 1)
  }

  @Test func amesHousingWithItsMess() throws {
    guard let path = try sharedData("ames-housing/AmesHousing.csv") else { return }
    var options = TableOptions(target: "SalePrice", targetScaling: .log)
    options.columns["MS SubClass"] = ColumnOptions(kind: .categorical)
    let data = try TableData(path, options: options)
    #expect(data.parts.train.count == 2_051)
    #expect(isFinite(data.parts.train))
    #expect(data.preprocessor.columns.contains { $0.name == "Lot Frontage" })
    #expect(data.preprocessor.notes.contains { $0.contains("'Order' only counts the rows") })
    #expect(data.preprocessor.featureNames.contains("MS SubClass = 020"))
  }

  @Test func wineAsRegressionOrClasses() throws {
    guard let path = try sharedData("wine-quality/winequality-red.csv") else { return }
    let classes = try TableData(path, options: TableOptions(target: "column12"))
    #expect(classes.parts.classNames == ["3", "4", "5", "6", "7", "8"])
    let report = DataReport(classes.parts)
    #expect(report.warnings.contains { $0.hasPrefix("the classes are unbalanced") })
    #expect(report.facts.contains { $0.contains("occur there before") })
    let numbers = try TableData(path, options: TableOptions(target: "column12", task: .regression))
    #expect(numbers.parts.classNames == nil)
  }

  @Test func penguinsCleanAndRaw() throws {
    guard let folder = try sharedData("penguins") else { return }
    let clean = try TableData("\(folder)/penguins.csv", options: TableOptions(target: "species"))
    #expect(clean.parts.classNames == ["Adelie", "Chinstrap", "Gentoo"])
    let raw = try TableData("\(folder)/penguins_raw.csv", options: TableOptions(target: "Sex"))
    #expect(raw.parts.classNames == ["FEMALE", "MALE"])
    #expect(
      raw.parts.notes[0].hasPrefix("11 rows of ") && raw.parts.notes[0].hasSuffix("were left out."))
  }
}
