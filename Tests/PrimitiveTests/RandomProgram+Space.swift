// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting

extension RandomProgram {
  /// A convolution or a sliding window over the axes between the first and the last.
  mutating func space() -> Tensor? {
    guard let entry = pickFloat(), entry.tensor.rank <= 5, entry.tensor.count > 0 else {
      return nil
    }
    var x = entry.tensor
    while x.rank < 3 { x = x.expanded(at: generator.integer(0..<(x.rank + 1))) }
    let axes = x.rank - 2
    let window = (0..<axes).map { min(generator.integer(1..<4), x.shape[$0 + 1]) }
    let strides = (0..<axes).map { _ in generator.integer(1..<3) }
    let padding = (0..<axes).map { _ in (generator.integer(0..<2), generator.integer(0..<3)) }
    switch generator.integer(0..<4) {
    case 0: return x.windowSum(window, strides: strides, padding: padding)
    case 1:
      // Windows of padding alone have −∞.
      return maximum(x.windowMax(window, strides: strides, padding: padding), -50)
    default:
      let channels = x.shape[-1]
      let groups = generator.happens(0.3) ? channels : channels % 2 == 0 ? 2 : 1
      let outputs = groups * generator.integer(1..<4)
      guard channels <= 64, groups <= 16 else { return nil }
      addLeaf(Shape(window + [channels / groups, outputs]), .float32)
      guard let kernel = leaves.last else { return nil }
      return convolution(x * 0.25, kernel, strides: strides, padding: padding, groups: groups)
    }
  }
}
