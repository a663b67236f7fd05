// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropData
import BackpropGraph
import BackpropRuntime
import BackpropTraining
import Testing

@Suite("Loaders")
struct LoaderTests {
  private let examples = Examples(
    features: DataArray(shape: [5, 2], storage: .float((0..<10).map(Float.init))),
    targets: DataArray(shape: [5], storage: .int([0, 1, 2, 3, 4])))

  @Test func everyExampleComesOnceInAnEpoch() throws {
    let loader = try Loader(examples, batchSize: 2, seed: 1)
    var orders: [[Int32]] = []
    for epoch in 0..<3 {
      var order: [Int32] = []
      var counts: [Int] = []
      for batch in loader.batches(epoch: epoch) {
        let targets = try #require(batch.targets).array(of: Int32.self)
        let features = try batch.features.array()
        #expect(features == targets.flatMap { [Float(2 * $0), Float(2 * $0 + 1)] })
        counts.append(batch.count)
        order += targets
      }
      #expect(counts == [2, 2, 1])
      #expect(order.sorted() == [0, 1, 2, 3, 4])
      orders.append(order)
    }
    #expect(Set(orders).count > 1, "the order is that of the epoch")
    let again = try Loader(examples, batchSize: 2, seed: 1).batches(epoch: 2).flatMap {
      try $0.targets?.array(of: Int32.self) ?? []
    }
    #expect(again == orders[2])
  }

  @Test func theWholeIsInTheOrderOfTheData() throws {
    let whole = try Loader(examples, batchSize: 2).whole
    #expect(whole.count == 5)
    #expect(try whole.features.array() == (0..<10).map(Float.init))
  }

  @Test func aBatchOfTextsIsAsLongAsItsLongest() throws {
    // Of 30 places as many are used as the number of the text says.
    let counts = [3, 8, 9, 30, 0]
    let rows = counts.flatMap { count in (0..<30).map { Int32($0 < count ? 5 : 0) } }
    let texts = Examples(
      features: DataArray(shape: [5, 30], storage: .int(rows), padding: 0),
      targets: DataArray(shape: [5], storage: .int([0, 1, 2, 3, 4])))
    #expect((0..<5).map { texts.features.length(of: $0) } == counts)
    #expect(texts.examples(at: [2, 0]).features.length(of: 0) == 9)
    let batches = Array(try Loader(texts, batchSize: 2, shuffles: false).batches(epoch: 0))
    #expect(batches.map(\.features.shape) == [[2, 8], [2, 30], [1, 8]])
    let first = try #require(batches.first).features
    #expect(try first.array(of: Int32.self) == [5, 5, 5, 0, 0, 0, 0, 0] + rows[30..<38])
    // Those of similar length together take fewer places.
    func places(_ isGrouped: Bool, epoch: Int) throws -> Int {
      try Loader(texts, batchSize: 2, groupsByLength: isGrouped).batches(epoch: epoch)
        .reduce(0) { $0 + $1.features.shape[1] }
    }
    var (grouped, chance) = (0, 0)
    for epoch in 0..<8 {
      grouped += try places(true, epoch: epoch)
      chance += try places(false, epoch: epoch)
    }
    #expect(grouped < chance)
    #expect(try Loader(texts, batchSize: 2).whole.features.shape == [5, 30])
  }

  @Test func aBatchLargerThanTheDataIsRefused() {
    let error = #expect(throws: DataError.self) { try Loader(examples, batchSize: 6) }
    #expect(error?.description.contains("choose a batch of at most 5") == true)
  }
}
