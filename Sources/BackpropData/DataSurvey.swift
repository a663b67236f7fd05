// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The looks that make up a `DataReport`.
struct DataSurvey {
  let named: [(name: String, examples: Examples)]
  private(set) var classCounts: [Int]?
  private(set) var facts: [String] = []
  private(set) var warnings: [String] = []
  private let parts: DataParts
  private let featureNames: [String]?

  init(_ parts: DataParts, featureNames: [String]?) {
    self.parts = parts
    self.featureNames = featureNames
    named = [("train", parts.train), ("validate", parts.validation), ("test", parts.test)]
      .compactMap { name, examples in examples.map { (name, $0) } }
  }

  /// How often each class occurs, and where one is absent or rare.
  mutating func lookAtClasses() {
    guard let names = parts.classNames else { return lookAtTargets() }
    for (part, examples) in named {
      guard let labels = examples.labels else { continue }
      var counts = [Int](repeating: 0, count: names.count)
      for label in labels where counts.indices.contains(Int(label)) { counts[Int(label)] += 1 }
      if part == "train" { classCounts = counts }
      let absent = zip(names, counts).filter { $0.1 == 0 }.map { "'\($0.0)'" }
      if !absent.isEmpty {
        warnings.append(
          "no example of \(listed(absent)) among the \(examples.count) to \(part); "
            + "give more data or divide it otherwise.")
      }
    }
    guard let counts = classCounts, let most = counts.max(), let least = counts.min(), most > 0
    else { return }
    let shares = zip(names, counts).map { "\($0) \(percent($1, parts.train.count))" }
    facts.append("classes: \(listed(shares)).")
    if least > 0 && most >= 10 * least {
      warnings.append(
        "the classes are unbalanced (\(most) of the largest, \(least) of the smallest): look at "
          + "recall and F1 beside accuracy, or weight the classes.")
    }
  }

  private mutating func lookAtTargets() {
    guard case .float(let values)? = parts.train.targets?.storage, let first = values.first else {
      return
    }
    var counts: [Float: Int] = [:]
    for value in values { counts[value, default: 0] += 1 }
    let most = counts.max { ($0.value, $1.key) < ($1.value, $0.key) } ?? (first, 0)
    let extreme = most.key == values.max() || most.key == values.min()
    if extreme && most.value * 100 >= values.count && most.value > 10 {
      facts.append(
        "\(percent(most.value, values.count)) of the targets have the "
          + "\(most.key == values.max() ? "greatest" : "least") value: it looks cut off there.")
    }
  }

  /// Numbers that are none, and features that never change.
  mutating func lookAtValues() {
    for (part, examples) in named {
      if case .float(let values) = examples.features.storage {
        let wrong = values.count { !$0.isFinite }
        if wrong > 0 {
          warnings.append("\(wrong) features to \(part) are not finite; correct them.")
        }
      }
    }
    let constant = constantFeatures()
    guard !constant.isEmpty else { return }
    if let featureNames {
      facts.append("always the same in training: \(listed(constant.map { featureNames[$0] })).")
    } else {
      let size = parts.train.features.exampleSize
      facts.append("\(constant.count) of \(size) features are always the same in training.")
    }
  }

  private func constantFeatures() -> [Int] {
    let features = parts.train.features
    // Places of a text are no features, nor are steps of a series.
    if case .int = features.storage { return [] }
    if features.shape.count == 3 { return [] }
    let size = features.exampleSize
    guard features.count > 1 else { return [] }
    let width = features.elementSize
    return features.withUnsafeBytes { bytes in
      var candidates = Array(0..<size)
      for example in 1..<features.count where !candidates.isEmpty {
        let start = example * size * width
        let changed = candidates.contains { feature in
          (0..<width).contains {
            bytes[feature * width + $0] != bytes[start + feature * width + $0]
          }
        }
        if changed {
          candidates.removeAll { feature in
            (0..<width).contains {
              bytes[feature * width + $0] != bytes[start + feature * width + $0]
            }
          }
        }
      }
      return candidates
    }
  }

