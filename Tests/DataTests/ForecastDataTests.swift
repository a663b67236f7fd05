// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import Foundation
import TestSupport
import Testing

@Suite struct ForecastDataTests {
  private let folder = TemporaryFolder()

  private func write(_ text: String) throws -> String {
    try text.write(toFile: folder("t.csv"), atomically: false, encoding: .utf8)
    return folder("t.csv")
  }

  /// `date,y` of days from the first of January 2001 on.
  private func days(_ values: [String], from start: Int = 0) -> String {
    var text = "date,y\n"
    for (day, value) in values.enumerated() {
      let place = start + day
      let month = place / 28
      let (m, d) = (month % 12 + 1, place % 28 + 1)
      text += "\(2001 + month / 12)-\(m < 10 ? "0" : "")\(m)-\(d < 10 ? "0" : "")\(d),\(value)\n"
    }
    return text
  }

  /// Rows without dates.
  private func rows(_ values: [Double]) -> String {
    "y\n" + values.map { "\($0)\n" }.joined()
  }

  private func read(
    _ text: String, targets: [String] = ["y"], date: [String] = [], window: Int = 3,
    horizon: Int = 2, season: Int? = 2, validation: Double = 0.2, test: Double = 0.2,
    columns: [String: ColumnOptions] = [:], scaling: Scaling = .none, calendar: Bool = false
  ) throws -> ForecastData {
    try ForecastData(
      try write(text),
      options: ForecastOptions(
        targets: targets, date: date, window: window, horizon: horizon, season: season,
        calendar: calendar, table: TableOptions(target: "", columns: columns, scaling: scaling)),
      validationFraction: validation, testFraction: test)
  }

  private func floats(_ array: DataArray?) -> [Float] {
    if case .float(let values)? = array?.storage { values } else { [] }
  }

  /// The numbers of each example's features.
  private func windows(_ examples: Examples?) -> [[Float]] {
    guard let examples else { return [] }
    return (0..<examples.count).map { floats(examples.features.examples(at: [$0])) }
  }

  @Test func windowsAndTheirNextStepsKeepToTheirPart() throws {
    // The value of a step is its number, so that windows show where they come from.
    let data = try read(rows((0..<30).map(Double.init)))
    #expect(data.parts.train.features.shape == [14, 3, 1])
    let train = (windows(data.parts.train), floats(data.parts.train.targets))
    #expect(train.0.first == [0, 1, 2] && Array(train.1.prefix(2)) == [3, 4])
    #expect((train.0.joined() + train.1).max() == 17, "18 steps are to train with")
    let validation = floats(data.parts.validation?.targets)
    #expect(validation.min() == 18 && validation.max() == 23)
    #expect(windows(data.parts.validation).first == [15, 16, 17], "it may see the past")
    let test = floats(data.parts.test?.targets)
    #expect(test.min() == 24 && test.max() == 29 && data.parts.test?.count == 5)
  }

  @Test func nothingIsLearnedFromWhatComesLater() throws {
    func numbers(_ step: Int, later: Double) -> String {
      step < 18 ? "\(step % 5),\(step % 3)" : "\(later * Double(step)),\(-later)"
    }
    func text(_ later: Double) -> String {
      "y,x\n" + (0..<30).map { numbers($0, later: later) + "\n" }.joined()
    }
    let (one, two) = (
      try read(text(1), scaling: .standard), try read(text(1e6), scaling: .standard)
    )
    #expect(one.preprocessor == two.preprocessor)
    #expect(windows(one.parts.train) == windows(two.parts.train))
    #expect(one.parts.train.targets == two.parts.train.targets)
    #expect(one.parts.test?.targets != two.parts.test?.targets)
    // A window of the test part never shows the steps that it is asked for.
    for known in [18, 24] {
      func changed(_ value: Double) -> String {
        "y,x\n" + (0..<30).map { $0 < known ? "\($0 % 5),1\($0 % 3)\n" : "\(value),2\n" }.joined()
      }
      let (a, b) = (try read(changed(7)), try read(changed(-7)))
      let part =
        known == 18 ? (a.parts.validation, b.parts.validation) : (a.parts.test, b.parts.test)
      #expect(windows(part.0).first == windows(part.1).first, "steps from \(known) on")
    }
  }

