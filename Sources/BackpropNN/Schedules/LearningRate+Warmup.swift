// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

extension LearningRate {
  /// Along a straight line to the first rate of another schedule, then that schedule from its
  /// start.
  ///
  /// - Parameter start: the part of that rate to start with; 1/steps if nil.
  public static func warmup(_ steps: Int, from start: Double? = nil, then next: LearningRate)
    -> LearningRate
  {
    let first = start ?? 1 / Double(max(1, steps))
    return LearningRate(
      "warm-up of \(steps), then \(next)", plateau: next.plateau
    ) { step in
      if step >= steps { return next(step - steps) }
      return next(0) * (first + (1 - first) * Double(step) / Double(steps))
    }
  }

  /// The shape of a rise or fall.
  public enum Curve: Hashable, Sendable {
    /// Half a cosine.
    case cosine
    /// A straight line.
    case linear

    func between(_ start: Double, _ end: Double, _ t: Double) -> Double {
      switch self {
      case .cosine: end + (start - end) / 2 * (1 + HostMath.cosinePi(min(1, max(0, t))))
      case .linear: start + (end - start) * t
      }
    }
  }

  /// One rise to a maximum and one fall far below the start (L. Smith, N. Topin, 2017).
  ///
  /// - Parameters:
  ///   - warm: the part of the steps in which the rate rises.
  ///   - startDivisor: the first rate is the maximum divided by this.
  ///   - finalDivisor: the last rate is the first divided by this.
  ///   - isThreePhase: whether it first falls to the first rate, as long as it rose.
  public static func oneCycle(
    maximum: Double, steps: Int, warm: Double = 0.3, startDivisor: Double = 25,
    finalDivisor: Double = 1e4, curve: Curve = .cosine, isThreePhase: Bool = false
  ) -> LearningRate {
    let first = maximum / startDivisor
    let last = first / finalDivisor
    let rise = warm * Double(steps) - 1
    let end = Double(steps - 1)
    var phases = [(until: rise, from: first, to: maximum)]
    if isThreePhase { phases.append((2 * rise, maximum, first)) }
    phases.append((end, isThreePhase ? first : maximum, last))
    let plan = phases
    return LearningRate("one cycle to \(maximum) in \(steps)") { step in
      let position = Double(step)
      var begin = 0.0
      for phase in plan {
        if position <= phase.until {
          let length = phase.until - begin
          return curve.between(phase.from, phase.to, length <= 0 ? 1 : (position - begin) / length)
        }
        begin = phase.until
      }
      return last
    }
  }
}
