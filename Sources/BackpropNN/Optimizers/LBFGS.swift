// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropGraph
import Synchronization

/// Quasi-Newton steps from the last few changes of position and gradient (D. Liu, J. Nocedal, "On
/// the limited memory BFGS method for large scale optimization", 1989). As in PyTorch, but with a
/// line search unless told otherwise.
///
/// For small problems whose loss is computed over all examples at once: a step evaluates it several
/// times, so it must be the same function each time. Dropout therefore draws the same mask all
/// through a step. A step is taken by `step(_:)` or `minimize(iterations:_:)` of BackpropTraining,
/// which may evaluate; this is no ``Optimizer``, whose updates are written down before any value is
/// known.
///
///     let optimizer = LBFGS(model)
///     let minimum = try optimizer.minimize { crossEntropy(model(x), labels) }
///
/// Extra memory: 2 · history + 4 vectors of the size of all trained parameters, in float32.
public struct LBFGS: Sendable {
  /// How far to go along a direction.
  public enum LineSearch: Hashable, Sendable {
    /// As far as the strong Wolfe conditions ask for; the learning rate is the first guess.
    case strongWolfe
    /// By the learning rate.
    case fixed
  }

  /// The length of a step along the quasi-Newton direction, or the first guess at it. The very
  /// first direction is the negative gradient, scaled down to a 1-norm of at most 1.
  public let learningRate: Double
  /// Directions that one call of `step` takes at most.
  public let iterations: Int
  /// Evaluations of the loss after which a call of `step` ends.
  public let evaluations: Int
  /// Changes of position and gradient that are remembered.
  public let history: Int
  /// Where no element of the gradient is larger, the minimum is reached.
  public let gradientTolerance: Double
  /// Where the loss, or every parameter, changes by less than this, nothing is gained any more.
  public let changeTolerance: Double
  /// How far to go along a direction.
  public let lineSearch: LineSearch

  /// The parameters, frozen ones included, each once.
  package let parameters: [Parameter]
  package let buffers: [Buffer]

  /// What is known from earlier directions.
  package struct Memory: Sendable {
    package var curvature = Curvature()
    /// The last direction and how far it was gone along.
    package var direction: Tensor?
    package var length = 0.0
    /// Where the last direction began: the gradient there.
    package var gradient: Tensor?
    /// The parameters that all of this is about.
    package var trained: [ObjectIdentifier] = []
    /// Directions and evaluations since the start.
    package var iterations = 0
    package var evaluations = 0

    package init() {}
  }
  private final class Cell: Sendable {
    let memory = Mutex(Memory())
  }
  private let cell = Cell()

  /// An optimizer for a model's parameters.
  ///
  /// - Parameters:
  ///   - iterations: directions that one call of `step` takes at most.
  ///   - evaluations: the most evaluations of the loss in a call of `step`; nil: 5/4 of `iterations`.
  ///   - history: changes that are remembered.
  public init(
    _ model: some Module, learningRate: Double = 1, iterations: Int = 20, evaluations: Int? = nil,
    history: Int = 100, gradientTolerance: Double = 1e-7, changeTolerance: Double = 1e-9,
    lineSearch: LineSearch = .strongWolfe
  ) {
    precondition(learningRate > 0, "the learning rate is above 0, not \(learningRate)")
    precondition(iterations > 0, "a step takes at least one direction, not \(iterations)")
    precondition(history > 0, "at least one change is remembered, not \(history)")
    let table = model.named()
    parameters = table.parameters.map(\.parameter)
    buffers = table.buffers.map(\.buffer)
    self.learningRate = learningRate
    self.iterations = iterations
    self.evaluations = evaluations ?? iterations * 5 / 4
    self.history = history
    self.gradientTolerance = gradientTolerance
    self.changeTolerance = changeTolerance
    self.lineSearch = lineSearch
  }

  /// Directions taken since the start.
  public var iterationsSoFar: Int { memory.iterations }

  /// Evaluations of the loss since the start.
  public var evaluationsSoFar: Int { memory.evaluations }

  package var memory: Memory {
    get { cell.memory.withLock { $0 } }
    nonmutating set { cell.memory.withLock { $0 = newValue } }
  }
}
