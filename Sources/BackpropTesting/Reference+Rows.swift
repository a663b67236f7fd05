// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropRuntime
import Foundation

/// The words that combine elements along axes or find them by position.
enum Rows {
  /// Every row along an axis, as the places of its elements, in row-major order of the other axes.
  private static func rows(_ shape: Shape, along axis: Int) -> [[Int]] {
    let (size, inner) = (shape[axis], shape.strides[axis])
    let outer = shape.dimensions[..<axis].reduce(1, *)
    return (0..<outer).flatMap { o in
      (0..<inner).map { i in (0..<size).map { (o * size + $0) * inner + i } }
    }
  }

  /// The sum is 0 for no elements; the maximum −∞ or the least int32, and the minimum ∞ or the
  /// greatest; a NaN wins over both.
  static func reduce(
    _ x: ReferenceValue, _ reduction: Reduction, _ axes: AxisSet, _ shape: Shape
  ) -> [Double] {
    let isFloat = x.dtype.isFloatingPoint
    let first: Double =
      switch reduction {
      case .sum: 0
      case .maximum: isFloat ? -.infinity : Double(Int32.min)
      case .minimum: isFloat ? .infinity : Double(Int32.max)
      }
    var result = [Double](repeating: first, count: shape.count)
    // The place in the result that each element falls into: reduced axes have no stride.
    var kept = shape.strides[...]
    let strides = (0..<x.shape.rank).map { axes.contains($0) ? 0 : kept.removeFirst() }
    for (place, element) in zip(Movement.places(x.shape, strides: strides), x.elements) {
      let sofar = result[place]
      result[place] =
        switch reduction {
        case .sum: sofar + element
        case .maximum: sofar > element || sofar.isNaN ? sofar : element
        case .minimum: sofar < element || sofar.isNaN ? sofar : element
        }
    }
    return result
  }

  /// The first of equals; the first NaN wins.
  static func argument(_ x: ReferenceValue, _ extremum: Extremum, along axis: Int) -> [Double] {
    rows(x.shape, along: axis).map { row in
      var best = 0
      for position in row.indices.dropFirst() {
        let (champion, element) = (x.elements[row[best]], x.elements[row[position]])
        let isBetter =
          switch extremum {
          case .largest: element > champion
          case .smallest: element < champion
          }
        if !champion.isNaN, isBetter || element.isNaN { best = position }
      }
      return Double(best)
    }
  }

  static func cumulativeSum(_ x: ReferenceValue, along axis: Int, reversed: Bool) -> [Double] {
    var result = x.elements
    for row in rows(x.shape, along: axis) {
      var sum = 0.0
      for place in reversed ? row.reversed() : row {
        sum += x.elements[place]
        result[place] = sum
      }
    }
    return result
  }

  /// Stable; NaN last in either direction; −0 equals +0.
  static func argumentSort(_ x: ReferenceValue, along axis: Int, descending: Bool) -> [Double] {
    var result = x.elements
    for row in rows(x.shape, along: axis) {
      func comesBefore(_ i: Int, _ j: Int) -> Bool {
        let (a, b) = (x.elements[row[i]], x.elements[row[j]])
        if a.isNaN || b.isNaN { return !a.isNaN || (b.isNaN && i < j) }
        if a == b { return i < j }
        return descending ? a > b : a < b
      }
      for (place, position) in zip(row, row.indices.sorted(by: comesBefore)) {
        result[place] = Double(position)
      }
    }
    return result
  }

  /// `[B…, M, K] × [B…, K, N] -> [B…, M, N]`.
  static func matmul(_ a: ReferenceValue, _ b: ReferenceValue, _ shape: Shape) -> [Double] {
    let (m, k, n) = (a.shape[-2], a.shape[-1], b.shape[-1])
    var result = [Double](repeating: 0, count: shape.count)
    for batch in 0..<(m * n == 0 ? 0 : shape.count / (m * n)) {
      for row in 0..<m {
        for inner in 0..<k {
          let factor = a.elements[(batch * m + row) * k + inner]
          for column in 0..<n {
            result[(batch * m + row) * n + column] +=
              factor * b.elements[(batch * k + inner) * n + column]
          }
        }
      }
    }
    return result
  }

