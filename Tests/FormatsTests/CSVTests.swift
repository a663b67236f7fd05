// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

@Suite struct CSVTests {
  private func table(_ text: String, _ options: CSVOptions = CSVOptions()) throws -> CSVTable {
    try CSVTable(parsing: Array(text.utf8), file: "t.csv", options: options)
  }

  private func fields(_ table: CSVTable) -> [[String]] {
    (0..<table.rowCount).map { row in
      (0..<table.columnCount).map { table.text(row: row, column: $0) }
    }
  }

  @Test func quotesBreaksAndBlanksAreUnderstood() throws {
    let text = "\u{feff}name, size\r\n\"a, \"\"b\"\"\" , 1\r\n\r\n\" c\nd \",2\n x\"y ,3"
    let read = try table(text)
    #expect(read.columnNames == ["name", "size"])
    #expect(fields(read) == [["a, \"b\"", "1"], [" c\nd ", "2"], ["x\"y", "3"]])
    #expect((0..<3).map { read.line(ofRow: $0) } == [2, 4, 6])
    let raw = try table(" a , b\n 1 ,2 ", CSVOptions(header: .absent, trimsBlanks: false))
    #expect(fields(raw) == [[" a ", " b"], [" 1 ", "2 "]])
    #expect(fields(try table("a,b\n1,", CSVOptions(header: .present))) == [["1", ""]])
    #expect(try table("a,b\r1,2\r").rowCount == 1)
  }

  @Test func delimitersAreFoundOrGiven() throws {
    #expect(try table("a;b\n1,5;2\n3,0;4").delimiter == UInt8(ascii: ";"))
    #expect(try table("a\tb\n1, 2\t3").delimiter == UInt8(ascii: "\t"))
    #expect(try table("a\n1").delimiter == UInt8(ascii: ","))
    #expect(try table("x,y,z\n\"p;q;r\",2,3").delimiter == UInt8(ascii: ","))
    let given = try table("a|b\n1|2", CSVOptions(delimiter: UInt8(ascii: "|")))
    #expect(given.columnNames == ["a", "b"])
  }

  @Test func headersAreFoundOrGiven() throws {
    #expect(try table("age,job\n31,clerk\n42,cook").hasHeader)
    #expect(try !table("31,clerk\n42,cook").hasHeader)
    #expect(try table("city,job\nrome,clerk\noslo,cook").hasHeader)
    #expect(try !table("rome,clerk\noslo,clerk").hasHeader)
    #expect(try !table("?,clerk\n3,cook").hasHeader)
    #expect(try table("1,2\n3,4", CSVOptions(header: .present)).columnNames == ["1", "2"])
    let named = try table("1,2", CSVOptions(header: .absent, columnNames: ["u", "v"]))
    #expect(named.columnNames == ["u", "v"] && named.rowCount == 1)
    #expect(try table("5,6").columnNames == ["column1", "column2"])
    let skipped = try table("150,4,x\n1,2,\n", CSVOptions(columnNames: nil, skippedRows: 1))
    #expect(fields(skipped) == [["1", "2", ""]])
    #expect(fields(try table("note\n1,2\n", CSVOptions(skippedRows: 1))) == [["1", "2"]])
  }

