// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph

extension LearningRate {
  /// Multiplied by `factor` after every `every` steps.
  public static func step(from rate: Double, every: Int, factor: Double = 0.1) -> LearningRate {
    LearningRate("step from \(rate), × \(factor) every \(every)") { step in
      rate * HostMath.power(factor, step / max(1, every))
    }
  }

  /// Multiplied by `factor` at each of the given steps.
  public static func steps(from rate: Double, at milestones: [Int], factor: Double = 0.1)
    -> LearningRate
  {
    LearningRate("steps from \(rate), × \(factor) at \(milestones)") { step in
      rate * HostMath.power(factor, milestones.count { $0 <= step })
    }
  }

  /// Multiplied by `factor` after every step.
  public static func exponential(from rate: Double, factor: Double) -> LearningRate {
    LearningRate("exponential from \(rate), × \(factor)") { step in
      rate * HostMath.power(factor, step)
    }
  }

  /// From one rate to another along (1 − t)ᵖ in a number of steps, then constant.
  public static func polynomial(
    from rate: Double, to end: Double = 0, steps: Int, power: Double = 1
  ) -> LearningRate {
    LearningRate("polynomial from \(rate) to \(end) in \(steps), power \(power)") { step in
      let left = max(0, 1 - Double(step) / Double(max(1, steps)))
      return end + (rate - end) * HostMath.power(left, power)
    }
  }

  /// From one rate to another along a straight line in a number of steps, then constant.
  public static func linear(from rate: Double, to end: Double = 0, steps: Int) -> LearningRate {
    polynomial(from: rate, to: end, steps: steps)
  }

  /// From one rate to another along half a cosine in a number of steps, then constant (I.
  /// Loshchilov, F. Hutter, 2016).
  public static func cosine(from rate: Double, to end: Double = 0, steps: Int) -> LearningRate {
    LearningRate("cosine from \(rate) to \(end) in \(steps)") { step in
      let t = min(1, Double(step) / Double(max(1, steps)))
      return end + (rate - end) * (1 + HostMath.cosinePi(t)) / 2
    }
  }

  /// Half a cosine again and again, each `growth` times as long as the one before (I. Loshchilov,
  /// F. Hutter, 2016).
  public static func cosineRestarts(
    from rate: Double, to end: Double = 0, period: Int, growth: Int = 1
  ) -> LearningRate {
    LearningRate("cosine from \(rate) to \(end), restarting after \(period)") { step in
      var length = max(1, period)
      var position = step
      if growth <= 1 {
        position %= length
      } else {
        while position >= length {
          position -= length
          length *= growth
        }
      }
      let t = Double(position) / Double(length)
      return end + (rate - end) * (1 + HostMath.cosinePi(t)) / 2
    }
  }
}
