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
  let clipping: Clipping?
  let averaging: Double?
  /// Each combination of rule and settings that occurs.
  let kinds: [Kind]
  /// Which of `kinds` each parameter belongs to.
  let kindOf: [Int]

  /// How some parameters are trained, with nothing left open.
  struct Kind: Sendable {
    let rule: any UpdateRule
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
  ///   - exception: another rule for a path and shape, or nil.
  public init(
    _ model: some Module, _ rule: some UpdateRule, learningRate: LearningRate, l2: Double = 0,
    weightDecay: Double = 0, options: OptimizerOptions = OptimizerOptions(),
    except exception: (String, Shape) -> (any UpdateRule)? = { _, _ in nil }
  ) {
    let table = model.named()
    parameters = table.parameters.map(\.parameter)
    buffers = table.buffers.map(\.buffer)
    self.learningRate = learningRate
    clipping = options.clipping
    averaging = options.averaging
    let globs = options.groups.map { Glob($0.glob) }
    var kinds: [Kind] = []
    var places: [[Int]: Int] = [:]
    kindOf = table.parameters.map { entry in
      let other = exception(entry.path, entry.parameter.shape)
      let group = globs.firstIndex { $0.matches(entry.path) }
      let decays = options.decaysVectors || entry.parameter.shape.rank >= 2
      return places.value(forKey: [group ?? -1, other == nil ? 0 : 1, decays ? 1 : 0]) {
        let own = group.map { options.groups[$0] }
        kinds.append(
          Kind(
            rule: other ?? rule, learningRate: own?.learningRate ?? learningRate,
            factor: own?.factor ?? 1, l1: own?.l1 ?? options.l1, l2: own?.l2 ?? l2,
            weightDecay: own?.weightDecay ?? (decays ? weightDecay : 0)))
        return kinds.count - 1
      }
    }
    self.kinds = kinds
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

extension Dictionary {
  /// The value for a key, made and kept if there is none.
  fileprivate mutating func value(forKey key: Key, orMade make: () -> Value) -> Value {
    if let value = self[key] { return value }
    let value = make()
    self[key] = value
    return value
  }
}
