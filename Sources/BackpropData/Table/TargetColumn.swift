// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What is predicted, as learned from the training part.
public enum TargetColumn: Hashable, Sendable {
  /// One of these classes; the label is the place in the list.
  case classes(name: String, classes: [String])
  /// A number, scaled like a feature.
  case number(NumericColumn)

  /// The name of the column.
  public var name: String {
    switch self {
    case .classes(let name, _): name
    case .number(let column): column.name
    }
  }

  /// The classes in label order; nil where a number is predicted.
  public var classes: [String]? {
    switch self {
    case .classes(_, let classes): classes
    case .number: nil
    }
  }

  /// The number a model's output stands for: the inverse of the scaling of targets.
  public func value(ofOutput output: Float) -> Double {
    switch self {
    case .classes: Double(output)
    case .number(let column): column.value(ofFeature: output)
    }
  }
}