  @Test func aMissingValueCountsAsTheOneBeforeItAndIsMarked() throws {
    // The interpolated value would show what comes next.
    var values = (0..<30).map { "\($0)" }
    values[0] = "NA"
    values[5] = "?"
    values[6] = "NA"
    let data = try read("y\n" + values.joined(separator: "\n") + "\n")
    let mean = Float((1...17).filter { $0 != 5 && $0 != 6 }.reduce(0, +)) / 15
    #expect(data.parts.train.features.shape == [11, 3, 2])
    #expect(windows(data.parts.train)[0] == [mean, 1, 1, 0, 2, 0])
    // Windows that say steps 5 and 6 are left out: those that begin to say 4, 5, 6.
    #expect(Array(floats(data.parts.train.targets).prefix(4)) == [3, 4, 7, 8])
    #expect(windows(data.parts.train)[1] == [4, 0, 4, 1, 4, 1])
    #expect(
      data.parts.notes.contains(
        "3 windows are left out, for a value to forecast is missing."))
  }

  @Test func baselinesKnowOnlyTheWindow() throws {
    let data = try read(rows((0..<30).map(Double.init)), horizon: 3, season: 2)
    let test = try #require(data.parts.test)
    #expect(test.baselines.map(\.name) == ["seasonal_naive", "last_value"])
    #expect(Array(floats(test.targets).prefix(3)) == [24, 25, 26])
    #expect(Array(floats(test.baselines[0].values).prefix(3)) == [22, 23, 22])
    #expect(Array(floats(test.baselines[1].values).prefix(3)) == [23, 23, 23])
    #expect(data.preprocessor.seasonalError == [2])
    let some = test.examples(at: [1, 0])
    #expect(Array(floats(some.baselines[1].values)) == [24, 24, 24, 23, 23, 23])
  }

  @Test func rowsThatLackCountAsMissing() throws {
    var lines = days((0..<28).map { "\($0)" }).split(separator: "\n").map(String.init)
    lines.remove(at: 6)
    let data = try read(lines.joined(separator: "\n") + "\n", date: ["date"])
    #expect(data.preprocessor.step == .seconds(86_400))
    #expect(
      data.parts.notes.contains(
        "1 rows of 1 day lack between the first and the last and count as missing values."))
    // The sixth of January lacks.
    #expect(windows(data.parts.train)[2].contains(4))
    #expect(!floats(data.parts.train.targets).contains(5))
    #expect(data.parts.notes[0].hasPrefix("training from 2001-01-01 to 2001-01-1"))
  }

  @Test func monthsAreStepsOfTheirOwn() throws {
    let text =
      "month,y\n"
      + (0..<40).map { "\(1990 + $0 / 12)-\($0 % 12 < 9 ? "0" : "")\($0 % 12 + 1),\($0)\n" }
      .joined()
    let data = try read(text, date: ["month"], season: nil, calendar: true)
    #expect(data.preprocessor.step == .months(1) && data.preprocessor.season == 12)
    #expect(data.preprocessor.calendar == [.year] && data.preprocessor.featureCount == 3)
    let last = try data.preprocessor.lastWindow(folder("t.csv"), csv: CSVOptions())
    #expect(last.dates == ["1993-05", "1993-06"])
    #expect(floats(last.examples.features.examples(at: [0]))[0] == 37)
  }

  @Test func datesStandInColumnsOfTheirParts() throws {
    var text = "n,year,month,day,hour,wind,y\n"
    for step in 0..<60 {
      text +=
        "\(step),2010,1,\(step / 24 + 1),\(step % 24),\(["N", "SE", "cv"][step % 3]),\(step)\n"
    }
    let data = try read(
      text, date: ["year", "month", "day", "hour"], season: nil, calendar: true)
    let learned = data.preprocessor
    #expect(learned.step == .seconds(3600) && learned.season == 24)
    #expect(learned.calendar == [.day, .week, .year])
    #expect(learned.featureCount == 1 + 3 + 6, "y, one feature a wind, sine and cosine")
    #expect(data.parts.notes.contains("The column 'n' only counts the rows and is not used."))
    let first = windows(data.parts.train)[0]
    #expect(first[1...3] == [1, 0, 0] && first[11...13] == [0, 1, 0])
    #expect(first[4] == 0 && first[5] == 1, "midnight")
    #expect(try ForecastPreprocessor(json: learned.json, file: "run.json") == learned)
  }

  @Test func severalColumnsAreForecastTogether() throws {
    let text = "a,b\n" + (0..<30).map { "\($0),\(-$0)\n" }.joined()
    let data = try read(text, targets: ["b", "a"])
    #expect(Array(floats(data.parts.train.targets).prefix(4)) == [-3, 3, -4, 4])
    #expect(Array(windows(data.parts.train)[0].prefix(2)) == [0, 0])
    #expect(data.preprocessor.seasonalError == [2, 2])
  }

  @Test func aConstantColumnIsNoDivisionByZero() throws {
    let text = "y,x\n" + (0..<30).map { "\($0),5\n" }.joined()
    let data = try read(text, scaling: .standard)
    #expect(data.preprocessor.featureCount == 1)
    #expect(data.parts.notes.contains("The column 'x' is always '5' and is not used."))
    let same = "y,x\n" + (0..<30).map { "5,\($0 % 7)\n" }.joined()
    #expect(
      failure { _ = try read(same) }.hasSuffix(
        "column 'y': always 5.0 in the 18 rows to train with; choose another target."))
  }

  @Test func mistakesAreNamed() throws {
    let good = days((0..<30).map { "\($0)" })
    func message(_ text: String, _ read: (String) throws -> ForecastData) -> String {
      failure { _ = try read(text) }.replacing(folder("t.csv"), with: "t.csv")
    }
    func dated(_ text: String) throws -> ForecastData { try self.read(text, date: ["date"]) }
    #expect(
      message(good) { try self.read($0, targets: ["z"]) }
        == "t.csv, column 'z': there is no such column; there are date, y.")
    #expect(
      message(good) { try self.read($0, date: ["dat"]) }
        == "t.csv, column 'dat': there is no such column; did you mean 'date'?")
    #expect(
      message(good) { try self.read($0, columns: ["x": ColumnOptions(kind: .numeric)]) }
        == "t.csv, column 'x': there is no such column; there are date, y.")
    #expect(
      message("date,y\n2001-01-02,1\n2001-01-01,2\n", dated)
        == "t.csv, line 3, column 'date': 2001-01-01 is not after 2001-01-02, which stands on line "
        + "2; order the rows by time, one for each.")
    #expect(
      message("date,y\n2001-01-02,1\n2001-01-02,2\n", dated).contains("is not after 2001-01-02"))
    #expect(
      message("date,y\n2001-01-01,1\n2001-13-01,2\n", dated)
        == "t.csv, line 3, column 'date': '2001-13-01' is no date; write 2010-01-31, 2010-01 or "
        + "2010-01-31 13:00.")
    #expect(
      message(
        "date,y\n2001-01-01 00:00,1\n2001-01-01 02:00,2\n2001-01-01 05:00,3\n", dated)
        == "t.csv, line 4, column 'date': 2001-01-01 05:00 is no whole number of steps of 2 hours "
        + "after 2001-01-01; give rows at equal steps; rows may lack.")
    #expect(
      message("date,y\n2001-01-01 00:00,1\n2001-01-01 00:01,2\n9999-01-01 00:00,3\n", dated)
        .contains("rows of 1 minute lack before 9999-01-01; correct the date, or give the rows."))
    #expect(
      message(rows([1, 2, 3, 4])) { try self.read($0) }
        == "t.csv: 2 of 4 steps to train with are fewer than the 5 that a window and its horizon "
        + "take; set data.window or data.horizon to less, hold back less, or give more rows.")
    #expect(
      message(rows((0..<30).map(Double.init))) { try self.read($0, horizon: 7) }
        == "t.csv: 6 of 30 steps to validate with are fewer than the 7 that a horizon takes; set "
        + "data.horizon to less, hold back more, or give more rows.")
    #expect(
      message(rows((0..<30).map(Double.init))) { try self.read($0, season: 18) }
        == "t.csv: a season of 18 steps is not in the 18 steps to train with; set data.season to "
        + "less, or give more rows.")
    #expect(
      message("y\n" + (0..<30).map { $0 % 2 == 0 ? "1\n" : "NA\n" }.joined()) { try self.read($0) }
        .contains("always 1.0"))
    #expect(
      message("y\n" + (0..<30).map { $0 % 2 == 0 ? "\($0)\n" : "NA\n" }.joined()) {
        try self.read($0)
      } == "t.csv, column 'y': in every window to train with a value to forecast is missing; set "
        + "data.horizon to less, or give more values.")
    let learned = try read(rows((0..<30).map(Double.init))).preprocessor
    let short = try write("y\n1\n2\n")
    #expect(
      failure { _ = try learned.lastWindow(short, csv: CSVOptions()) }.hasSuffix(
        "t.csv: 2 steps are fewer than the 3 that a forecast is made from; give more rows."))
    #expect(
      failure { _ = try learned.examples(short, csv: CSVOptions()) }.contains("2 steps are fewer"))
  }

  @Test func calendarDatesAreThoseOfTheCalendar() throws {
    for text in [
      "0001-01-01", "1600-02-29", "1900-02-28", "1999-12-31 23:59:58", "2000-02-29 12:00",
      "2024-12-31", "9999-12-31",
    ] {
      let date = try #require(CalendarDate(text), "\(text)")
      #expect(date.description == text)
    }
    for text in [
      "1900-02-29", "2001-02-30", "2001-00-01", "01-01-2001", "2001-01-01 24:00", "x",
      "2001-01 10:00", "", "-", "2001--1", "20010-01-01",
    ] {
      #expect(CalendarDate(text) == nil, "\(text)")
    }
    #expect(CalendarDate("2001/01/05T06:07") == CalendarDate("2001-01-05 06:07:00"))
    #expect(CalendarDate("2026-01-01")?.weekday == 3, "a Thursday")
    #expect(CalendarDate("2001-07-02 12:00")?.ofYear == 0.5)
  }

  @Test func damagedTablesNeverTrap() throws {
    let text = days((0..<30).map { $0 == 7 ? "NA" : "\($0)" })
    let folder = TemporaryFolder(inMemory: true)
    let path = folder("t.csv")
    let options = ForecastOptions(targets: ["y"], date: ["date"], window: 3, horizon: 2)
    var good = 0
    try mutations(of: Array(text.utf8), count: 3000, seed: 8, wholly: true) { bytes in
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      if let data = try? ForecastData(
        path, options: options, validationFraction: 0.2, testFraction: 0.2)
      {
        good += 1
        #expect(data.parts.train.features.exampleShape[0] == 3)
      }
    }
    #expect(good > 30)
  }

  @Test func theRealTablesHaveTheirGaps() throws {
    guard let folder = try sharedData("time-series") else { return }
    let daily = try ForecastData(
      "\(folder)/daily-min-temperatures.csv",
      options: ForecastOptions(targets: ["Temp"], date: ["Date"], window: 30, horizon: 7),
      validationFraction: 0.1, testFraction: 0.2)
    #expect(
      daily.parts.notes.contains(
        "2 rows of 1 day lack between the first and the last and count as missing values."),
      "the last days of two leap years")
  }
}
