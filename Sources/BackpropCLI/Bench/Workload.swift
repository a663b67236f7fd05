// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropModels
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
/// | cnn      | conv 1-32-64, pool, 9216-128-10 | 64    | Adam 1e-3    | images |
/// | resnet   | ResNet-18 for 32x32 images      | 32    | SGD momentum | images |
/// | lstm     | embedding, LSTM 128-256, linear | 32x128| Adam 1e-3    | tokens |
/// | gpt      | GPT of 6 layers, 384 wide       | 8x256 | AdamW 1e-3   | tokens |
/// | gpt2     | GPT-2 of 124 million weights    | 4x64  | AdamW 1e-4   | tokens |
/// | generate | the same, token after token     | 1     | none         | tokens |
enum Workload {
  static let names = ["tiny", "mlp", "wide", "cnn", "resnet", "lstm", "gpt", "gpt2", "generate"]

  /// Times whole steps of a workload: first one, then a warm-up, then those that count.
  static func measure(_ name: String, seconds: Double, dtype: DType) throws -> BenchResult {
    let steps = try Steps(name, dtype: dtype)
    try steps.next()
    let first = Stopwatch.process.seconds
    let warmup = Stopwatch()
    while warmup.seconds < min(2, seconds) { try steps.next() }
    let memory = System.peakMemory
    // Where memory sets the pace, what it gives is measured in turn with the steps: neighbours on
    // the machine take of it what they want from one moment to the next.
    let loop = steps.bytesRead.map { ReadLoop(CPU.current, bytes: Int($0)) }
    var times: [Double] = []
    var bandwidths: [Double] = []
    times.reserveCapacity(1 << 20)
    let whole = Stopwatch()
    while whole.seconds < seconds || times.count < 3 {
      try steps.prepare()
      if let loop { bandwidths.append(loop.pass()) }
      let watch = Stopwatch()
      try steps.run()
      times.append(watch.seconds)
    }
    times.sort()
    bandwidths.sort()
    let traffic = steps.bytesRead.map {
      Traffic(bytes: $0, bandwidth: bandwidths[bandwidths.count / 2])
    }
    return BenchResult(
      workload: name, dtype: dtype, threads: CPU.current.pool.threadCount, items: steps.items,
      times: times, firstStep: first, peakMemory: memory, traffic: traffic)
  }

  /// The plan of a workload's step as text.
  static func plan(_ name: String, dtype: DType) throws -> String {
    let steps = try Steps(name, dtype: dtype)
    // The first steps have no running averages and buffers of their own yet.
    for _ in 0..<4 { try steps.next() }
    return "\(name): " + (Evaluator.latestPlan?.description ?? "nothing ran")
  }
}

/// A workload set up: its network, data and optimizer.
struct Steps {
  /// What a step counts for.
  let items: Double
  /// The bytes that a step cannot do without reading once, where they are what it takes time for.
  let bytesRead: Double?
  /// What comes before a step now and then and is no part of it: a text is begun.
  let prepare: () throws -> Void
  /// The step.
  let run: () throws -> Void

  /// What comes before a step, and the step.
  func next() throws {
    try prepare()
    try run()
  }

  init(_ name: String, dtype: DType) throws {
    let precision: DType? = dtype == .float32 ? nil : dtype
    switch name {
    case "generate": try self.init(generating: precision)
    case "tiny":
      let model = Sequential(
        Linear(2, 16), Activation.tanh, Linear(16, 16), Activation.tanh, Linear(16, 1))
      let (x, y) = (Steps.normal([32, 2], 1), Steps.normal([32, 1], 2))
      try self.init(model, SGD(model, learningRate: 0.1), [x, y], items: 1, precision) {
        squaredError(model(x).cast(to: .float32), y)
      }
    case "lstm":
      let model = CharacterModel()
      let (x, y) = (Steps.integers(32 * 128, below: 65, 1), Steps.integers(32 * 128, below: 65, 2))
      let input = x.reshaped(to: [32, 128])
      try self.init(
        model, Adam(model, learningRate: 1e-3), [input, y], items: 32 * 128, precision
      ) {
        crossEntropy(model(input).cast(to: .float32).reshaped(to: [32 * 128, 65]), y)
      }
    case "mlp":
      let model = Sequential(
        Linear(784, 512), Activation.relu, Linear(512, 256), Activation.relu, Linear(256, 10))
      let x = Steps.normal([128, 784], 1)
      let labels = Tensor((0..<128).map { Int32(($0 * 7 + 3) % 10) })
      try self.init(
        model, Adam(model, learningRate: 1e-3), [x, labels], items: 128, precision
      ) {
        crossEntropy(model(x), labels)
      }
    case "gpt":
      let model = GPT(vocabulary: 65, context: 256, layers: 6, block: .gpt2(384, heads: 6))
      let tokens = Steps.tokens([8, 257], below: 65, 1)
      let (x, y) = (tokens[0..., 0..<256] + 0, tokens[0..., 1...] + 0)
      try self.init(
        model, AdamW(model, learningRate: 1e-3), [x, y], items: 8 * 256, precision
      ) {
        crossEntropy(model(x), y)
      }
    case "gpt2":
      let model = Steps.gpt2
      let tokens = Steps.tokens([4, 65], below: 50257, 1)
      let (x, y) = (tokens[0..., 0..<64] + 0, tokens[0..., 1...] + 0)
      try self.init(
        model, AdamW(model, learningRate: 1e-4), [x, y], items: 4 * 64, precision
      ) {
        crossEntropy(model(x), y)
      }
    case "cnn":
      let model = Sequential(
        Conv(1, 32, window: 3), Activation.relu, Conv(32, 64, window: 3), Activation.relu,
        MaxPool(2), Flatten(), Linear(9216, 128), Activation.relu, Linear(128, 10))
      let x = Steps.normal([64, 28, 28, 1], 1)
      let labels = Tensor((0..<64).map { Int32(($0 * 7 + 3) % 10) })
      let optimizer = Adam(model, learningRate: 1e-3)
      try self.init(model, optimizer, [x, labels], items: 64, precision) {
        crossEntropy(model(x), labels)
      }
    case "resnet":
      let model = ResNet(outputs: 10)
      let x = Steps.normal([32, 32, 32, 3], 1)
      let labels = Tensor((0..<32).map { Int32(($0 * 7 + 3) % 10) })
      let optimizer = SGD(model, learningRate: 0.1, momentum: 0.9)
      try self.init(model, optimizer, [x, labels], items: 32, precision) {
        crossEntropy(model(x), labels)
      }
    default:
      let model = Sequential(
        Linear(1024, 4096), Activation.gelu, Linear(4096, 4096), Activation.gelu,
        Linear(4096, 1024))
      let (x, y) = (Steps.normal([256, 1024], 1), Steps.normal([256, 1024], 2))
      let optimizer = SGD(model, learningRate: 1e-3, momentum: 0.9)
      try self.init(model, optimizer, [x, y], items: 256, precision) {
        squaredError(model(x).cast(to: .float32), y)
      }
    }
  }

