// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// In which order examples are shown: a pure function of the seed and the epoch.
///
/// A position in training is therefore one integer, the number of batches done, and a run that is
/// resumed there sees what the run that was never stopped would have seen.
public struct BatchOrder: Hashable, Sendable {
  /// The number of examples.
  public let count: Int
  /// Examples in a batch; the last one of an epoch may have fewer.
  public let batchSize: Int
  /// The seed of the order.
  public let seed: UInt64
  /// Whether the order changes from epoch to epoch, or is that of the data.
  public let shuffles: Bool
  /// Whether a last batch that is not full is left out.
  public let dropsLast: Bool
  /// The lengths of the examples, if those of similar length share a batch; nil: chance decides.
  private let lengths: [Int]?

  /// Makes an order. A batch larger than the data is an error, as is one with nothing in it.
  ///
  /// - Parameter lengths: the length of each example, so that batches that are shuffled have
  ///   examples of similar lengths and little padding; nil: any examples share a batch.
  public init(
    count: Int, batchSize: Int, seed: UInt64, shuffles: Bool = true, dropsLast: Bool = false,
    groupingBy lengths: [Int]? = nil
  ) throws(DataError) {
    precondition(lengths?.count ?? count == count, "as many lengths as examples")
    guard count > 0 else {
      throw DataError(what: "there are no examples", remedy: "give data with at least one")
    }
    guard batchSize > 0 else {
      throw DataError(
        what: "a batch of \(batchSize) examples is impossible", remedy: "choose at least 1")
    }
    guard batchSize <= count else {
      throw DataError(
        what: "a batch of \(batchSize) is larger than the data (\(count) examples)",
        remedy: "choose a batch of at most \(count)")
    }
    self.count = count
    self.batchSize = batchSize
    self.seed = seed
    self.shuffles = shuffles
    self.dropsLast = dropsLast
    self.lengths = lengths
  }

  /// Batches in an epoch.
  public var batchesPerEpoch: Int {
    dropsLast ? count / batchSize : (count + batchSize - 1) / batchSize
  }

  /// All examples in the order of an epoch. Costs about 10 ns an example.
  public func order(epoch: Int) -> [Int] {
    guard shuffles else { return Array(0..<count) }
    let order = Philox.permutation(count, seed: seed, epoch: epoch, purpose: .order)
    return lengths.map { grouped(order, $0, epoch) } ?? order
  }

  /// An order in which the examples of a batch are of similar lengths: 32 batches at a time are
  /// sorted, then the batches change places. Those of a last batch that is not full stay as chance
  /// has them.
  private func grouped(_ order: [Int], _ lengths: [Int], _ epoch: Int) -> [Int] {
    let batches = count / batchSize
    var sorted = order
    for first in stride(from: 0, to: batches, by: 32) {
      let range = first * batchSize..<min(batches, first + 32) * batchSize
      // Of equally long ones the earlier first: sorting is stable in no promise.
      let places = range.sorted { (lengths[order[$0]], $0) < (lengths[order[$1]], $1) }
      for (place, other) in zip(range, places) { sorted[place] = order[other] }
    }
    let moved = Philox.permutation(batches, seed: seed, epoch: epoch, purpose: .batches)
    let full = moved.flatMap { sorted[$0 * batchSize..<($0 + 1) * batchSize] }
    return full + order[(batches * batchSize)...]
  }

  /// The places in `order(epoch:)` that make up a batch, counted from 0 in its epoch.
  public func range(ofBatch batch: Int) -> Range<Int> {
    precondition(batch >= 0 && batch < batchesPerEpoch, "an epoch has \(batchesPerEpoch) batches")
    return batch * batchSize..<min(count, (batch + 1) * batchSize)
  }

  /// Epoch and batch in it at a position: the number of batches done since the start.
  public func place(ofPosition position: Int) -> (epoch: Int, batch: Int) {
    precondition(position >= 0, "a position is not negative")
    return (position / batchesPerEpoch, position % batchesPerEpoch)
  }
}
