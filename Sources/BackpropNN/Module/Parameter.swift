// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
import Synchronization

/// A tensor of a model that is trained: a shape and an initializer until somebody needs the value.
///
/// The object's identity is what ties weights, and what gradients and an optimizer's slots are kept
/// by. Initial values are drawn from the seed and the parameter's path in the model, so adding a
/// layer elsewhere does not change them. A parameter that is used before a model was initialized
/// or given to an optimizer has no path yet; it is drawn by the order of creation.
public final class Parameter: Sendable {
  /// The sizes of the axes, known before the value is.
  public let shape: Shape
  /// The type of the elements.
  public let dtype: DType

  private struct State {
    var tensor: Tensor?
    var initializer: Initializer
    var path = ""
    var seed: UInt64 = 0
    var isFrozen = false
    var traces: UInt64 = 0
  }
  private let state: Mutex<State>
  private let creation: UInt64
  private let source: Source?

  /// Another parameter that the first value is made of.
  private struct Source: Sendable {
    let origin: Parameter
    let make: @Sendable (Tensor) -> Tensor
  }

  /// A parameter whose first value an initializer will draw.
  public init(_ shape: Shape, dtype: DType = .float32, initializer: Initializer) {
    self.shape = shape
    self.dtype = dtype
    creation = Creation.next()
    source = nil
    state = Mutex(State(initializer: initializer))
  }

  /// A parameter whose first value is made of another's when it is first needed.
  public init(
    _ shape: Shape, from origin: Parameter, _ make: @escaping @Sendable (Tensor) -> Tensor
  ) {
    self.shape = shape
    dtype = .float32
    creation = Creation.next()
    source = Source(origin: origin, make: make)
    state = Mutex(State(initializer: .zeros))
  }

  /// A parameter with a given first value.
  public init(_ tensor: Tensor) {
    shape = tensor.shape
    dtype = tensor.dtype
    creation = Creation.next()
    source = nil
    state = Mutex(State(tensor: tensor.asLeaf, initializer: .given(tensor)))
  }

  /// The current value: the same tensor until an update replaces it.
  public var value: Tensor {
    state.withLock { state in state.tensor ?? draw(&state) }
  }

  /// The current value; nil where the parameter is frozen.
  var valueIfTrained: Tensor? {
    state.withLock { state in state.isFrozen ? nil : state.tensor ?? draw(&state) }
  }

  private func draw(_ state: inout State) -> Tensor {
    let tensor: Tensor
    if let source {
      tensor = source.make(source.origin.value).stopGradient()
    } else {
      let root = RandomKey(seed: state.seed)
      let key = state.path.isEmpty ? root.folded(creation) : root.folded(state.path)
      tensor = state.initializer(shape, key: key).cast(to: dtype).asLeaf
    }
    state.tensor = tensor
    return tensor
  }

  /// Whether the parameter is left out of gradients and updates.
  public var isFrozen: Bool { state.withLock { $0.isFrozen } }

  /// The dotted path in the model that was initialized or given to an optimizer last; empty before.
  public var path: String { state.withLock { $0.path } }

  /// The number of elements.
  public var count: Int { shape.count }

  /// Whether a value exists already: drawn, loaded or trained.
  package var hasValue: Bool { state.withLock { $0.tensor != nil } }

  /// Makes `tensor` the value. Nothing is copied or computed.
  ///
  /// - Precondition: shape and type are those of the parameter.
  package func replace(_ tensor: Tensor) {
    precondition(
      tensor.shape == shape && tensor.dtype == dtype,
      "a parameter \(shape) \(dtype) cannot become \(tensor.shape) \(tensor.dtype)")
    state.withLock { $0.tensor = tensor }
  }

  package func setFrozen(_ isFrozen: Bool) { state.withLock { $0.isFrozen = isFrozen } }

  /// Names the parameter; a value that is drawn later depends on the name.
  package func name(_ path: String) { state.withLock { $0.path = path } }

  /// Forgets the value: the next use draws it again, from this seed and path.
  package func reset(seed: UInt64, path: String) {
    state.withLock {
      $0.tensor = nil
      $0.seed = seed
      $0.path = path
    }
  }

  /// How often this was asked before: the step of a training without a ``Context``.
  func nextTrace() -> UInt64 {
    state.withLock {
      $0.traces += 1
      return $0.traces - 1
    }
  }

  /// A parameter of its own with the same value, initializer, path and state of freezing; `copied`
  /// tells the copies of others.
  func copy(_ copied: (Parameter) -> Parameter) -> Parameter {
    let old = state.withLock { $0 }
    let copy =
      source.map { Parameter(shape, from: copied($0.origin), $0.make) }
      ?? Parameter(shape, dtype: dtype, initializer: old.initializer)
    copy.state.withLock { $0 = old }
    if old.tensor == nil, old.path.isEmpty { copy.replace(value) }
    return copy
  }
}

/// The order in which parameters and places were created, for those that have no path.
enum Creation {
  private static let count = Atomic<UInt64>(0)
  static func next() -> UInt64 { count.add(1, ordering: .relaxed).newValue }
}
