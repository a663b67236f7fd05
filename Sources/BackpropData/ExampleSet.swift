// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Examples by the bytes of their features and codes, to find equal ones.
struct ExampleSet {
  private let examples: Examples
  // Open addressing; 0 is an empty place, else the number plus one.
  private var places: [Int32]
  private let hashes: [UInt64]

  init(_ examples: Examples) {
    self.examples = examples
    var size = 64
    while size < 2 * examples.count { size *= 2 }
    places = [Int32](repeating: 0, count: size)
    hashes = ExampleSet.hashes(examples)
  }

  /// Inserts all examples; counts those that were there before, those of them whose target was
  /// another, and those that have an equal one before or after them.
  mutating func insertAll() -> (duplicates: Int, conflicts: Int, twins: Int) {
    var (duplicates, conflicts) = (0, 0)
    var hasTwin = [Bool](repeating: false, count: examples.count)
    for example in 0..<examples.count {
      let place = find(hashes[example], examples, example)
      if places[place] == 0 {
        places[place] = Int32(example + 1)
      } else {
        let twin = Int(places[place]) - 1
        duplicates += 1
        (hasTwin[twin], hasTwin[example]) = (true, true)
        if !hasSameTarget(twin, example) { conflicts += 1 }
      }
    }
    return (duplicates, conflicts, hasTwin.count { $0 })
  }

  /// How many of other examples are in the set.
  func count(of others: Examples) -> Int {
    guard others.features.exampleShape == examples.features.exampleShape else { return 0 }
    return ExampleSet.hashes(others).enumerated().count { example, hash in
      places[find(hash, others, example)] != 0
    }
  }

  private func hasSameTarget(_ a: Int, _ b: Int) -> Bool {
    ExampleSet.areEqual(examples.targets, a, examples.targets, b)
  }

  private func find(_ hash: UInt64, _ others: Examples, _ other: Int) -> Int {
    var place = Int(truncatingIfNeeded: hash & UInt64(places.count - 1))
    while places[place] != 0 {
      let example = Int(places[place]) - 1
      if hashes[example] == hash
        && ExampleSet.areEqual(examples.features, example, others.features, other)
        && ExampleSet.areEqual(examples.codes, example, others.codes, other)
      {
        break
      }
      place = (place + 1) & (places.count - 1)
    }
    return place
  }

  private static func areEqual(_ a: DataArray?, _ i: Int, _ b: DataArray?, _ j: Int) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    let size = a.exampleSize * a.elementSize
    return a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in
        a[i * size..<(i + 1) * size].elementsEqual(b[j * size..<(j + 1) * size])
      }
    }
  }

  private static func hashes(_ examples: Examples) -> [UInt64] {
    var hashes = [UInt64](repeating: 0x9e37_79b9_7f4a_7c15, count: examples.count)
    for array in [examples.features, examples.codes].compactMap({ $0 }) {
      let size = array.exampleSize * array.elementSize
      array.withUnsafeBytes { bytes in
        for example in 0..<examples.count {
          var hash = hashes[example]
          var offset = example * size
          let end = offset + size
          while offset + 8 <= end {
            hash = mixed(hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
          }
          while offset < end {
            hash = mixed(hash ^ UInt64(bytes[offset]))
            offset += 1
          }
          hashes[example] = hash
        }
      }
    }
    return hashes
  }

  /// A 128-bit product folded, as in wyhash (Wang Yi, 2019).
  private static func mixed(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
    return product.high ^ product.low
  }
}