  /// `x: [O…, n, I…], indices: [J…] -> [O…, J…, I…]`.
  static func gather(
    _ x: ReferenceValue, _ indices: ReferenceValue, along axis: Int, _ shape: Shape
  ) throws -> [Double] {
    let places = try places(indices, in: x.shape, along: axis)
    return places.map { x.elements[$0] }
  }

  /// `x: [O…, J…, I…], indices: [J…] -> [O…, n, I…]`, the adjoint of gather.
  static func scatterAdd(
    _ x: ReferenceValue, at indices: ReferenceValue, along axis: Int, _ shape: Shape
  ) throws -> [Double] {
    var result = [Double](repeating: 0, count: shape.count)
    for (place, element) in zip(try places(indices, in: shape, along: axis), x.elements) {
      result[place] += element
    }
    return result
  }

  /// `x: [O…, n, I…], values: [O…, J, I…], indices: [J] -> [O…, n, I…]`.
  static func put(
    _ x: ReferenceValue, _ values: ReferenceValue, at indices: ReferenceValue, along axis: Int
  ) throws -> [Double] {
    var result = x.elements
    for (place, element) in zip(try places(indices, in: x.shape, along: axis), values.elements) {
      result[place] = element
    }
    return result
  }

  /// The places in a tensor of the shape `[O…, n, I…]` that `indices: [J…]` name along an axis, in
  /// the order of `[O…, J…, I…]`.
  private static func places(
    _ indices: ReferenceValue, in table: Shape, along axis: Int
  ) throws -> [Int] {
    let (size, inner) = (table[axis], table.strides[axis])
    let outer = table.dimensions[..<axis].reduce(1, *)
    var places: [Int] = []
    for o in 0..<outer {
      for index in indices.elements {
        let position = Int(index)
        guard position >= 0, position < size else {
          throw RuntimeError(
            what: "position \(position) is outside an axis of \(size) elements",
            remedy: "positions must be in 0 ..< \(size)")
        }
        for i in 0..<inner { places.append((o * size + position) * inner + i) }
      }
    }
    return places
  }
}

extension Rows {
  /// Each row by the definition of the discrete Fourier transform.
  static func fourier(_ x: ReferenceValue, _ kind: FourierKind, _ shape: Shape) -> [Double] {
    switch kind {
    case .forward: return transformed(x.elements, x.shape[-2], -1)
    case .inverse: return transformed(x.elements, x.shape[-2], 1)
    case .real:
      let n = x.shape[-1]
      let whole = transformed(x.elements.flatMap { [$0, 0] }, n, -1)
      let rows = n == 0 ? 0 : x.elements.count / n
      return (0..<rows).flatMap { whole[($0 * 2 * n)...].prefix(n + 2) }
    case .realInverse:
      let (bins, n) = (x.shape[-2], shape[-1])
      var whole: [Double] = []
      for row in stride(from: 0, to: x.elements.count, by: 2 * bins) {
        for k in 0..<n {
          let place = row + 2 * min(k, n - k)
          let isReal = k == 0 || 2 * k == n
          whole.append(x.elements[place])
          whole.append(isReal ? 0 : (2 * k < n ? 1 : -1) * x.elements[place + 1])
        }
      }
      let complex = transformed(whole, n, 1)
      return stride(from: 0, to: complex.count, by: 2).map { complex[$0] }
    }
  }

  /// Rows of n complex numbers; `sign` is that of the exponent.
  private static func transformed(_ x: [Double], _ n: Int, _ sign: Double) -> [Double] {
    let roots = (0..<n).map { k -> (re: Double, im: Double) in
      let angle = 2 * Double.pi * Double(k) / Double(n)
      return (cos(angle), sign * sin(angle))
    }
    var result = [Double](repeating: 0, count: x.count)
    for row in stride(from: 0, to: x.count, by: max(1, 2 * n)) {
      for k in 0..<n {
        for j in 0..<n {
          let (root, place) = (roots[j * k % n], row + 2 * j)
          result[row + 2 * k] += x[place] * root.re - x[place + 1] * root.im
          result[row + 2 * k + 1] += x[place] * root.im + x[place + 1] * root.re
        }
      }
    }
    return result
  }
}
