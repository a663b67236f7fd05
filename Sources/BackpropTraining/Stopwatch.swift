// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Seconds since a moment, by a clock that never goes back.
package struct Stopwatch: Sendable {
  private let start: ContinuousClock.Instant

  /// The moment is now.
  package init() { start = ContinuousClock.now }

  /// When this was first asked for: main asks at once.
  package static let process = Stopwatch()

  package var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
