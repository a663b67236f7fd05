// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropFormats
import BackpropGraph
import BackpropModels
import BackpropNN
import BackpropRuntime
import BackpropTraining
import TestSupport

/// A listener that keeps what it hears.
final class Recorder: EventListener {
  private(set) var events: [Event] = []
  let wantsProgress: Bool

  init(wantsProgress: Bool = false) { self.wantsProgress = wantsProgress }

  func hear(_ event: Event) { events.append(event) }

  /// The reports of the epochs.
  var epochs: [EpochReport] {
    events.compactMap { if case .epoch(let report) = $0 { report } else { nil } }
  }

  /// The texts of the warnings.
  var warnings: [String] {
    events.compactMap { if case .warning(let text) = $0 { text } else { nil } }
  }

  /// Why training stopped early, if it did.
  var stop: Event.Stop? {
    events.lazy.compactMap { if case .stopped(let stop) = $0 { stop } else { nil } }.first
  }
}

/// Small sets of examples.
enum Sets {
  /// Points in a square; the class says whether the coordinates have the same sign.
  static func quadrants(_ count: Int, seed: UInt64 = 1) -> Examples {
    var random = Random(seed: seed)
    var features: [Float] = []
    var labels: [Int32] = []
    for _ in 0..<count {
      let (x, y) = (random.unit(), random.unit())
      features += [x, y]
      labels.append(x * y > 0 ? 1 : 0)
    }
    return Examples(
      features: DataArray(shape: [count, 2], storage: .float(features)),
      targets: DataArray(shape: [count], storage: .int(labels)))
  }

  /// Numbers and a noisy line through them: y = 2 x₀ − x₁ + 0.5.
  static func line(_ count: Int, seed: UInt64 = 2) -> Examples {
    var random = Random(seed: seed)
    var features: [Float] = []
    var targets: [Float] = []
    for _ in 0..<count {
      let (x, y) = (random.unit(), random.unit())
      features += [x, y]
      targets.append(2 * x - y + 0.5 + 0.01 * random.unit())
    }
    return Examples(
      features: DataArray(shape: [count, 2], storage: .float(features)),
      targets: DataArray(shape: [count], storage: .float(targets)))
  }

  /// Some of the embedded digits as floats in 0 ... 1, by their place in the original order.
  static func digits(_ isWanted: (Int) -> Bool) throws -> Examples {
    let some = try Digits.all().examples(at: (0..<Digits.count).filter(isWanted))
    guard case .bytes(let pixels) = some.features.storage else { return some }
    return Examples(
      features: DataArray(
        shape: [some.count, 64], storage: .float(pixels.map { Float($0) / 16 })),
      targets: some.targets)
  }
}

extension TrainingGoal {
  /// The classes of a model's outputs, by cross-entropy, with the share of right ones.
  static func classes(
    _ count: Int, _ outputs: @escaping @Sendable (Tensor) -> Tensor
  ) -> TrainingGoal {
    TrainingGoal(
      outputs: { outputs($0.features) },
      loss: { crossEntropy($0, $1.targets ?? Tensor(0)) },
      metrics: { outputs, examples in
        let metrics = ClassificationMetrics(
          probabilities: outputs, classCount: count, labels: examples.labels ?? [])
        return ["accuracy": metrics.accuracy]
      })
  }

  /// Numbers, by the squared error.
  static func numbers(_ outputs: @escaping @Sendable (Tensor) -> Tensor) -> TrainingGoal {
    TrainingGoal(
      outputs: { outputs($0.features) },
      loss: { outputs, batch in
        squaredError(outputs.reshaped(to: [batch.count]), batch.targets ?? Tensor(0))
      })
  }
}

/// Every bit of a model's parameters and buffers, in the order of the model.
func bits(of model: some Module) throws -> [UInt32] {
  let table = model.table
  let values = table.parameters.map(\.parameter.value) + table.buffers.map(\.buffer.value)
  return try values.flatMap { try $0.array(of: Float.self).map(\.bitPattern) }
}

/// The epochs of a training as the log has them, but for the times.
func log(_ trainer: Trainer) throws -> [String] {
  try trainer.progress.history.map { report in
    var object = report.json.object ?? JSONObject()
    object["seconds"] = nil
    return try JSONValue.object(object).text()
  }
}
