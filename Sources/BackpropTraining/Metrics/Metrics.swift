// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Named figures in a fixed order, such as `loss` and `accuracy`.
public struct Metrics: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  /// The figures in the order in which they were added.
  public private(set) var values: [Entry] = []

  /// One figure.
  public struct Entry: Hashable, Sendable {
    /// Its name, as reports write it: `log_loss`.
    public let name: String
    /// Its value.
    public let value: Double
  }

  /// No figures.
  public init() {}

  /// Figures in this order.
  public init(dictionaryLiteral elements: (String, Double)...) {
    for (name, value) in elements { self[name] = value }
  }

  /// The figure of that name. A new name goes to the end; setting nil removes it.
  public subscript(name: String) -> Double? {
    get { values.first { $0.name == name }?.value }
    set {
      let place = values.firstIndex { $0.name == name }
      switch (place, newValue) {
      case (let place?, let value?): values[place] = Entry(name: name, value: value)
      case (let place?, nil): values.remove(at: place)
      case (nil, let value?): values.append(Entry(name: name, value: value))
      case (nil, nil): break
      }
    }
  }

  /// These figures followed by others.
  public func merging(_ others: Metrics) -> Metrics {
    var result = self
    for entry in others.values { result[entry.name] = entry.value }
    return result
  }

  /// Whether a larger figure of that name is a better one.
  public static func isBetterWhenLarger(_ name: String) -> Bool {
    switch name {
    case "loss", "log_loss", "rmse", "mae", "mase", "perplexity", "bits_per_token": false
    default: true
    }
  }
}