  private static var gpt2: GPT {
    GPT(vocabulary: 50257, context: 1024, layers: 12, block: .gpt2(768, heads: 12))
  }

  /// One sequence that goes on from a prompt of 130 tokens, and begins anew before its caches have
  /// to grow: so one plan serves the steps.
  private init(generating precision: DType?) throws {
    let model = Steps.gpt2
    model.initialize(seed: 0)
    try model.prepare()
    let prompt = (0..<130).map { Int32($0 * 367) }
    let end = 250
    var generator: Generator?
    items = 1
    bytesRead = Steps.bytesRead(
      model, places: (prompt.count + end) / 2, elementSize: (precision ?? .float32).byteCount)
    prepare = {
      if let generator, generator.tokens.count < end { return }
      var fresh = Generator(model, prompt: prompt, precision: precision)
      // The prompt is read, and the caches grow.
      for _ in 0..<2 { _ = try fresh.next() }
      generator = fresh
    }
    run = { _ = try generator?.next() }
  }

  /// The bytes of the weights that a token takes, and of the keys and values of the places before
  /// it. Of the positions one is looked up; norms and biases stay float32.
  private static func bytesRead(_ model: GPT, places: Int, elementSize: Int) -> Double {
    let positions = model.positions?.weight
    let weights = model.parameters().filter { $0 !== positions }.reduce(0) {
      $0 + $1.count * ($1.shape.rank > 1 ? elementSize : 4)
    }
    let cached = model.blocks.reduce(0) {
      $0 + 2 * places * $1.attention.keyValueHeads * $1.attention.headWidth * elementSize
    }
    return Double(weights + cached)
  }

  /// Whole numbers as tokens.
  private static func integers(_ count: Int, below limit: Int, _ seed: Int) -> Tensor {
    Tensor((0..<count).map { Int32(($0 * 7919 + $0 / 13 * 104_729 + seed * 31) % limit) })
  }

  private static func normal(_ shape: Shape, _ seed: UInt64) -> Tensor {
    .normal(shape, key: RandomKey(seed: seed))
  }

  private static func tokens(_ shape: Shape, below count: Int32, _ seed: UInt64) -> Tensor {
    .integers(shape, in: 0..<count, key: RandomKey(seed: seed))
  }

  private init(
    _ model: some Module, _ optimizer: some Optimizer, _ data: [Tensor], items: Double,
    _ precision: DType?, _ loss: @escaping () -> Loss
  ) throws {
    self.items = items
    bytesRead = nil
    prepare = {}
    model.initialize(seed: 0)
    try model.prepare()
    try evaluate(data)
    // As the training loop does, the model is looked through once.
    let parameters = model.parameters()
    var number = 0
    run = {
      let gradients = try Context.training(seed: 0, step: number, precision: precision) {
        try valueAndGradient(of: parameters, loss).gradients
      }
      try optimizer.update(gradients)
      number += 1
    }
  }
}

/// The network of `lstm`.
private struct CharacterModel: Module {
  let embedding = Embedding(65, 128)
  let recurrent = Recurrent(.lstm, inputs: 128, units: 256)
  let head = Linear(256, 65)

  func callAsFunction(_ x: Tensor) -> Tensor { head(recurrent(embedding(x)).outputs) }
}
