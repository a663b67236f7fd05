// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropNN
import BackpropRuntime

/// One call of L-BFGS: direction after direction, each with a search along it.
struct Descent<Value: Objective> {
  /// What is known of a place.
  struct Point {
    let value: Double
    /// [n] float32, computed.
    let gradient: Tensor
    /// The largest magnitude of an element of the gradient.
    let largest: Double
    /// gradient · direction; 0 without a direction.
    let slope: Double
  }

  private let optimizer: LBFGS
  private let trained: [Parameter]
  private let number: Int
  private var memory: LBFGS.Memory
  /// The loss at the start.
  let first: Value
  /// Where the parameters are.
  private(set) var point: Point
  private(set) var iterations = 0
  private(set) var evaluations = 1

  /// Evaluates the loss where the parameters are.
  init(_ optimizer: LBFGS, _ body: () throws -> Value) throws {
    self.optimizer = optimizer
    trained = optimizer.parameters.filter { !$0.isFrozen }
    memory = optimizer.memory
    number = memory.evaluations
    let identities = trained.map(ObjectIdentifier.init)
    if memory.trained != identities {
      memory = LBFGS.Memory()
      memory.trained = identities
    }
    (first, point) = try Descent.evaluate(trained, optimizer.buffers, number, nil, body)
  }

  /// Takes directions until a limit or a tolerance is met, and makes the model's buffers current.
  mutating func run(
    iterations limit: Int, evaluations most: Int, _ body: () throws -> Value
  ) throws -> Minimum.Reason {
    defer {
      memory.evaluations += evaluations
      optimizer.memory = memory
    }
    var reason: Minimum.Reason?
    if point.largest <= optimizer.gradientTolerance || trained.isEmpty { reason = .gradient }
    while reason == nil {
      reason = try takeDirection(isLast: iterations + 1 == limit, most, body)
      if reason == nil, iterations >= limit || evaluations >= most { reason = .iterations }
    }
    let staged = optimizer.buffers.compactMap { buffer in
      buffer.takeStaged().map { (buffer, $0) }
    }
    for (buffer, value) in staged { buffer.replace(value) }
    return reason ?? .iterations
  }

  /// Moves along one direction; the reason to stop, if there is one.
  private mutating func takeDirection(
    isLast: Bool, _ most: Int, _ body: () throws -> Value
  ) throws -> Minimum.Reason? {
    try remember()
    let isFirst = memory.iterations == 0
    let direction = memory.curvature.direction(point.gradient)
    let slope = (direction * point.gradient).sum()
    let extent = direction.absolute().max()
    let sum = point.gradient.absolute().sum()
    try BackpropRuntime.evaluate([direction, slope, extent, sum])
    iterations += 1
    memory.iterations += 1
    memory.direction = direction
    memory.gradient = point.gradient
    memory.length = 0
    let steepness = Double(try slope.scalar())
    guard steepness <= -optimizer.changeTolerance else { return .change }

    let guess =
      optimizer.learningRate * (isFirst ? min(1, 1 / Double(try sum.scalar())) : 1)
    let before = point
    let width = Double(try extent.scalar())
    try move(direction, steepness, width, guess, isLast, most, body)
    if point.largest <= optimizer.gradientTolerance { return .gradient }
    let isStill = width * memory.length <= optimizer.changeTolerance
    // Without a search the loss at the end of the last direction is not known.
    let isLevel =
      abs(point.value - before.value) < optimizer.changeTolerance && !(isLast && isFixed)
    return isStill || isLevel ? .change : nil
  }

  private var isFixed: Bool { optimizer.lineSearch == .fixed }

  /// The change that the last direction brought, if there was one.
  private mutating func remember() throws {
    guard let direction = memory.direction, let gradient = memory.gradient, memory.length != 0
    else { return }
    let position = direction * Float(memory.length)
    let change = point.gradient - gradient
    let product = (change * position).sum()
    let square = (change * change).sum()
    try BackpropRuntime.evaluate([position, change, product, square])
    memory.curvature.add(
      position: position, gradient: change, product: try product.scalar(),
      square: try square.scalar(), limit: optimizer.history)
  }

  /// Moves the parameters along a direction, as far as the search says.
  private mutating func move(
    _ direction: Tensor, _ slope: Double, _ extent: Double, _ guess: Double, _ isLast: Bool,
    _ most: Int, _ body: () throws -> Value
  ) throws {
    let start = trained.map(\.value)
    let parts = zip(trained, direction.split(trained.map(\.count))).map {
      $1.reshaped(to: $0.shape)
    }
    do {
      guard !isFixed else {
        try place(start, parts, guess)
        memory.length = guess
        if !isLast {
          point = try Descent.evaluate(trained, optimizer.buffers, number, nil, body).point
          evaluations += 1
        }
        return
      }
      var search = WolfeSearch()
      search.tolerance = optimizer.changeTolerance
      search.extent = extent
      search.limit = min(25, most - evaluations)
      let (best, count) = try search(
        from: LinePoint(length: 0, value: point.value, slope: slope, content: point),
        length: guess
      ) { length in
        try place(start, parts, length)
        let point = try Descent.evaluate(trained, optimizer.buffers, number, direction, body).point
        return LinePoint(
          length: length, value: point.value, slope: point.slope, content: point)
      }
      evaluations += count
      try place(start, parts, best.length)
      memory.length = best.length
      point = best.content
    } catch {
      for (parameter, value) in zip(trained, start) { parameter.replace(value) }
      throw error
    }
  }

  /// Puts the parameters at start + length · direction.
  private func place(_ start: [Tensor], _ parts: [Tensor], _ length: Double) throws {
    let moved = zip(start, parts).map { old, part in
      (old.cast(to: .float32) + part * Float(length)).cast(to: old.dtype)
    }
    try BackpropRuntime.evaluate(moved)
    for (parameter, value) in zip(trained, moved) { parameter.replace(value) }
  }

  private static func evaluate(
    _ trained: [Parameter], _ buffers: [Buffer], _ number: Int, _ direction: Tensor?,
    _ body: () throws -> Value
  ) throws -> (value: Value, point: Point) {
    let (value, gradients) = try Context.replaying(step: number) {
      try valueAndGradient(of: trained, body)
    }
    let loss = value.mean.cast(to: .float32).reshaped(to: [])
    let flat =
      trained.isEmpty
      ? Tensor.zeros([0])
      : concatenate(gradients.tensors.map { $0.cast(to: .float32).flattened() })
    let largest = trained.isEmpty ? Tensor(0) : flat.absolute().max()
    let slope = direction.map { ($0 * flat).sum() } ?? Tensor(0)
    try BackpropRuntime.evaluate([loss, flat, largest, slope] + buffers.map(\.latest))
    return (
      value,
      Point(
        value: Double(try loss.scalar()), gradient: flat, largest: Double(try largest.scalar()),
        slope: Double(try slope.scalar()))
    )
  }
}
