// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData
import BackpropGraph
public import BackpropNN

/// The training loop: epochs of steps in an order that follows from seed and epoch, validation
/// after each, and the best weights at the end.
///
/// A step writes down loss, gradients and update as one graph and computes them in one plan; its
/// loss is added up there and read a few times a second at most. The loop knows no screen: it
/// tells ``EventListener``s what happens.
public final class Trainer {
  /// The model that is trained.
  public let model: any Module
  /// What turns gradients into new weights.
  public let optimizer: any Optimizer
  /// What the model is trained for.
  public let goal: TrainingGoal
  /// How the loop goes through the examples.
  public let options: TrainingOptions
  /// Where the training stands.
  public package(set) var progress = TrainingProgress()

  /// Called when the state is to be saved: between steps as often as it costs little, when the
  /// training is asked to stop, and at the end, when `progress.isComplete`.
  public var save: ((Trainer) throws -> Void)?
  /// Asked before each step whether to stop there; the training can be resumed later.
  public var shouldStop: () -> Bool = { false }
  private var listeners: [any EventListener] = []

  let table: ModuleTable
  let parameters: [Parameter]
  /// The best weights so far, as the validation saw them; nil before the first comparison.
  package var best: Weights?
  /// Seconds since this trainer was made.
  let watch = Stopwatch()
  private var lastSave = 0.0
  /// Seconds that the last save took; at first a guess.
  private var saveCost = 0.002
  var guardian = Guardian()
  /// What was asked of the last step of the running epoch.
  var epochEnd: EpochEnd?
  var examplesPerSecond = 0.0
  /// What was warned of already.
  var told: Set<String> = []

  /// A training of a model by an optimizer that was made for it.
  public init(
    _ model: some Module, optimizer: some Optimizer, goal: TrainingGoal, options: TrainingOptions
  ) {
    self.model = model
    self.optimizer = optimizer
    self.goal = goal
    self.options = options
    table = model.table
    parameters = table.parameters.map(\.parameter)
  }

  /// Adds a listener for events.
  public func listen(_ listener: any EventListener) { listeners.append(listener) }

  /// Tells every listener.
  package func tell(_ event: Event) {
    for listener in listeners { listener.hear(event) }
  }

  var isProgressWanted: Bool { listeners.contains { $0.wantsProgress } }

  /// Trains from where ``progress`` stands to the end, or until somebody asks to stop.
  ///
  /// Afterwards the model has the best weights where there is a validation part, else the last.
  ///
  /// - Returns: true if the training is complete, false if it was asked to stop.
  /// - Throws: a ``TrainingError`` when the loss is no number any more; what `save` throws; what
  ///   went wrong while computing.
  @discardableResult
  public func train(on training: Examples, validation: Examples? = nil) throws -> Bool {
    let order = try BatchOrder(
      count: training.count, batchSize: options.batchSize, seed: options.seed,
      groupingBy: options.groupsByLength ? training.paddedLengths : nil)
    let run = EpochRun(order: order, training: training)
    try checkProgress(order)
    lastSave = watch.seconds
    while !progress.isComplete {
      let place = order.place(ofPosition: progress.position)
      guard try runSteps(ofEpoch: place.epoch, from: place.batch, run) else {
        let stop = Event.Stop(
          reason: .interrupted, epoch: place.epoch, bestEpoch: progress.bestEpoch)
        tell(.stopped(stop))
        try save?(self)
        return false
      }
      try finishEpoch(place.epoch, order, validation)
      if !progress.isComplete, isSaveDue { try saveNow() }
    }
    best?.install(in: table)
    try save?(self)
    return true
  }

  /// Whether it is time to save: saving takes at most a fiftieth of the time, and no more than
  /// `secondsBetweenSaves` are ever lost.
  var isSaveDue: Bool {
    save != nil && watch.seconds - lastSave >= min(options.secondsBetweenSaves, 50 * saveCost)
  }

  /// Saves the state and looks how long that takes.
  func saveNow() throws {
    let start = watch.seconds
    try save?(self)
    lastSave = watch.seconds
    saveCost = lastSave - start
  }

  /// Refuses a state that no training by these options can be in.
  private func checkProgress(_ order: BatchOrder) throws {
    let place = order.place(ofPosition: progress.position)
    guard
      progress.isComplete
        || (place.epoch < options.epochs && place.epoch == progress.epochsDone
          && progress.lossCount == place.batch * order.batchSize
          && progress.bestEpoch.map { (1...place.epoch + 1).contains($0) } ?? true)
    else {
      throw TrainingError(
        what: "the saved state stands at step \(progress.position) after "
          + "\(progress.epochsDone) epochs, where a training of \(options.epochs) epochs with "
          + "\(order.batchesPerEpoch) steps each never is",
        remedy: "begin anew")
    }
  }
}

/// What all epochs of a training share.
struct EpochRun {
  let order: BatchOrder
  let training: Examples

  /// The examples as an epoch sees them.
  func source(epoch: Int) -> BatchSource {
    BatchSource(training, shift: training.shift(seed: order.seed, epoch: epoch))
  }
}