  /// Examples that occur twice: within the training part, and in it and another part.
  mutating func lookAtDuplicates() {
    // Windows of a text are looked at nowhere else: they overlap from epoch to epoch anyway. Those
    // of a series overlap in every epoch.
    if parts.train.shifts > 0 || parts.train.features.overlaps { return }
    var seen = ExampleSet(parts.train)
    let within = seen.insertAll()
    let count = parts.train.count
    if within.duplicates > 0 {
      facts.append(
        "\(within.duplicates) of the \(count) examples to train "
          + "(\(percent(within.duplicates, count))) occur there before.")
    }
    if within.conflicts > 0 {
      let text =
        "\(within.conflicts) of the \(count) examples to train "
        + "(\(percent(within.conflicts, count))) equal another one but for the target"
      // A few are chance in tables of few values.
      if within.conflicts * 100 >= count {
        warnings.append(text + ": no model can learn both; look for columns that are missing.")
      } else {
        facts.append(text + ".")
      }
    }
    // What is usual in this table: the share of training examples that have a twin there.
    var isImages = false
    if case .bytes = parts.train.features.storage { isImages = true }
    let usual = isImages ? 0 : Double(within.twins) / Double(max(1, count))
    for (part, examples) in named where part != "train" {
      let shared = seen.count(of: examples)
      guard shared > 0 else { continue }
      let text =
        "\(shared) of the \(examples.count) examples to \(part) "
        + "(\(percent(shared, examples.count))) also occur in training"
      if Double(shared) / Double(examples.count) >= 1.5 * usual + 0.02 {
        warnings.append(
          text + ": the result will look better than on new data; take them out of one part.")
      } else {
        facts.append(text + ".")
      }
    }
  }

  /// A single feature that tells the target.
  mutating func lookAtLeaks() {
    let train = parts.train
    guard case .float(let values) = train.features.storage, train.count >= 50,
      let featureNames, train.features.shape.count == 2
    else { return }
    let size = train.features.exampleSize
    for feature in 0..<size {
      let column = (0..<train.count).map { values[$0 * size + feature] }
      let tells =
        switch train.targets?.storage {
        case .int(let labels)?: separates(column, labels)
        case .float(let targets)?: correlates(column, targets)
        case .bytes?, nil: false
        }
      if tells {
        warnings.append(
          "'\(featureNames[feature])' alone tells the target in training: if it is not known "
            + "before the target is, declare it ignored.")
      }
    }
  }

  private func separates(_ column: [Float], _ labels: [Int32]) -> Bool {
    // Most columns are out after a few rows: one value, two classes.
    var first: [Float: Int32] = [:]
    for (value, label) in zip(column, labels) {
      if first.updateValue(label, forKey: value) ?? label != label { return false }
    }
    let order = column.indices.sorted { (column[$0], labels[$0]) < (column[$1], labels[$1]) }
    var changes = 0
    for (a, b) in zip(order, order.dropFirst()) where labels[a] != labels[b] {
      if column[a] == column[b] { return false }
      changes += 1
    }
    return changes + 1 == Set(labels).count
  }

  private func correlates(_ column: [Float], _ targets: [Float]) -> Bool {
    let count = Double(column.count)
    let meanX = column.reduce(0) { $0 + Double($1) } / count
    let meanY = targets.reduce(0) { $0 + Double($1) } / count
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for (x, y) in zip(column, targets) {
      let (dx, dy) = (Double(x) - meanX, Double(y) - meanY)
      xx += dx * dx
      yy += dy * dy
      xy += dx * dy
    }
    return xy * xy > 0.9998 * xx * yy
  }

  private func percent(_ part: Int, _ whole: Int) -> String {
    let tenths = (Double(part) * 1000 / Double(max(1, whole))).rounded() / 10
    return "\(tenths) %"
  }

  private func listed(_ items: [String]) -> String {
    items.prefix(10).joined(separator: ", ") + (items.count > 10 ? ", …" : "")
  }
}
