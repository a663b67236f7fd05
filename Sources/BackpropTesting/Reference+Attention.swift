// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import Foundation

/// Attention and its gradient, one query after the other.
struct Attending {
  private let fields: Attention.Fields
  private let sizes: Attention.Sizes
  private let x: [ReferenceValue]

  /// - Parameter x: the operands of the word.
  init(_ fields: Attention.Fields, _ x: [ReferenceValue]) {
    self.fields = fields
    sizes = Attention.Sizes(query: x[0].shape, key: x[1].shape, value: x[2].shape)
    self.x = x
  }

  /// The features of a place of operand `number`.
  private func row(_ number: Int, _ batch: Int, _ head: Int, _ place: Int) -> ArraySlice<Double> {
    let shape = x[number].shape
    let start = ((batch * shape[1] + head) * shape[2] + place) * shape[3]
    return x[number].elements[start..<(start + shape[3])]
  }

  private func dot(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The scores of a query by the keys that it sees.
  private func scores(_ batch: Int, _ head: Int, _ query: Int) -> [(key: Int, score: Double)] {
    let shared = head / (sizes.heads / sizes.shared)
    let at = ((batch * sizes.heads + head) * sizes.queries + query) * sizes.keys
    return sizes.seen(by: query, fields).compactMap { key in
      if let mask = fields.mask, x[mask].elements[at + key] == 0 { return nil }
      let product = dot(row(0, batch, head, query), row(1, batch, shared, key))
      let bias = fields.bias.map { x[$0].elements[at + key] } ?? 0
      return (key, Double(fields.scale) * product + bias)
    }
  }

  /// What a weight is multiplied by: 0 if it is dropped.
  private func factor(_ batch: Int, _ head: Int, _ query: Int, _ key: Int) -> Double {
    guard let draws = fields.draws else { return 1 }
    let at = ((batch * sizes.heads + head) * sizes.queries + query) * sizes.keys + key
    return x[draws].elements[at] < Double(fields.kept) ? Double(1 / fields.kept) : 0
  }

  private func forEachQuery(_ body: (_ batch: Int, _ head: Int, _ query: Int) -> Void) {
    for batch in 0..<sizes.batch {
      for head in 0..<sizes.heads {
        for query in 0..<sizes.queries { body(batch, head, query) }
      }
    }
  }

  private func resultPlace(_ batch: Int, _ head: Int, _ query: Int) -> Int {
    ((batch * sizes.queries + query) * sizes.heads + head) * sizes.valueWidth
  }

  private func logPlace(_ batch: Int, _ head: Int, _ query: Int) -> Int {
    sizes.resultCount + (batch * sizes.heads + head) * sizes.queries + query
  }

  /// y, then the logarithms of the sums.
  var packed: [Double] {
    var result = [Double](repeating: 0, count: sizes.packedCount)
    forEachQuery { batch, head, query in
      let scores = scores(batch, head, query)
      let top = scores.map(\.score).max() ?? -.infinity
      guard top > -.infinity || top.isNaN else {
        result[logPlace(batch, head, query)] = .infinity
        return
      }
      let weights = scores.map { (key: $0.key, weight: Foundation.exp($0.score - top)) }
      let sum = weights.reduce(0) { $0 + $1.weight }
      let to = resultPlace(batch, head, query)
      for (key, weight) in weights {
        let value = row(2, batch, head / (sizes.heads / sizes.shared), key)
        let dropping = factor(batch, head, query, key)
        for (feature, element) in value.enumerated() {
          result[to + feature] += dropping * weight / sum * element
        }
      }
      result[logPlace(batch, head, query)] = top + Foundation.log(sum)
    }
    return result
  }

  /// The cotangents of q, k and v, where the sizes say they lie.
  var gradient: [Double] {
    var result = [Double](repeating: 0, count: sizes.gradientCount)
    let places = sizes.gradientPlaces
    func add(_ operand: Int, _ place: [Int], _ row: ArraySlice<Double>, _ factor: Double) {
      let to =
        places[operand].offset
        + zip(places[operand].strides, place).reduce(0) {
          $0 + $1.0 * $1.1
        }
      for (feature, element) in row.enumerated() { result[to + feature] += factor * element }
    }
    let (packed, cotangent) = (x.count - 2, x.count - 1)
    forEachQuery { batch, head, query in
      let shared = head / (sizes.heads / sizes.shared)
      let dy = row(cotangent, batch, head, query)
      let from = resultPlace(batch, head, query)
      let delta = dot(dy, x[packed].elements[from..<(from + sizes.valueWidth)])
      for (key, score) in scores(batch, head, query) {
        let p = Foundation.exp(score - x[packed].elements[logPlace(batch, head, query)])
        let d = factor(batch, head, query, key)
        let ds = p * (d * dot(dy, row(2, batch, shared, key)) - delta) * Double(fields.scale)
        add(0, [batch, head, query], row(1, batch, shared, key), ds)
        add(1, [batch, shared, key], row(0, batch, head, query), ds)
        add(2, [batch, shared, key], dy, d * p)
      }
    }
    return result
  }
}
