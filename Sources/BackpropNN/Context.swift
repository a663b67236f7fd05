// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
import Synchronization

/// Whether a model is being trained or used, and the random stream of the step: known to every
/// layer that runs within the task, so that two trainings can run in one process.
///
/// A gradient taken without a context counts as training with seed 0. All else counts as use.
public struct Context: Sendable {
  /// Whether layers behave as in training: dropout drops, batch norm uses the batch.
  public let isTraining: Bool
  /// The key of the step's random numbers.
  public let key: RandomKey
  /// The type in which products are computed; nil: that of their input. Weights stay float32.
  public let precision: DType?
  private let casts: CastWeights?
  private let draws: Draws?

  /// How often each place has drawn in this step.
  private final class Draws: Sendable {
    let counts = Mutex<[UInt64: UInt64]>([:])
  }

  private init(
    isTraining: Bool, key: RandomKey, precision: DType? = nil, casts: CastWeights? = nil
  ) {
    self.precision = precision
    self.casts = casts
    self.isTraining = isTraining
    self.key = key
    draws = isTraining ? Draws() : nil
  }

  @TaskLocal private static var stored: Context?

  /// The context of the current task.
  public static var current: Context { stored ?? evaluation }
  static var isSet: Bool { stored != nil }

  private static let evaluation = Context(isTraining: false, key: RandomKey(seed: 0))

  /// Runs `body` as step `step` of a training with a seed.
  public static func training<Result, Failure: Error>(
    seed: UInt64, step: Int, precision: DType? = nil, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let key = RandomKey(seed: seed).folded("step").folded(UInt64(bitPattern: Int64(step)))
    return try run(Context(isTraining: true, key: key, precision: precision), body)
  }

  /// Runs `body` with layers behaving as in use.
  public static func evaluating<Result, Failure: Error>(
    precision: DType? = nil, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try evaluating(precision: precision, keeping: nil, body)
  }

  /// The same with weights that are cast for products kept from one call to the next.
  package static func evaluating<Result, Failure: Error>(
    precision: DType?, keeping casts: CastWeights?, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let context = Context(
      isTraining: false, key: evaluation.key, precision: precision, casts: casts)
    return try run(context, body)
  }

  /// A parameter's value in the type in which products of `x` are computed.
  func value(of parameter: Parameter, for x: Tensor) -> Tensor {
    let dtype = precision ?? x.dtype
    if parameter.dtype == dtype { return parameter.value }
    return casts?.cast(parameter, to: dtype) ?? parameter.value.cast(to: dtype)
  }

  /// Runs `body` in the current context with its draws begun anew, so that a function evaluated
  /// twice in a step draws the same numbers; without a context as step `step` of a training.
  package static func replaying<Result, Failure: Error>(
    step: Int, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let stored else { return try training(seed: 0, step: step, body) }
    let again = Context(
      isTraining: stored.isTraining, key: stored.key, precision: stored.precision)
    return try run(again, body)
  }

  private static func run<Result, Failure: Error>(
    _ context: Context, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outcome = $stored.withValue(context) { () -> Swift.Result<Result, Failure> in
      do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  /// A key for a draw at a place: a function of seed, step, the place's path, and how often the
  /// place has drawn in this step.
  public func draw(at place: Place) -> RandomKey {
    let number = place.number
    let count =
      draws?.counts.withLock { counts -> UInt64 in
        let count = counts[number, default: 0]
        counts[number] = count + 1
        return count
      } ?? 0
    return key.folded(number).folded(count)
  }
}
