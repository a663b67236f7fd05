// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// The cross-entropy of each row on the way to one loss: rows that are ignored, weights of classes,
/// and the part of the target that is spread over all classes.
struct SmoothedRows {
  private let each: Tensor
  private let isKept: Tensor?
  private let classes: Float
  private let smoothing: Float

  /// - Parameters:
  ///   - each: the cross-entropy of each row.
  ///   - ignored: rows with this label count nothing.
  init(_ each: Tensor, _ labels: Tensor, classes: Int, _ smoothing: Float, _ ignored: Int?) {
    self.each = each
    self.classes = Float(max(1, classes))
    self.smoothing = smoothing
    isKept = ignored.map { labels .!= Float($0) }
  }

  /// The labels, with a class for those that are ignored and are none: what is no class makes its
  /// row NaN, and NaN times nothing is NaN.
  static func labels(_ labels: Tensor, classes: Int, _ ignored: Int?) -> Tensor {
    guard let ignored, !(0..<classes).contains(ignored) else { return labels }
    return select(labels .== Float(ignored), Tensor.literal(0, like: labels), labels)
  }

  private func kept(_ rows: Tensor) -> Tensor {
    isKept.map { select($0, rows, Tensor.literal(0, like: rows)) } ?? rows
  }

  /// - Parameters:
  ///   - own: the weight of each row's class; nil: all alike.
  ///   - surprise: for each row Σ w (ln Σ eˡ − l) over the classes; asked for only where labels are
  ///     smoothed.
  func loss(own weights: Tensor?, surprise: () -> Tensor) -> Loss {
    if weights == nil, isKept == nil, smoothing == 0 { return Loss(summing: each) }
    let own = kept(weights ?? Tensor.literal(1, like: each))
    var rows = kept(each) * own
    if smoothing != 0 {
      rows = rows * (1 - smoothing) + kept(surprise()) * (smoothing / classes)
    }
    if weights == nil, isKept == nil { return Loss(summing: rows) }
    let axes = AxisSet(0..<rows.rank)
    return Loss(sum: rows.reduced(.sum, axes), weight: own.reduced(.sum, axes))
  }
}
