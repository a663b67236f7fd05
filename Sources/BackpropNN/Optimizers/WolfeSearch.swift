// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A place on a line along which a function is searched: how far, the function's value and slope
/// there, and what else the caller wants to know of the place.
package struct LinePoint<Content> {
  package let length: Double
  package let value: Double
  package let slope: Double
  package let content: Content

  package init(length: Double, value: Double, slope: Double, content: Content) {
    self.length = length
    self.value = value
    self.slope = slope
    self.content = content
  }
}

/// A search along a line of descent for a place with the strong Wolfe conditions
///
///     f(t) ≤ f(0) + c₁ t f′(0)   and   |f′(t)| ≤ c₂ |f′(0)|
///
/// (J. Nocedal, S. Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6). First the step
/// grows until a minimum is bracketed, then the bracket shrinks, both by cubic interpolation; where
/// it comes too near to an end, by a tenth of the bracket, as in M. Schmidt's minFunc and PyTorch.
package struct WolfeSearch {
  /// c₁
  package var decrease = 1e-4
  /// c₂
  package var curvature = 0.9
  /// The search ends where the bracket, times `extent`, is smaller.
  package var tolerance = 1e-9
  /// The largest element of the direction.
  package var extent = 1.0
  /// The most evaluations.
  package var limit = 25

  package init() {}

  /// Searches from `start`, at length 0, beginning at `length`.
  ///
  /// A value that is not finite counts as far too high.
  ///
  /// - Parameter evaluate: the place at a length.
  /// - Returns: the best place found, and how often `evaluate` was called.
  package func callAsFunction<Content>(
    from start: LinePoint<Content>, length: Double,
    _ evaluate: (Double) throws -> LinePoint<Content>
  ) rethrows -> (point: LinePoint<Content>, evaluations: Int) {
    var previous = start
    var point = try evaluate(length)
    var count = 0
    var bracket: (LinePoint<Content>, LinePoint<Content>)?
    while count < limit {
      if isTooHigh(point, start) || (count > 1 && point.value >= previous.value) {
        bracket = (previous, point)
        break
      }
      if isFlat(point, start) { return (point, count + 1) }
      if point.slope >= 0 {
        bracket = (previous, point)
        break
      }
      let least = point.length + 0.01 * (point.length - previous.length)
      let next = minimum(between: previous, point, within: least...(10 * point.length))
      previous = point
      point = try evaluate(next)
      count += 1
    }
    let (best, more) = try shrink(
      bracket ?? (start, point), start, evaluationsLeft: limit - count, evaluate)
    return (best, count + 1 + more)
  }

  private func shrink<Content>(
    _ bracket: (LinePoint<Content>, LinePoint<Content>), _ start: LinePoint<Content>,
    evaluationsLeft: Int, _ evaluate: (Double) throws -> LinePoint<Content>
  ) rethrows -> (LinePoint<Content>, Int) {
    var (low, high) = bracket
    if high.value < low.value { swap(&low, &high) }
    var wasNearEnd = false
    var count = 0
    while count < evaluationsLeft, abs(high.length - low.length) * extent >= tolerance {
      let (left, right) = (min(low.length, high.length), max(low.length, high.length))
      var length = minimum(between: low, high, within: left...right)
      let margin = 0.1 * (right - left)
      let isNearEnd = min(right - length, length - left) < margin
      if isNearEnd, wasNearEnd || length >= right || length <= left {
        length = right - length < length - left ? right - margin : left + margin
        wasNearEnd = false
      } else {
        wasNearEnd = isNearEnd
      }
      let point = try evaluate(length)
      count += 1
      if isTooHigh(point, start) || point.value >= low.value {
        high = point
        if high.value < low.value { swap(&low, &high) }
      } else {
        if isFlat(point, start) { return (point, count) }
        if point.slope * (high.length - low.length) >= 0 { high = low }
        low = point
      }
    }
    return (low, count)
  }

  private func isTooHigh<Content>(_ point: LinePoint<Content>, _ start: LinePoint<Content>) -> Bool
  {
    !(point.value <= start.value + decrease * point.length * start.slope)
  }

  private func isFlat<Content>(_ point: LinePoint<Content>, _ start: LinePoint<Content>) -> Bool {
    abs(point.slope) <= -curvature * start.slope
  }

  /// Where the cubic through two places with their slopes has its minimum (Nocedal and Wright, eq.
  /// 3.59); the middle of the range where it has none.
  private func minimum<Content>(
    between a: LinePoint<Content>, _ b: LinePoint<Content>, within range: ClosedRange<Double>
  ) -> Double {
    let (first, last) = a.length <= b.length ? (a, b) : (b, a)
    let d1 =
      first.slope + last.slope
      - 3 * (first.value - last.value) / (first.length - last.length)
    let square = d1 * d1 - first.slope * last.slope
    let d2 = square.squareRoot()
    let length =
      last.length - (last.length - first.length)
      * ((last.slope + d2 - d1) / (last.slope - first.slope + 2 * d2))
    guard square >= 0, length.isFinite else { return (range.lowerBound + range.upperBound) / 2 }
    return min(max(length, range.lowerBound), range.upperBound)
  }
}
