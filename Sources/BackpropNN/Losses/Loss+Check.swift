// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

extension Loss {
  /// The loss of operands that do not fit: it carries the failure.
  static func failed(
    _ name: String, _ operands: [Tensor], _ rule: String, hint: String
  ) -> Loss {
    Loss(
      sum: .failed(name, operands, rule, hint: hint, shape: [], dtype: .float32), count: 1)
  }

  /// A loss that compares element by element, after checking that the shapes are equal.
  static func elementwise(
    _ name: String, _ predicted: Tensor, _ target: Tensor, _ body: (Tensor, Tensor) -> Tensor
  ) -> Loss {
    if let misfit = unequal(name, predicted, target) { return misfit }
    let each = body(predicted.cast(to: .float32), target.cast(to: .float32))
    return Loss(summing: each)
  }

  /// The sum of all elements, each of weight 1.
  init(summing each: Tensor) {
    self.init(sum: each.reduced(.sum, AxisSet(0..<each.rank)), count: each.count)
  }

  /// The failure if two shapes differ: a loss never broadcasts.
  static func unequal(_ name: String, _ predicted: Tensor, _ target: Tensor) -> Loss? {
    if predicted.shape == target.shape { return nil }
    return failed(
      name, [predicted, target], "prediction and target must have the same shape",
      hint: predicted.count == target.count
        ? "reshape the target to \(predicted.shape); a loss never broadcasts"
        : "the target must be \(predicted.shape); a loss never broadcasts")
  }
}
