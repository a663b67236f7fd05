// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Texts numbered in the order they were added, found by their bytes without making a `String`.
struct CategoryIndex: Sendable {
  private(set) var names: [[UInt8]] = []
  private(set) var counts: [Int] = []
  // Open addressing; 0 is an empty place, else the number plus one.
  private var places = [Int32](repeating: 0, count: 64)

  init() {}

  init(_ texts: [String]) {
    for text in texts { Array(text.utf8).withUnsafeBufferPointer { _ = add($0) } }
  }

  /// The number of `text`, or nil.
  func find(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    let number = Int(places[place(of: text)])
    return number == 0 ? nil : number - 1
  }

  /// Counts `text` and returns its number, a new one if it is new.
  mutating func add(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    var place = place(of: text)
    if places[place] == 0 {
      if 2 * (names.count + 1) > places.count {
        grow()
        place = self.place(of: text)
      }
      names.append(Array(text))
      counts.append(0)
      places[place] = Int32(names.count)
    }
    let number = Int(places[place]) - 1
    counts[number] += 1
    return number
  }

  /// The texts in the order of their bytes, or of their values where all are numbers.
  func sorted(_ isKept: (Int) -> Bool, byValue: [Double]?) -> [String] {
    let kept = names.indices.filter(isKept)
    let order =
      if let values = byValue {
        kept.sorted { (values[$0], $0) < (values[$1], $1) }
      } else {
        kept.sorted { names[$0].lexicographicallyPrecedes(names[$1]) }
      }
    return order.map { String(decoding: names[$0], as: UTF8.self) }
  }

  private func place(of text: UnsafeBufferPointer<UInt8>) -> Int {
    // FNV-1a (G. Fowler, L. Noll, K. Vo), 64 bits, folded.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var place = Int(truncatingIfNeeded: (hash ^ hash >> 32) & UInt64(places.count - 1))
    while places[place] != 0 {
      let name = names[Int(places[place]) - 1]
      if name.count == text.count && name.elementsEqual(text) { break }
      place = (place + 1) & (places.count - 1)
    }
    return place
  }

  private mutating func grow() {
    places = [Int32](repeating: 0, count: 2 * places.count)
    for (number, name) in names.enumerated() {
      let place = name.withUnsafeBufferPointer { self.place(of: $0) }
      places[place] = Int32(number + 1)
    }
  }
}
