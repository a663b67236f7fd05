// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropGraph

/// What ``LBFGS`` knows of the second derivatives: the last changes of position, s, and of the
/// gradient, y.
package struct Curvature: Sendable {
  /// A change of position with the change of gradient that it brought: vectors [n].
  private struct Change: Sendable {
    let position: Tensor
    let gradient: Tensor
    /// 1/(y·s).
    let weight: Float
  }
  private var changes: [Change] = []
  /// The inverse second derivative where nothing else is known.
  private var scale: Float = 1

  package init() {}

  /// The number of changes that are remembered.
  package var count: Int { changes.count }

  /// Remembers a change, and forgets the oldest beyond `limit`. A change along which the slope does
  /// not rise says nothing about a minimum and is left out.
  ///
  /// - Parameters:
  ///   - product: y·s.
  ///   - square: y·y.
  package mutating func add(
    position: Tensor, gradient: Tensor, product: Float, square: Float, limit: Int
  ) {
    guard product > 1e-10 else { return }
    if changes.count >= limit { changes.removeFirst(changes.count - limit + 1) }
    changes.append(Change(position: position, gradient: gradient, weight: 1 / product))
    scale = product / square
  }

  /// The negative gradient times the inverse of the second derivatives, as far as known: the two
  /// loops over the changes (J. Nocedal, S. Wright, "Numerical Optimization", 2006, algorithm 7.4).
  ///
  /// - Parameter gradient: [n] float32.
  package func direction(_ gradient: Tensor) -> Tensor {
    var q = -gradient
    var factors: [Tensor] = []
    for change in changes.reversed() {
      let factor = (change.position * q).sum() * change.weight
      q = q - change.gradient * factor
      factors.append(factor)
    }
    var r = q * scale
    for (change, factor) in zip(changes, factors.reversed()) {
      r = r + change.position * (factor - (change.gradient * r).sum() * change.weight)
    }
    return r
  }
}
