// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import Testing

@Suite("Schedules")
struct ScheduleTests {
  @Test(arguments: Fixture.cases("schedules"))
  func agreesWithPyTorch(_ fixture: Fixture) throws {
    let rates = try fixture("rate").array()
    if fixture.has("metric") { return try followsTheMetric(fixture, rates) }
    let schedule = try schedule(fixture)
    for (step, rate) in rates.enumerated() {
      let mine = Float(schedule(step))
      #expect(
        abs(mine - rate) <= 1e-6 * rate + 1e-9,
        "\(fixture.name): \(mine) in step \(step), PyTorch has \(rate)")
    }
  }

  private func followsTheMetric(_ fixture: Fixture, _ rates: [Float]) throws {
    let o = fixture.options
    let base = o.number("base") ?? 0
    let threshold = o.number("threshold") ?? 0
    let plateau = Plateau(
      factor: o.number("factor") ?? 0, patience: o.integer("patience") ?? 0,
      threshold: o.text("threshold_mode") == "abs" ? .absolute(threshold) : .relative(threshold),
      cooldown: o.integer("cooldown") ?? 0, minimum: (o.number("min_lr") ?? 0) / base,
      isLowerBetter: o.text("mode") == "min")
    let schedule = LearningRate.plateau(from: base, plateau)
    for (metric, rate) in zip(try fixture("metric").array(), rates) {
      plateau.observe(Double(metric))
      #expect(abs(Float(schedule(0)) - rate) <= 1e-6 * rate, "\(fixture.name)")
    }
  }

  private func schedule(_ fixture: Fixture) throws -> LearningRate {
    let o = fixture.options
    func number(_ key: String) -> Double { o.number(key) ?? .nan }
    func integer(_ key: String) -> Int { o.integer(key) ?? 0 }
    let base = number("base")
    let curve: LearningRate.Curve = o.text("shape") == "linear" ? .linear : .cosine
    switch fixture.name.dropFirst("schedule.".count) {
    case "step": return .step(from: base, every: integer("every"), factor: number("factor"))
    case "milestones":
      return .steps(
        from: base, at: o.integers("milestones"), factor: number("factor"))
    case "exponential": return .exponential(from: base, factor: number("factor"))
    case "polynomial", "linear_decay":
      return .polynomial(from: base, steps: integer("total"), power: number("power"))
    case "cosine": return .cosine(from: base, to: number("minimum"), steps: integer("total"))
    case "cosine.restarts", "cosine.growing_restarts":
      return .cosineRestarts(
        from: base, to: number("minimum"), period: integer("period"), growth: integer("growth"))
    case "one_cycle", "one_cycle.linear", "one_cycle.three_phases":
      return .oneCycle(
        maximum: number("maximum"), steps: integer("total"), warm: number("warm"),
        startDivisor: number("start_divisor"), finalDivisor: number("final_divisor"),
        curve: curve, isThreePhase: integer("phases") == 3)
    case "warmup": return .warmup(integer("warmup"), from: number("start"), then: .constant(base))
    case "warmup.cosine":
      return .warmup(
        integer("warmup"), from: number("start"),
        then: .cosine(from: base, to: number("minimum"), steps: integer("total")))
    case "warmup.step":
      return .warmup(
        integer("warmup"), from: number("start"),
        then: .step(from: base, every: integer("every"), factor: number("factor")))
    default:
      Issue.record("no schedule for \(fixture.name)")
      return 0
    }
  }
}
