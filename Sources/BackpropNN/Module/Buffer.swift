// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
import Synchronization

/// A tensor of a model that is not trained but belongs to it, such as running statistics.
///
/// A forward pass in training may stage a new value; it is computed with the update of the weights
/// and becomes the value then.
public final class Buffer: Sendable {
  /// The sizes of the axes.
  public let shape: Shape
  /// The type of the elements.
  public let dtype: DType

  private struct State {
    var value: Tensor?
    var staged: Tensor?
    var path = ""
  }
  private let first: First
  private let state: Mutex<State>

  /// Where the first value comes from.
  private enum First: Sendable {
    case given(Tensor)
    case made(of: Parameter, @Sendable (Tensor) -> Tensor)
  }

  /// A buffer with a first value.
  public init(_ value: Tensor) {
    shape = value.shape
    dtype = value.dtype
    first = .given(value)
    state = Mutex(State())
  }

  /// A buffer whose first value is made of a parameter's when it is first needed.
  public init(
    _ shape: Shape, from origin: Parameter, _ make: @escaping @Sendable (Tensor) -> Tensor
  ) {
    self.shape = shape
    dtype = .float32
    first = .made(of: origin, make)
    state = Mutex(State())
  }

  /// The value as of the last update.
  public var value: Tensor { state.withLock { current(&$0) } }

  /// The value that the next update will make current, or the current one.
  public var latest: Tensor { state.withLock { $0.staged ?? current(&$0) } }

  private func current(_ state: inout State) -> Tensor {
    if let value = state.value { return value }
    let value =
      switch first {
      case .given(let tensor): tensor
      case .made(let origin, let make): make(origin.value).stopGradient()
      }
    state.value = value
    return value
  }

  /// The dotted path in the model; see ``Parameter/path``.
  public var path: String { state.withLock { $0.path } }

  /// Sets the value that the next update makes current.
  public func stage(_ tensor: Tensor) {
    precondition(
      tensor.shape == shape && tensor.dtype == dtype,
      "a buffer \(shape) \(dtype) cannot become \(tensor.shape) \(tensor.dtype)")
    state.withLock { $0.staged = tensor }
  }

  /// The staged value, which is no longer staged; nil if there is none.
  package func takeStaged() -> Tensor? {
    state.withLock { state in
      defer { state.staged = nil }
      return state.staged
    }
  }

  /// Makes `tensor` the value at once.
  package func replace(_ tensor: Tensor) {
    precondition(
      tensor.shape == shape && tensor.dtype == dtype,
      "a buffer \(shape) \(dtype) cannot become \(tensor.shape) \(tensor.dtype)")
    state.withLock { $0.value = tensor }
  }

  package func name(_ path: String) { state.withLock { $0.path = path } }

  package func reset(path: String) {
    state.withLock { $0 = State(path: path) }
  }

  /// A buffer of its own with the same value; `copied` tells the copies of parameters.
  func copy(_ copied: (Parameter) -> Parameter) -> Buffer {
    let copy =
      switch first {
      case .given(let tensor): Buffer(tensor)
      case .made(let origin, let make): Buffer(shape, from: copied(origin), make)
      }
    let old = state.withLock { $0 }
    copy.state.withLock { $0 = old }
    return copy
  }
}
