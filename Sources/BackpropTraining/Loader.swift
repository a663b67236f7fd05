// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropData

/// Examples in memory as batches, for a training loop of one's own.
///
///     let loader = try Loader(data.train, batchSize: 32, seed: 0)
///     for batch in loader.batches(epoch: 0) { … batch.features … batch.targets … }
///
/// The order is a pure function of seed and epoch; see ``BatchOrder``. A batch costs one copy of its
/// examples.
public struct Loader: Sendable {
  /// In which order examples are shown.
  public let order: BatchOrder
  private let examples: Examples

  /// Makes a loader of some examples.
  ///
  /// - Parameters:
  ///   - shuffles: whether the order changes from epoch to epoch, or is that of the data.
  ///   - dropsLast: whether a last batch that is not full is left out.
  ///   - groupsByLength: whether texts of similar length share a batch; see ``BatchOrder``.
  /// - Throws: a ``DataError`` if there are no examples, or fewer than a batch.
  public init(
    _ examples: Examples, batchSize: Int, seed: UInt64 = 0, shuffles: Bool = true,
    dropsLast: Bool = false, groupsByLength: Bool = false
  ) throws(DataError) {
    order = try BatchOrder(
      count: examples.count, batchSize: batchSize, seed: seed, shuffles: shuffles,
      dropsLast: dropsLast, groupingBy: groupsByLength ? examples.paddedLengths : nil)
    self.examples = examples
  }

  /// All examples as one batch, in the order of the data.
  public var whole: Batch { BatchSource(examples).batch(Array(0..<examples.count)[...]) }

  /// The batches of an epoch, each made when it is asked for.
  public func batches(epoch: Int) -> some Sequence<Batch> {
    let indices = order.order(epoch: epoch)
    let source = BatchSource(examples, shift: examples.shift(seed: order.seed, epoch: epoch))
    return (0..<order.batchesPerEpoch).lazy.map { source.batch(indices[order.range(ofBatch: $0)]) }
  }
}
