// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropFormats

/// How labeled series become features: how each channel is scaled, as the training part shows, and
/// which classes there are. Stored with a run, so that raw series can be predicted.
public struct SeriesPreprocessor: Hashable, Sendable {
  /// The scaling of each channel. A channel that never changes becomes 0.
  public let channels: [NumericColumn]
  /// The labels of the classes as the files have them, in the order of the classes.
  public let labels: [String]

  package init(channels: [NumericColumn], labels: [String]) {
    self.channels = channels
    self.labels = labels
  }

  /// Learns from the series of a training part.
  init(_ cases: [SeriesFile.Case], scaling: Scaling, labels: [String]) {
    self.labels = labels
    channels = (0..<cases[0].channels.count).map { channel in
      let values = cases.flatMap { $0.channels[channel] }.map(Double.init)
      return NumericColumn(
        name: "channel \(channel + 1)",
        values: values.contains { !$0.isNaN } ? values : [0], scaling: scaling, fill: .mean,
        marksMissing: false)
    }
  }

  /// features: [N, T, C] scaled, each series filled up with zeros behind its end; lengths: [N], nil
  /// where all series have T steps; targets: [N], nil where the file has no labels and needs none.
  ///
  /// A missing value stands between its neighbours in its series, on a straight line; before the
  /// first and behind the last value the nearest is repeated; a channel without any has the mean
  /// of the training part.
  ///
  /// - Parameter steps: T; nil: as many as the longest series has.
  public func examples(
    _ file: SeriesFile, steps: Int? = nil, needsLabels: Bool
  ) throws(DataError) -> Examples {
    guard file.channelCount == channels.count else {
      throw DataError(
        source: file.file, line: file.cases[0].line,
        what: "the series have \(file.channelCount) channels, and those of the training part "
          + "\(channels.count)", remedy: "give series of as many")
    }
    var targets: DataArray?
    if needsLabels || file.cases.allSatisfy({ $0.label != nil }) {
      let numbers = try file.cases.map { series throws(DataError) in
        try label(of: series, file.file, isNeeded: needsLabels)
      }
      if !numbers.contains(-1) {
        targets = DataArray(shape: [numbers.count], storage: .int(numbers))
      }
    }
    return try examples(file.cases, file.file, steps: steps ?? file.longest, targets: targets)
  }

  func examples(
    _ cases: [SeriesFile.Case], _ file: String, steps: Int, targets: DataArray?
  ) throws(DataError) -> Examples {
    let width = channels.count
    guard let total = checkedElementCount([cases.count, steps, width]), total < 1 << 31 else {
      throw DataError(
        source: file,
        what: "\(cases.count) series of \(width) channels, filled up to \(steps) steps, are more "
          + "than memory is asked for", remedy: "cut the longest series, or give fewer")
    }
    var features = [Float](repeating: 0, count: total)
    for (row, series) in cases.enumerated() {
      for (channel, column) in channels.enumerated() {
        for (step, value) in SeriesPreprocessor.filled(series.channels[channel]).enumerated() {
          features[(row * steps + step) * width + channel] = column.feature(Double(value))
        }
      }
    }
    let lengths = cases.map { Int32($0.length) }
    let isEven = lengths.allSatisfy { Int($0) == steps }
    return Examples(
      features: DataArray(shape: [cases.count, steps, width], storage: .float(features)),
      targets: targets,
      lengths: isEven ? nil : DataArray(shape: [cases.count], storage: .int(lengths)))
  }

  /// The class of a series; -1 for one that is not known where none is needed.
  func label(
    of series: SeriesFile.Case, _ file: String, isNeeded: Bool
  ) throws(DataError) -> Int32 {
    if let label = series.label, let number = labels.firstIndex(of: label) { return Int32(number) }
    guard isNeeded else { return -1 }
    let listed = labels.prefix(10).joined(separator: ", ")
    throw DataError(
      source: file, line: series.line,
      what: series.label.map { "the training part has no class '\($0)'" }
        ?? "the series has no label",
      remedy: "known are \(listed)\(labels.count > 10 ? ", …" : "")")
  }

  /// A series without missing values, where it has any value.
  private static func filled(_ values: [Float]) -> [Float] {
    guard values.contains(where: \.isNaN) else { return values }
    var result = values
    var last: Int?
    for place in values.indices where !values[place].isNaN {
      let begin = last.map { $0 + 1 } ?? 0
      for hole in begin..<place {
        guard let last else {
          result[hole] = values[place]
          continue
        }
        let share = Float(hole - last) / Float(place - last)
        result[hole] = values[last] * (1 - share) + values[place] * share
      }
      last = place
    }
    if let last { for hole in (last + 1)..<values.count { result[hole] = values[last] } }
    return result
  }
}
