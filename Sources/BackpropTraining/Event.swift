// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A fact that the training loop reports. Screens and files are listeners.
public enum Event: Sendable {
  /// Training begins, or goes on where it was stopped.
  case started(Started)
  /// Some steps were made; reported a few times a second, and only if somebody listens for it.
  case progress(Progress)
  /// An epoch is complete and validated.
  case epoch(EpochReport)
  /// Something that a person should know, as a sentence with the remedy.
  case warning(String)
  /// Training ends before its last epoch, and why.
  case stopped(Stop)
  /// All is done: trained, tested and saved.
  case done(Done)

  /// What is known when training begins.
  public struct Started: Hashable, Sendable {
    /// The name of the recipe or model.
    public var name: String
    /// The run's folder; nil where nothing is saved.
    public var run: String?
    /// Trainable parameters.
    public var parameters: Int
    /// Training examples.
    public var examples: Int
    /// Validation examples.
    public var validationExamples: Int
    /// Epochs in all.
    public var epochs: Int
    /// Steps in an epoch.
    public var stepsPerEpoch: Int
    /// Steps done before, by the run that is resumed; 0 at the start.
    public var position: Int

    /// Puts the facts together.
    public init(
      name: String, run: String? = nil, parameters: Int, examples: Int, validationExamples: Int,
      epochs: Int, stepsPerEpoch: Int, position: Int = 0
    ) {
      self.name = name
      self.run = run
      self.parameters = parameters
      self.examples = examples
      self.validationExamples = validationExamples
      self.epochs = epochs
      self.stepsPerEpoch = stepsPerEpoch
      self.position = position
    }
  }

  /// How far an epoch has come.
  public struct Progress: Hashable, Sendable {
    /// The epoch, counted from 1.
    public var epoch: Int
    /// Steps done in this epoch.
    public var step: Int
    /// Examples per second, over the last second or so.
    public var examplesPerSecond: Double
    /// The mean loss of the epoch so far.
    public var loss: Double
    /// Seconds until the last epoch would be complete.
    public var secondsLeft: Double
  }

  /// Why training ended before its last epoch.
  public struct Stop: Hashable, Sendable {
    /// The kinds of ending.
    public enum Reason: Hashable, Sendable {
      /// Nothing better was found for this many epochs.
      case noImprovement(epochs: Int)
      /// Somebody asked for it; the run can be resumed.
      case interrupted
    }
    /// Why.
    public var reason: Reason
    /// The last complete epoch.
    public var epoch: Int
    /// The epoch whose weights are kept; nil where none was compared.
    public var bestEpoch: Int?
  }

  /// The end of a run.
  public struct Done: Hashable, Sendable {
    /// The figures on the test part; nil where there is none.
    public var test: Metrics?
    /// The run's folder; nil where nothing was saved.
    public var run: String?
    /// Seconds since the program started.
    public var seconds: Double
    /// The most memory that was resident at one time, in MiB.
    public var peakMemory: Int

    /// Puts the facts together.
    public init(test: Metrics?, run: String?, seconds: Double, peakMemory: Int) {
      self.test = test
      self.run = run
      self.seconds = seconds
      self.peakMemory = peakMemory
    }
  }
}

/// The figures of a complete epoch.
public struct EpochReport: Hashable, Sendable {
  /// The epoch, counted from 1.
  public var epoch: Int
  /// The mean loss over the epoch's steps, as the weights changed.
  public var train: Metrics
  /// Loss and metrics on the validation part after the epoch; nil without one.
  public var validation: Metrics?
  /// The learning rate of the epoch's last step.
  public var learningRate: Double
  /// Examples per second in the epoch's steps.
  public var examplesPerSecond: Double
  /// Whether these are the best weights so far.
  public var isBest: Bool
  /// The gradient norm of each layer in the epoch's last step, in the order of the model.
  public var gradientNorms: [LayerNorm]
  /// Seconds since the program started.
  public var seconds: Double

  /// A layer's parameter and the size of its gradient.
  public struct LayerNorm: Hashable, Sendable {
    /// The parameter's path.
    public var path: String
    /// The Euclidean norm of its gradient.
    public var norm: Double

    /// Puts the facts together.
    public init(path: String, norm: Double) {
      self.path = path
      self.norm = norm
    }
  }
}

/// Whoever wants to hear events.
public protocol EventListener: AnyObject {
  /// Whether the listener wants `progress`, which costs a read of the loss a few times a second.
  var wantsProgress: Bool { get }
  /// Is told of an event, in order, on the training's thread.
  func hear(_ event: Event)
}
