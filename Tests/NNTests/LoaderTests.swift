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

  @Test func aBatchLargerThanTheDataIsRefused() {
    let error = #expect(throws: DataError.self) { try Loader(examples, batchSize: 6) }
    #expect(error?.description.contains("choose a batch of at most 5") == true)
  }
}
