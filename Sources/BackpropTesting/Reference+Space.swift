// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// The words over axes of space: [N, S…, C], with one to three axes between images and channels.
enum Space {
  /// The sizes between the first axis and the last.
  private static func space(_ shape: Shape) -> Shape {
    Shape(shape.dimensions.dropFirst().dropLast())
  }

  /// All coordinates of a shape, in row-major order.
  private static func coordinates(_ shape: Shape) -> [[Int]] {
    shape.dimensions.reduce([[]]) { heads, size in
      heads.flatMap { head in (0..<size).map { head + [$0] } }
    }
  }

  /// The row-major number of a place, or nil if it is outside.
  private static func number(_ place: [Int], in shape: Shape) -> Int? {
    var result = 0
    for (axis, position) in place.enumerated() {
      guard position >= 0, position < shape[axis] else { return nil }
      result = result * shape[axis] + position
    }
    return result
  }

  /// The inputs that outputs see, tap by tap: (output, tap, input) as row-major numbers in space.
  private static func taps(
    _ fields: Convolution.Fields, input: Shape, output: Shape, kernel: Shape
  ) -> [(output: Int, tap: Int, input: Int)] {
    var result: [(output: Int, tap: Int, input: Int)] = []
    for (o, output) in coordinates(output).enumerated() {
      for (k, tap) in coordinates(kernel).enumerated() {
        let place = output.indices.map {
          output[$0] * fields.strides[$0] + tap[$0] * fields.dilation[$0] - fields.low[$0]
        }
        // Between spread inputs there are zeros.
        guard zip(place, fields.spread).allSatisfy({ $0 % $1 == 0 }) else { continue }
        let whole = zip(place, fields.spread).map { $0 / $1 }
        if let i = number(whole, in: input) { result.append((o, k, i)) }
      }
    }
    return result
  }

  static func convolution(
    _ x: ReferenceValue, _ w: ReferenceValue, _ fields: Convolution.Fields, _ shape: Shape
  ) -> [Double] {
    var result = [Double](repeating: 0, count: shape.count)
    let window = Shape(w.shape.dimensions.dropLast(2))
    let (channels, outputs) = (w.shape[-2], w.shape[-1])
    let each = outputs / fields.groups
    let taps = taps(fields, input: space(x.shape), output: space(shape), kernel: window)
    for n in 0..<x.shape[0] {
      for (o, k, i) in taps {
        let to = (n * space(shape).count + o) * outputs
        let from = (n * space(x.shape).count + i) * x.shape[-1]
        for f in 0..<outputs {
          for c in 0..<channels {
            result[to + f] +=
              x.elements[from + f / each * channels + c]
              * w.elements[(k * channels + c) * outputs + f]
          }
        }
      }
    }
    return result
  }

  static func kernelGradient(
    _ x: ReferenceValue, _ g: ReferenceValue, _ fields: Convolution.Fields, _ shape: Shape
  ) -> [Double] {
    var result = [Double](repeating: 0, count: shape.count)
    let window = Shape(shape.dimensions.dropLast(2))
    let (channels, outputs) = (shape[-2], shape[-1])
    let each = outputs / fields.groups
    let taps = taps(fields, input: space(x.shape), output: space(g.shape), kernel: window)
    for n in 0..<x.shape[0] {
      for (o, k, i) in taps {
        let of = (n * space(g.shape).count + o) * outputs
        let from = (n * space(x.shape).count + i) * x.shape[-1]
        for c in 0..<channels {
          for f in 0..<outputs {
            result[(k * channels + c) * outputs + f] +=
              x.elements[from + f / each * channels + c] * g.elements[of + f]
          }
        }
      }
    }
    return result
  }

  /// Calls `body` with the place of each result and those of its window's elements, in row-major
  /// order.
  private static func forEachWindow(
    _ fields: Pooling.Fields, input: Shape, result: Shape, _ body: (Int, [Int]) -> Void
  ) {
    let channels = input[-1]
    let window = coordinates(Shape(fields.window))
    for n in 0..<input[0] {
      for (o, output) in coordinates(space(result)).enumerated() {
        let inside = window.compactMap { element in
          number(
            output.indices.map {
              output[$0] * fields.strides[$0] + element[$0] * fields.dilation[$0] - fields.low[$0]
            }, in: space(input))
        }
        for c in 0..<channels {
          body(
            (n * space(result).count + o) * channels + c,
            inside.map { (n * space(input).count + $0) * channels + c })
        }
      }
    }
  }

  /// The place of the greatest element: the first of equals, the first NaN.
  private static func greatest(_ places: [Int], _ x: ReferenceValue) -> Int? {
    places.dropFirst().reduce(places.first) { best, place in
      guard let best else { return place }
      let (a, b) = (x.elements[best], x.elements[place])
      return b > a || (b.isNaN && !a.isNaN) ? place : best
    }
  }

  static func windowSum(_ x: ReferenceValue, _ fields: Pooling.Fields, _ shape: Shape) -> [Double] {
    var result = [Double](repeating: 0, count: shape.count)
    forEachWindow(fields, input: x.shape, result: shape) { to, places in
      for place in places { result[to] += x.elements[place] }
    }
    return result
  }

  static func windowMax(_ x: ReferenceValue, _ fields: Pooling.Fields, _ shape: Shape) -> [Double] {
    var result = [Double](repeating: -.infinity, count: shape.count)
    forEachWindow(fields, input: x.shape, result: shape) { to, places in
      if let place = greatest(places, x) { result[to] = x.elements[place] }
    }
    return result
  }

  static func windowMaxPullback(
    _ x: ReferenceValue, _ g: ReferenceValue, _ fields: Pooling.Fields
  ) -> [Double] {
    var result = [Double](repeating: 0, count: x.shape.count)
    forEachWindow(fields, input: x.shape, result: g.shape) { to, places in
      if let place = greatest(places, x) { result[place] += g.elements[to] }
    }
    return result
  }

  static func windowMaxSelection(
    _ x: ReferenceValue, _ v: ReferenceValue, _ fields: Pooling.Fields
  ) -> [Double] {
    let sizes = (0..<fields.window.count).map { fields.size($0, input: x.shape[$0 + 1]) }
    let shape = Shape([x.shape[0]] + sizes + [x.shape[-1]])
    var result = [Double](repeating: 0, count: shape.count)
    forEachWindow(fields, input: x.shape, result: shape) { to, places in
      if let place = greatest(places, x) { result[to] = v.elements[place] }
    }
    return result
  }
}
