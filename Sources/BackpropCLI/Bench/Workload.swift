// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime
import BackpropTraining

/// The training steps that are compared with other systems: the same shapes, losses and optimizers,
/// on fixed random data.
///
/// | workload | network                         | batch | optimizer    | item   |
/// |----------|---------------------------------|-------|--------------|--------|
/// | tiny     | 2-16-16-1 tanh, squared error   | 32    | SGD 0.1      | steps  |
/// | mlp      | 784-512-256-10 ReLU, cross-ent. | 128   | Adam 1e-3    | images |
/// | wide     | 1024-4096-4096-1024 GELU, sq.   | 256   | SGD momentum | rows   |
enum Workload {
  static let names = ["tiny", "mlp", "wide"]

  /// Times whole steps of a workload: first one, then a warm-up, then those that count.
  static func measure(_ name: String, seconds: Double, dtype: DType) throws -> BenchResult {
    let precision: DType? = dtype == .float32 ? nil : dtype
    switch name {
    case "tiny":
      let model = Sequential(
        Linear(2, 16), Activation.tanh, Linear(16, 16), Activation.tanh, Linear(16, 1))
      let (x, y) = (normal([32, 2], 1), normal([32, 1], 2))
      let optimizer = SGD(model, learningRate: 0.1)
      return try time(name, model, optimizer, [x, y], items: 1, seconds, precision) {
        squaredError(model(x).cast(to: .float32), y)
      }
    case "mlp":
      let model = Sequential(
        Linear(784, 512), Activation.relu, Linear(512, 256), Activation.relu, Linear(256, 10))
      let x = normal([128, 784], 1)
      let labels = Tensor((0..<128).map { Int32(($0 * 7 + 3) % 10) })
      let optimizer = Adam(model, learningRate: 1e-3)
      return try time(name, model, optimizer, [x, labels], items: 128, seconds, precision) {
        crossEntropy(model(x), labels)
      }
    default:
      let model = Sequential(
        Linear(1024, 4096), Activation.gelu, Linear(4096, 4096), Activation.gelu,
        Linear(4096, 1024))
      let (x, y) = (normal([256, 1024], 1), normal([256, 1024], 2))
      let optimizer = SGD(model, learningRate: 1e-3, momentum: 0.9)
      return try time(name, model, optimizer, [x, y], items: 256, seconds, precision) {
        squaredError(model(x).cast(to: .float32), y)
      }
    }
  }

  private static func normal(_ shape: Shape, _ seed: UInt64) -> Tensor {
    .normal(shape, key: RandomKey(seed: seed))
  }

  private static func time(
    _ name: String, _ model: some Module, _ optimizer: some Optimizer, _ data: [Tensor],
    items: Double, _ seconds: Double, _ precision: DType?, _ loss: () -> Loss
  ) throws -> BenchResult {
    model.initialize(seed: 0)
    try evaluate(data)
    // As the training loop does, the model is looked through once.
    let parameters = model.parameters()
    var number = 0
    func step() throws {
      let gradients = try Context.training(seed: 0, step: number, precision: precision) {
        try valueAndGradient(of: parameters, loss).gradients
      }
      try optimizer.update(gradients)
      number += 1
    }
    try step()
    let first = Stopwatch.process.seconds
    let warmup = Stopwatch()
    while warmup.seconds < min(2, seconds) { try step() }
    var times: [Double] = []
    times.reserveCapacity(1 << 20)
    let whole = Stopwatch()
    while whole.seconds < seconds || times.count < 3 {
      let watch = Stopwatch()
      try step()
      times.append(watch.seconds)
    }
    times.sort()
    return BenchResult(
      workload: name, dtype: precision ?? .float32, threads: CPU.current.pool.threadCount,
      items: items, times: times, firstStep: first)
  }
}