  @Test func mistakesNameTheLine() {
    let cases: [(String, String)] = [
      (
        "a,b\n1,2\n\n1,2,3\n",
        "t.csv, line 4: 3 fields where line 1 has 2; check the delimiter (,) "
          + "and quote fields that contain it."
      ),
      (
        "a,b\n\"1\n2",
        "t.csv, line 2: a quoted field is never closed; close it, or read the file "
          + "without quotes."
      ),
      (
        "a,b\n\"1\"x,2",
        "t.csv, line 2: text follows the closing quote of a field; double the "
          + "quotes inside a quoted field."
      ),
      (
        "a,b\n1,\u{0}", "t.csv, line 2: a zero byte; this is no text; save the table as UTF-8 text."
      ),
      ("", "t.csv: the table is empty; give a file with at least one row."),
      ("\n \n", "t.csv: the table is empty; give a file with at least one row."),
    ]
    for (text, message) in cases { #expect(failure { _ = try table(text) } == message) }
    #expect(
      failure { _ = try CSVTable(parsing: [0xff, 0xfe, 0x61, 0], file: "t.csv") }
        == "t.csv, byte 0: the text is UTF-16; save the table as UTF-8.")
    #expect(
      failure { _ = try table("1,2", CSVOptions(columnNames: ["u"])) }
        == "t.csv, line 1: 1 column names are given, but the rows have 2 fields; "
        + "give a name for each column.")
  }

  @Test func markersStandForMissingValues() throws {
    let read = try table("a,b\n?,NA\nnan,Na\n,none\nNULL,0\n")
    let missing = (0..<4).map { row in (0..<2).map { read.isMissing(row: row, column: $0) } }
    #expect(missing == [[true, true], [true, false], [true, false], [true, false]])
    let own = try table("a\n-9\nNA\n", CSVOptions(missing: MissingMarkers(["-9"])))
    #expect(own.isMissing(row: 0, column: 0) && !own.isMissing(row: 1, column: 0))
  }

  @Test func numbersAreTheNearestDouble() {
    func parse(_ text: String) -> Double? {
      Array(text.utf8).withUnsafeBufferPointer { NumberParser.parse($0) }
    }
    let texts = [
      "0", "-0", "1", "+1.5", ".5", "5.", "1e3", "1E-3", "123456789012345678901234567890",
      "0.1", "2.2250738585072014e-308", "4.9e-324", "1.7976931348623157e308", "9007199254740993",
      "0.30000000000000004", "1e22", "1e23", "8.5e-23", "00012", "1e-400", "1e999999999999",
    ]
    for text in texts { #expect(parse(text) == Double(text), "\(text)") }
    for text in [
      "", "-", ".", "e5", "1e", "1e+", "0x10", "1 2", "1,5", "nan", "--1", "1.2.3", "infin",
    ] {
      #expect(parse(text) == nil, "\(text)")
    }
    #expect(parse("-Infinity") == -.infinity)
    #expect(parse("1e400") == .infinity)
    var random = Random(seed: 8)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      if value.isFinite { #expect(parse(value.description)?.bitPattern == value.bitPattern) }
      let short = Double(Int64(truncatingIfNeeded: random.next()) % 1_000_000) / 1000
      #expect(parse(short.description) == short)
    }
  }

  @Test func damagedTablesNeverTrap() throws {
    let text = Array("id,name,\"x\"\"y\"\r\n1,\"a\nb\", 2.5\n2,?,1e5\n3,c,\n4,d,0x\n".utf8)
    var good = 0
    try mutations(of: text, count: 20_000, seed: 9) { bytes in
      guard let table = try? CSVTable(parsing: bytes, file: "f") else { return }
      good += 1
      for row in 0..<table.rowCount {
        for column in 0..<table.columnCount { _ = table.text(row: row, column: column) }
      }
    }
    #expect(good > 1000)
  }

  @Test func realTablesHaveTheirCounts() throws {
    let cases: [(String, Int, Int, Bool)] = [
      ("adult/adult-train.csv.gz", 32_561, 15, false),
      ("adult/adult-test.csv.gz", 16_281, 15, false),
      ("titanic/titanic.csv", 891, 12, true),
      ("california-housing/housing.csv", 20_640, 10, true),
      ("ames-housing/AmesHousing.csv", 2_930, 82, true),
      ("wine-quality/winequality-red.csv", 1_599, 12, false),
      ("wine-quality/winequality-white.csv", 4_898, 12, false),
      ("penguins/penguins.csv", 344, 8, true),
      ("penguins/penguins_raw.csv", 344, 17, true),
      ("sklearn-bundled/digits.csv.gz", 1_797, 65, false),
      ("ag-news/ag_news_test_7600.csv.gz", 7_600, 3, false),
      ("time-series/beijing-pm25.csv.gz", 43_824, 13, true),
      ("emoji/captions.csv", 1_609, 6, true),
    ]
    for (name, rows, columns, hasHeader) in cases {
      guard let path = try sharedData(name) else { return }
      let table = try CSVTable.read(path)
      #expect(table.rowCount == rows, "\(name)")
      #expect(table.columnCount == columns, "\(name)")
      #expect(table.hasHeader == hasHeader, "\(name)")
    }
    guard let path = try sharedData("titanic/titanic.csv") else { return }
    let titanic = try CSVTable.read(path)
    #expect(titanic.text(row: 0, column: 3) == "Braund, Mr. Owen Harris")
    let missing = (0..<12).map { column in
      (0..<titanic.rowCount).count { titanic.isMissing(row: $0, column: column) }
    }
    #expect(missing == [0, 0, 0, 0, 0, 177, 0, 0, 0, 0, 687, 2])
  }
}
