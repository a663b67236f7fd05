// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

/// The words that move elements and compute nothing. Each is a walk over one tensor in row-major
/// order while a place in the other follows by strides.
enum Movement {
  /// The places `start + Σ cᵢ stridesᵢ` of all coordinates c of a shape, in row-major order.
  static func places(_ shape: Shape, strides: [Int], start: Int = 0) -> [Int] {
    var places: [Int] = []
    places.reserveCapacity(shape.count)
    guard shape.count > 0 else { return places }
    var coordinates = [Int](repeating: 0, count: shape.rank)
    var place = start
    while true {
      places.append(place)
      var axis = shape.rank - 1
      while axis >= 0 {
        coordinates[axis] += 1
        place += strides[axis]
        if coordinates[axis] < shape[axis] { break }
        place -= strides[axis] * shape[axis]
        coordinates[axis] = 0
        axis -= 1
      }
      if axis < 0 { return places }
    }
  }

  static func permute(_ x: ReferenceValue, _ order: Permutation, _ shape: Shape) -> [Double] {
    let strides = x.shape.strides
    return places(shape, strides: order.axes(shape.rank).map { strides[$0] })
      .map { x.elements[$0] }
  }

  static func broadcast(_ x: ReferenceValue, _ shape: Shape) -> [Double] {
    let missing = shape.rank - x.shape.rank
    let own = x.shape.strides
    let strides = (0..<shape.rank).map { axis in
      axis < missing || x.shape[axis - missing] == 1 ? 0 : own[axis - missing]
    }
    return places(shape, strides: strides).map { x.elements[$0] }
  }

  /// The places in a tensor of the shape `whole` that a window of the shape `part` looks at.
  private static func places(_ window: Window, of part: Shape, in whole: Shape) -> [Int] {
    let fields = window.fields
    let strides = whole.strides
    let start = zip(fields.starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
    return places(part, strides: zip(fields.steps, strides).map { $0 * $1 }, start: start)
  }

  static func slice(_ x: ReferenceValue, _ window: Window, _ shape: Shape) -> [Double] {
    places(window, of: shape, in: x.shape).map { x.elements[$0] }
  }

  static func pad(_ x: ReferenceValue, _ window: Window, _ shape: Shape) -> [Double] {
    var result = [Double](repeating: 0, count: shape.count)
    for (place, element) in zip(places(window, of: x.shape, in: shape), x.elements) {
      result[place] = element
    }
    return result
  }

  static func reverse(_ x: ReferenceValue, _ axes: AxisSet) -> [Double] {
    let own = x.shape.strides
    let strides = own.indices.map { axes.contains($0) ? -own[$0] : own[$0] }
    let start = axes.axes.reduce(0) { $0 + (x.shape[$1] - 1) * own[$1] }
    return places(x.shape, strides: strides, start: start).map { x.elements[$0] }
  }

  static func concatenate(_ x: [ReferenceValue], along axis: Int, _ shape: Shape) -> [Double] {
    var result = [Double](repeating: 0, count: shape.count)
    let strides = shape.strides
    var start = 0
    for part in x {
      let places = places(part.shape, strides: strides, start: start * strides[axis])
      for (place, element) in zip(places, part.elements) { result[place] = element }
      start += part.shape[axis]
    }
    return result
  }
}
