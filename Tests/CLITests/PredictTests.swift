// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropFormats
import TestSupport
import Testing

/// What `predict` says of forecasts, series, sounds and texts, after an epoch on small data.
@Suite("Predictions of new examples") struct PredictTests {
  private func train(_ recipe: String, in folder: TemporaryFolder, run: String = "r") throws {
    try write(recipe, to: folder("r.yaml"))
    _ = try Program.succeed(["train", "r.yaml", "--run", run], in: folder.path)
  }

  private func predict(
    _ input: String, in folder: TemporaryFolder, run: String = "r"
  ) throws -> (lines: [String], json: [JSONValue]) {
    let arguments = ["predict", run, "--input", input]
    return (
      try Program.succeed(arguments, in: folder.path).lines,
      try Program.succeed(arguments + ["--json"], in: folder.path).json()
    )
  }

  /// Expects the classes, in both forms of the output, with probabilities that belong to them.
  private func expect(
    _ input: String, _ classes: [String], of all: [String], in folder: TemporaryFolder,
    isOneFile: Bool = false, at location: SourceLocation = #_sourceLocation
  ) throws {
    let (lines, json) = try predict(input, in: folder)
    #expect(
      json.map { $0["prediction"]?.string } == classes, "\(json)", sourceLocation: location)
    #expect(lines.count == classes.count, "\(lines)", sourceLocation: location)
    for (index, (line, object)) in zip(lines, json).enumerated() {
      let names = isOneFile ? ["row", "file"] : ["row"]
      #expect(object.object?.keys == names + ["prediction", "probabilities"])
      #expect(object["file"]?.string == (isOneFile ? input : nil))
      #expect(object["row"]?.integer == index + 1)
      let probabilities = try #require(object["probabilities"]?.object)
      #expect(probabilities.keys == all, sourceLocation: location)
      let numbers = probabilities.members.map { $0.value.number ?? .nan }
      #expect(abs(numbers.reduce(0, +) - 1) < 1e-4 && numbers.allSatisfy { $0 >= 0 })
      let best = object["probabilities"]?[classes[index]]?.number
      #expect(best == numbers.max(), "\(object)", sourceLocation: location)
      // `     1  low                  97.3 %`, or `low.wav  low                  97.3 %`
      let parts = line.split(separator: " ")
      let name = isOneFile ? input : "\(index + 1)"
      #expect(parts.prefix(2) == [Substring(name), Substring(classes[index])], "\(line)")
      let percent = try #require(parts.last { $0 != "%" }.map { $0.filter { $0 != "%" } })
      #expect(abs((Double(percent) ?? .nan) - 100 * (best ?? .nan)) < 1, "\(line)")
    }
  }

  @Test func theNextMonthsOfATable() throws {
    let folder = TemporaryFolder()
    var table = "month,sold,price\n"
    for step in 0..<120 {
      let month = step % 12 + 1
      let date = "\(2010 + step / 12)-\(month < 10 ? "0" : "")\(month)"
      table += "\(date),\(100 + 10 * (step % 12)),\(5 + step % 4)\n"
    }
    try write(table, to: folder("t.csv"))
    func recipe(_ target: String) -> String {
      """
      task: regression
      data:
        source: forecast
        train: t.csv
        date: month
        target: \(target)
        window: 24
        horizon: 3
      model:
        kind: lstm
        width: 4
        anchor: season
      training:
        epochs: 1
        batch: 8
        learning_rate: 0.0001

      """
    }
    // The anchor is the year before, which repeats itself, and one epoch changes little.
    try train(recipe("sold"), in: folder)
    let (lines, json) = try predict("t.csv", in: folder)
    #expect(json.map { $0["step"]?.integer } == [1, 2, 3])
    #expect(json.map { $0["date"]?.string } == ["2020-01", "2020-02", "2020-03"])
    for (step, object) in json.enumerated() {
      #expect(object.object?.keys == ["step", "date", "prediction"])
      let value = try #require(object["prediction"]?.number)
      #expect(abs(value - Double(100 + 10 * step)) < 5, "\(object)")
      let parts = lines[step].split(separator: " ")
      #expect(parts.count == 3 && parts[0] == "\(step + 1)" && parts[1] == "2020-0\(step + 1)")
      #expect(abs((Double(parts[2]) ?? .nan) - value) < 1, "\(lines[step])")
    }
    #expect(lines.count == 3)

    // Rows that came later move the window.
    try write(table + "2020-01,100,5\n", to: folder("later.csv"))
    let later = try predict("later.csv", in: folder).json
    #expect(later.first?["date"]?.string == "2020-02")
    #expect(abs(try #require(later.first?["prediction"]?.number) - 110) < 5)

    try train(recipe("[price, sold]"), in: folder, run: "both")
    let both = try predict("t.csv", in: folder, run: "both")
    #expect(both.lines.allSatisfy { $0.split(separator: " ").count == 4 })
    for (step, object) in both.json.enumerated() {
      #expect(object["prediction"]?.object?.keys == ["price", "sold"])
      let price = try #require(object["prediction"]?["price"]?.number)
      let sold = try #require(object["prediction"]?["sold"]?.number)
      #expect(abs(price - Double(5 + step)) < 1 && abs(sold - Double(100 + 10 * step)) < 5)
    }
  }

  @Test func seriesOfAnyLength() throws {
    let folder = TemporaryFolder()
    // A wave that is quick or slow, with numbers around 0.
    func series(_ number: Int, isQuick: Bool) -> String {
      (0..<(20 + number % 7)).map { step in
        let phase = (step + number) % (isQuick ? 2 : 10)
        return phase < (isQuick ? 1 : 5) ? "1" : "-1"
      }.joined(separator: ",")
    }
    let head = "@univariate true\n@equalLength false\n@classLabel true quick slow\n@data\n"
    let cases = (0..<120).map { number in
      series(number / 2, isQuick: number % 2 == 0) + (number % 2 == 0 ? ":quick" : ":slow")
    }
    try write(head + cases.joined(separator: "\n"), to: folder("t.ts"))
    try train(
      """
      task: classification
      data:
        source: series
        train: t.ts
        test_fraction: 0.2
      model:
        kind: series-cnn
        channels: [8]
        window: 5
      training:
        epochs: 1
        batch: 4
        learning_rate: 0.03

      """, in: folder)
    // Labels are not looked at, and need not be there.
    let classes = ["quick", "slow"]
    try write(
      "@classLabel false\n@data\n\(series(3, isQuick: false))\n\(series(9, isQuick: true))\n",
      to: folder("new.ts"))
    try expect("new.ts", ["slow", "quick"], of: classes, in: folder)
    try write(head + series(70, isQuick: true) + ":slow\n", to: folder("longer.ts"))
    try expect("longer.ts", ["quick"], of: classes, in: folder)
  }

  @Test func aRecording() throws {
    let folder = TemporaryFolder()
    func tone(_ name: String, period: Int, count: Int = 400) throws {
      let samples = (0..<count).map { Float($0 % period < period / 2 ? 0.3 : -0.3) }
      try AtomicFile.write(
        WAV(sampleRate: 1000, channels: 1, samples: samples).encoded(), to: folder(name))
    }
    for index in 0..<40 {
      try tone("high-\(index).wav", period: 4 + index % 2)
      try tone("low-\(index).wav", period: 20 + index)
    }
    try train(
      """
      task: classification
      data:
        source: sound
        path: .
        names: "{label}-{index}.wav"
        sample_rate: 1000
        seconds: 0.4
        split_by: index
        test: 0-3
        validation: 4-7
      model:
        kind: log-mel-cnn
        frame: 64
        bands: 12
        channels: [4, 8]
        hidden: []
      training:
        epochs: 1
        batch: 4
        learning_rate: 0.02

      """, in: folder)
    for (period, name) in [(5, "high"), (40, "low")] {
      // Shorter or longer than those it has heard.
      for count in [300, 400, 900] {
        try tone("new.wav", period: period, count: count)
        try expect("new.wav", [name], of: ["high", "low"], in: folder, isOneFile: true)
      }
    }
  }

  @Test func textsOnLinesAndInATable() throws {
    let folder = TemporaryFolder()
    let (good, bad) = (["fine", "lovely", "great"], ["awful", "boring", "poor"])
    let nouns = ["film", "book", "song", "play"]
    var table = "text,label\n"
    for number in 0..<240 {
      let word = (number % 2 == 0 ? good : bad)[number / 2 % 3]
      table += "\"a \(word) \(nouns[number / 6 % 4]), \(nouns[number % 3]) and all\","
      table += number % 2 == 0 ? "good\n" : "bad\n"
    }
    try write(table, to: folder("t.csv"))
    try train(
      """
      task: classification
      data:
        source: labeled-text
        train: t.csv
        text: [text]
        target: label
        classes: [bad, good]
        context: 12
        test_fraction: 0.2
      model:
        kind: text-classifier
        layers: 1
        heads: 2
        width: 16
      training:
        epochs: 1
        batch: 4
        learning_rate: 0.005

      """, in: folder)
    let classes = ["bad", "good"]
    try write("a lovely song\n\na poor play\na great book\n", to: folder("new.txt"))
    try expect("new.txt", ["good", "bad", "good"], of: classes, in: folder)
    try write("label,text\n?,\"boring, awful film\"\n?,a fine play\n", to: folder("new.csv"))
    try expect("new.csv", ["bad", "good"], of: classes, in: folder)
  }
}
