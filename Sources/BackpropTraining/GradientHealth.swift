// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// What the sizes of the layers' gradients say about a training, in words.
package enum GradientHealth {
  /// A sentence, and what it is about, so that it is said once.
  package struct Warning: Hashable, Sendable {
    package let key: String
    package let text: String
  }

  /// A gradient norm this many times below the largest says that nothing arrives there. Healthy
  /// deep networks stay within four orders of magnitude.
  static let vanishingRatio = 1e-7
  /// A norm above this makes any usual learning rate leap.
  static let explodingNorm = 1e4

  /// Warnings about the norms of an epoch's last step.
  package static func warnings(_ norms: [EpochReport.LayerNorm], epoch: Int) -> [Warning] {
    guard let largest = norms.max(by: { $0.norm < $1.norm }), largest.norm.isFinite else {
      return []
    }
    if largest.norm == 0 {
      return [
        Warning(
          key: "no gradient",
          text: "no parameter gets a gradient in epoch \(epoch): the loss no longer depends on the "
            + "weights; lower the learning rate or change the activation.")
      ]
    }
    var warnings: [Warning] = []
    if largest.norm > explodingNorm {
      warnings.append(
        Warning(
          key: "exploding",
          text:
            "the gradient of \(largest.path) has norm \(short(largest.norm)) in epoch \(epoch): "
            + "gradients explode; lower the learning rate or set training.clip_norm."))
    }
    let silent = norms.filter { $0.norm == 0 }.map(\.path)
    if let first = silent.first {
      let more = silent.count > 1 ? " and \(silent.count - 1) more" : ""
      warnings.append(
        Warning(
          key: "silent \(first)",
          text:
            "\(first)\(more) gets no gradient in epoch \(epoch): its units are dead or not part "
            + "of the loss; lower the learning rate or use another activation."))
    }
    if let weakest = norms.filter({ $0.norm > 0 }).min(by: { $0.norm < $1.norm }),
      weakest.norm < vanishingRatio * largest.norm
    {
      warnings.append(
        Warning(
          key: "vanishing",
          text: "the gradient of \(weakest.path) is \(short(largest.norm / weakest.norm)) times "
            + "smaller than that of \(largest.path) in epoch \(epoch): gradients vanish; use "
            + "normalization, residual layers or another activation."))
    }
    return warnings
  }

  /// Two significant digits.
  private static func short(_ value: Double) -> String {
    var scale = 1.0
    var rest = value.magnitude
    while rest >= 100 {
      rest /= 10
      scale *= 10
    }
    while rest < 10 && rest > 0 {
      rest *= 10
      scale /= 10
    }
    let rounded = value.sign == .minus ? -rest.rounded() * scale : rest.rounded() * scale
    return rounded.magnitude >= 1 && rounded.magnitude < 1e15 && rounded == rounded.rounded()
      ? String(Int(rounded)) : "\(rounded)"
  }
}
