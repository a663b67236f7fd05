// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The running averages that an optimizer keeps for a parameter: at most three tensors of its
/// shape, nil before the first step.
public struct Slots: Sendable {
  /// The first slot.
  public var first: Tensor?
  /// The second slot.
  public var second: Tensor?
  /// The third slot.
  public var third: Tensor?

  /// Slots with given values.
  public init(_ first: Tensor? = nil, _ second: Tensor? = nil, _ third: Tensor? = nil) {
    self.first = first
    self.second = second
    self.third = third
  }

  subscript(_ index: Int) -> Tensor? {
    get { index == 0 ? first : (index == 1 ? second : third) }
    set {
      switch index {
      case 0: first = newValue
      case 1: second = newValue
      default: third = newValue
      }
    }
  }
}

/// What turns parameters and gradients into new parameters. It computes nothing and knows no device;
/// `update(_:_:)` in BackpropTraining evaluates what it writes down.
///
/// Where PyTorch has an optimizer of the name, this one follows its conventions.
public protocol Optimizer: Sendable {
  /// Step count, slots, schedule and groups, and the rule by which a parameter moves.
  var state: OptimizerState { get }
}

/// How gradients are clipped before an update.
public enum Clipping: Hashable, Sendable {
  /// Each element into −limit ... limit.
  case value(Float)
  /// All gradients together, to a common norm of at most the limit.
  case norm(Float)
  /// Each parameter's gradient, to a norm of at most the limit.
  case layer(Float)
}

/// Parameters that are trained with settings of their own, chosen by a glob over paths.
public struct ParameterGroup: Sendable {
  /// Which parameters; see ``Glob``. The first group that matches counts.
  public let glob: String
  /// A schedule of their own; nil: the optimizer's.
  public var learningRate: LearningRate?
  /// What the learning rate is multiplied by.
  public var factor: Double
  /// The strength of an L1 penalty; nil: the optimizer's.
  public var l1: Double?
  /// The strength of an L2 penalty; nil: the optimizer's.
  public var l2: Double?
  /// The strength of decoupled weight decay; nil: the optimizer's.
  public var weightDecay: Double?

  /// A group of the parameters that match a glob.
  public init(
    _ glob: String, learningRate: LearningRate? = nil, factor: Double = 1, l1: Double? = nil,
    l2: Double? = nil, weightDecay: Double? = nil
  ) {
    self.glob = glob
    self.learningRate = learningRate
    self.factor = factor
    self.l1 = l1
    self.l2 = l2
    self.weightDecay = weightDecay
  }
}

/// What all optimizers have in common.
public struct OptimizerOptions: Sendable {
  /// The strength of an L1 penalty: l1 · sign(w) is added to the gradient.
  public var l1: Double
  /// How gradients are clipped first.
  public var clipping: Clipping?
  /// The decay of a moving average of the weights; nil: none is kept.
  public var averaging: Double?
  /// Parameters with settings of their own.
  public var groups: [ParameterGroup]
  /// Whether weight decay shrinks parameters with fewer than two axes too, which are biases and the
  /// gains of norms. PyTorch's optimizers do; those who train transformers rarely want it.
  public var decaysVectors: Bool

  /// Options, none by default.
  public init(
    l1: Double = 0, clipping: Clipping? = nil, averaging: Double? = nil,
    groups: [ParameterGroup] = [], decaysVectors: Bool = true
  ) {
    self.l1 = l1
    self.clipping = clipping
    self.averaging = averaging
    self.groups = groups
    self.decaysVectors = decaysVectors
  }
}
