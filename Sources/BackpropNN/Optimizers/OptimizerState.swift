// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
import Synchronization

/// What an optimizer remembers: the number of steps, and the slots of each parameter.
public final class OptimizerState: Sendable {
  /// The parameters, frozen ones included, each once.
  public let parameters: [Parameter]
  /// The model's buffers, whose staged values an update makes current.
  public let buffers: [Buffer]
  /// The schedule of the parameters that no group speaks of.
  public let learningRate: LearningRate
  /// How a parameter moves.
  public let rule: any UpdateRule
  let clipping: Clipping?
  let averaging: Double?
  let groups: [Settings]
  /// Which of `groups` each parameter belongs to.
  let groupOf: [Int]

  /// The settings of a group, with nothing left open.
  struct Settings: Sendable {
    let learningRate: LearningRate
    let factor: Double
    let l1: Double
    let l2: Double
    let weightDecay: Double
  }

  struct Memory {
    var step = 0
    var slots: [Slots]
    var averages: [Tensor?]
    var templates: [UpdateTemplate] = []
  }
  let memory: Mutex<Memory>

  /// The state for a model at the start.
  ///
  /// - Parameters:
  ///   - rule: how a parameter moves.
  ///   - l2: added to the gradient as l2 · w.
  ///   - weightDecay: decoupled: w is multiplied by 1 − rate · weightDecay.
  public init(
    _ model: some Module, _ rule: some UpdateRule, learningRate: LearningRate, l2: Double = 0,
    weightDecay: Double = 0,
    options: OptimizerOptions = OptimizerOptions()
  ) {
    let table = model.named()
    parameters = table.parameters.map(\.parameter)
    buffers = table.buffers.map(\.buffer)
    self.learningRate = learningRate
    self.rule = rule
    clipping = options.clipping
    averaging = options.averaging
    let globs = options.groups.map { Glob($0.glob) }
    groups =
      [
        Settings(
          learningRate: learningRate, factor: 1, l1: options.l1, l2: l2, weightDecay: weightDecay)
      ]
      + options.groups.map {
        Settings(
          learningRate: $0.learningRate ?? learningRate, factor: $0.factor,
          l1: $0.l1 ?? options.l1, l2: $0.l2 ?? l2, weightDecay: $0.weightDecay ?? weightDecay)
      }
    groupOf = table.parameters.map { entry in
      (globs.firstIndex { $0.matches(entry.path) } ?? -1) + 1
    }
    let count = table.parameters.count
    memory = Mutex(
      Memory(
        slots: [Slots](repeating: Slots(), count: count),
        averages: [Tensor?](repeating: nil, count: count)))
  }

  /// The number of updates so far.
  public var step: Int { memory.withLock { $0.step } }

  /// The learning rate of the next update.
  public var rate: Double { learningRate(step) }

  /// The moving average of a parameter's values; nil if none is kept, or before the first update.
  public func average(of parameter: Parameter) -> Tensor? {
    guard let index = parameters.firstIndex(where: { $0 === parameter }) else { return nil }
    return memory.withLock { $0.averages[index] }
  }
}
