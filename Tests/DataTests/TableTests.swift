// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import TestSupport
import Testing

@Suite struct TableTests {
  private func csv(_ text: String, _ options: CSVOptions = CSVOptions()) throws -> CSVTable {
    try CSVTable(parsing: Array(text.utf8), file: "t.csv", options: options)
  }

  private func fit(_ text: String, _ options: TableOptions) throws -> TablePreprocessor {
    let table = try csv(text, options.csv)
    return try TablePreprocessor(fitting: table, rows: Array(0..<table.rowCount), options: options)
  }

  private func floats(_ array: DataArray?) -> [Float] {
    if case .float(let values)? = array?.storage { values } else { [] }
  }

  private let people = """
    age,size,city,paid,y
    20,1,rome,5,no
    30,,oslo,5,yes
    40,3,rome,5,yes
    50,5,,5,no

    """

  @Test func columnsBecomeFeatures() throws {
    let learned = try fit(people, TableOptions(target: "y"))
    #expect(
      learned.featureNames == [
        "age", "size", "size missing", "city = oslo", "city = rome", "city missing",
      ])
    #expect(learned.target.classes == ["no", "yes"])
    #expect(learned.notes == ["The column 'paid' is always '5' and is not used."])
    let examples = try learned.examples(try csv(people), needsTarget: true)
    #expect(examples.labels == [0, 1, 1, 0])
    let rows = floats(examples.features)
    let deviation = Float(125.0.squareRoot())
    #expect(abs(rows[0] + 15 / deviation) < 1e-6)
    // The median of 1, 3, 5 stands in, which is also their mean.
    #expect(Array(rows[6..<12]) == [-5 / deviation, 0, 1, 1, 0, 0])
    #expect(Array(rows[21..<24]) == [0, 0, 1])
  }

  @Test func unknownAndMissingCategoriesDiffer() throws {
    var options = TableOptions(target: "y")
    let rows = "city,age,size,y\nparis,20,1,\n,20,1,\n"
    let hot = try fit(people, options).examples(try csv(rows), needsTarget: false)
    #expect(hot.targets == nil)
    let values = floats(hot.features)
    #expect(Array(values[3..<6]) == [0, 0, 0] && Array(values[9..<12]) == [0, 0, 1])
    options.encoding = .codes
    let learned = try fit(people, options)
    #expect(learned.embeddedColumns.map(\.codeCount) == [4])
    let coded = try learned.examples(try csv(rows), needsTarget: false)
    #expect(coded.codes == DataArray(shape: [2, 1], storage: .int([0, 1])))
    let known = try learned.examples(try csv(people), needsTarget: true)
    #expect(known.codes == DataArray(shape: [4, 1], storage: .int([3, 2, 3, 1])))
  }

  @Test func scalingsAndFillsAreWhatTheySay() throws {
    let text = "a,y\n1,0.5\n2,1.5\n,2.5\n9,9.5\n"
    func feature(_ scaling: Scaling, _ fill: NumericFill = .median) throws -> [Float] {
      let options = TableOptions(
        target: "y", task: .regression, scaling: scaling, fill: fill, marksMissing: false)
      return floats(
        try fit(text, options).examples(try csv(text), needsTarget: true).features)
    }
    #expect(try feature(.none) == [1, 2, 2, 9])
    #expect(try feature(.none, .mean) == [1, 2, 4, 9])
    #expect(try feature(.range) == [0, 0.125, 0.125, 1])
    let logs = try feature(.log)
    #expect(logs[0] < logs[1] && logs[1] < logs[3])
    let present = [logs[0], logs[1], logs[3]]
    #expect(abs(present.reduce(0, +)) < 1e-5)
    #expect(abs(present.reduce(0) { $0 + $1 * $1 } / 3 - 1) < 1e-5)
  }

  @Test func targetsComeBackFromOutputs() throws {
    for scaling in Scaling.allCases {
      let options = TableOptions(target: "y", task: .regression, targetScaling: scaling)
      let text = "a,y\n1,10\n2,20\n4,70\n"
      let learned = try fit(text, options)
      let outputs = floats(try learned.examples(try csv(text), needsTarget: true).targets)
      for (output, value) in zip(outputs, [10.0, 20, 70]) {
        #expect(abs(learned.target.value(ofOutput: output) - value) < 1e-4 * value)
      }
    }
  }

  @Test func onlyTheTrainingRowsAreLearnedFrom() throws {
    let text = "a,c,y\n1,u,0\n2,v,1\n3,u,0\n900,w,1\n"
    let table = try csv(text)
    let all = try TablePreprocessor(
      fitting: table, rows: [0, 1, 2], options: TableOptions(target: "y"))
    let other = try TablePreprocessor(
      fitting: try csv(text.replacing("900,w", with: "-7,zzz")), rows: [0, 1, 2],
      options: TableOptions(target: "y"))
    #expect(all == other)
    #expect(all.featureNames == ["a", "c = u", "c = v"])
  }

  @Test func storedPreprocessorIsTheSame() throws {
    guard let path = try sharedData("titanic/titanic.csv") else { return }
    var options = TableOptions(target: "Survived")
    options.columns["Sex"] = ColumnOptions(encoding: .codes)
    options.columns["Fare"] = ColumnOptions(scaling: .log)
    let data = try TableData(path, options: options)
    let text = try data.preprocessor.json.prettyText()
    let back = try TablePreprocessor(json: JSONValue(parsing: text), file: "p.json")
    #expect(back == data.preprocessor)
    #expect(try back.json.prettyText() == text)
    let csv = try data.preprocessor.read(path)
    #expect(
      try back.examples(csv, needsTarget: true).features
        == data.preprocessor.examples(csv, needsTarget: true).features)
    #expect(
      failure {
        _ = try TablePreprocessor(json: ["columns": []], file: "p.json")
      } == "p.json: 'reading' is not there; the file is damaged or made by another version.")
  }

  @Test func predictionTakesRawRowsInAnyForm() throws {
    let learned = try fit(people, TableOptions(target: "y"))
    func features(_ text: String) throws -> [Float] {
      let table = try learned.table(parsing: Array(text.utf8), file: "new.csv")
      return floats(try learned.examples(table, needsTarget: false).features)
    }
    let expected = try features("age,size,city,paid,y\n20,1,rome,5,no\n")
    #expect(try features("city;y;size;age\nrome;;1;20\n") == expected)
    #expect(try features("city,size,age\nrome,1,20\n") == expected)
    #expect(try features("20,1,rome,5,no\n") == expected)
    #expect(try features("20,1,rome,5\n") == expected)
    #expect(
      failure { _ = try features("20,1\n") }
        == "new.csv, line 1: no header, and 2 fields where the model knows 4 columns (5 with the "
        + "target); give a header with the columns' names.")
    #expect(
      failure { _ = try features("age,sise,city\n20,1,rome\n") }
        == "new.csv, column 'size': there is no such column; did you mean 'sise'?")
  }

  @Test func mistakesAreToldInWords() throws {
    let many = (0..<40).map { "\($0 * 7 % 40),\($0 % 2)" }.joined(separator: "\n")
    let cases: [(String, TableOptions, String)] = [
      (
        people, TableOptions(target: "ages"),
        "t.csv, column 'ages': there is no such column; did you mean 'age'?"
      ),
      (
        people, TableOptions(target: "y", columns: ["sise": ColumnOptions(kind: .ignored)]),
        "t.csv, column 'sise': there is no such column; did you mean 'size'?"
      ),
      (
        "a,a,y\n1,2,3\n", TableOptions(target: "y"),
        "t.csv, column 'a': two columns have this name (1 and 2); rename one of them."
      ),
      (
        "a,b\n", TableOptions(target: "b", csv: CSVOptions(header: .present)),
        "t.csv: the table is empty: a header and no rows; give a file with at least one row."
      ),
      (
        "a,y\n1,no\n2,no\n", TableOptions(target: "y"),
        "t.csv, column 'y': the target has only one class ('no') in the 2 rows to train with; "
          + "give rows of at least two classes, or choose another target."
      ),
      (
        "a,y\n" + many + "\nabc,1\n", TableOptions(target: "y"),
        "t.csv, line 42, column 'a': 'abc' is no number; correct the value, list it as a mark of "
          + "missing values, or declare the column categorical."
      ),
      (
        people, TableOptions(target: "y", columns: ["city": ColumnOptions(kind: .numeric)]),
        "t.csv, line 2, column 'city': 'rome' is no number; correct the value, list it as a mark "
          + "of missing values, or declare the column categorical."
      ),
      (
        "a,y\n1,0\ninf,1\n", TableOptions(target: "y"),
        "t.csv, line 3, column 'a': 'inf' is infinite; correct the value, or let infinite "
          + "numbers count as missing."
      ),
      (
        "a,y\n1,0\n1,1\n", TableOptions(target: "y"),
        "t.csv: no column is left to predict 'y' from; give a table with more columns. The column "
          + "'a' is always '1' and is not used."
      ),
      (
        "a,y\n1,5.5\n2,5.5\n", TableOptions(target: "y", task: .regression),
        "t.csv, column 'y': the target is always 5.5 in the 2 rows to train with; choose another "
          + "target."
      ),
    ]
    for (text, options, message) in cases {
      #expect(failure { _ = try fit(text, options) } == message)
    }
    let learned = try fit(people, TableOptions(target: "y"))
    #expect(
      failure {
        _ = try learned.examples(try csv("age,size,city,y\n1,2,rome,maybe\n"), needsTarget: true)
      } == "t.csv, line 2, column 'y': the class 'maybe' does not occur in the rows to train "
        + "with; known are 'no', 'yes'.")
    var options = TableOptions(target: "y")
    options.infinity = .missing
    #expect(try fit("a,y\n1,0\n2,1\ninf,1\n", options).featureNames == ["a", "a missing"])
  }

  @Test func damagedTablesNeverTrap() throws {
    let learned = try fit(people, TableOptions(target: "y"))
    var good = 0
    try mutations(of: Array(people.utf8), count: 10_000, seed: 11) { bytes in
      if let table = try? learned.table(parsing: bytes, file: "f"),
        (try? learned.examples(table, needsTarget: false)) != nil
      {
        good += 1
      }
      guard let table = try? CSVTable(parsing: bytes, file: "f") else { return }
      _ = try? TablePreprocessor(
        fitting: table, rows: Array(0..<table.rowCount), options: TableOptions(target: "y"))
    }
    #expect(good > 100)
  }

  @Test func damagedPreprocessorsNeverTrap() throws {
    let learned = try fit(people, TableOptions(target: "y"))
    let table = try csv(people)
    var good = 0
    try mutations(of: Array(try learned.json.text().utf8), count: 10_000, seed: 12) { bytes in
      guard let json = try? JSONValue(parsing: bytes),
        let back = try? TablePreprocessor(json: json, file: "f")
      else { return }
      good += 1
      _ = try? back.examples(table, needsTarget: false)
    }
    #expect(good > 100)
  }
}
