// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A growing list of plain bits with one owner, for what is filled and emptied in every step: an
/// array checks at each access that nobody else holds it.
package struct Pile<Element: BitwiseCopyable>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  private var capacity: Int
  package private(set) var count = 0

  package init(capacity: Int = 256) {
    self.capacity = capacity
    base = .allocate(capacity: capacity)
  }

  deinit { base.deallocate() }

  @inline(__always)
  package mutating func append(_ element: Element) {
    if count == capacity { grow() }
    (base + count).initialize(to: element)
    count += 1
  }

  @inline(never)
  private mutating func grow() {
    let wider = UnsafeMutablePointer<Element>.allocate(capacity: 2 * capacity)
    wider.initialize(from: base, count: count)
    base.deallocate()
    base = wider
    capacity *= 2
  }

  @inline(__always) package var last: Element? { count == 0 ? nil : base[count - 1] }

  @inline(__always) package mutating func removeLast() { count -= 1 }

  /// Empties the pile and keeps its memory.
  @inline(__always) package mutating func removeAll() { count = 0 }

  @inline(__always)
  package subscript(index: Int) -> Element {
    get {
      assert(index >= 0 && index < count)
      return base[index]
    }
    set {
      assert(index >= 0 && index < count)
      base[index] = newValue
    }
  }

  @inline(__always)
  package var elements: UnsafeBufferPointer<Element> {
    UnsafeBufferPointer(start: base, count: count)
  }
}

extension Pile where Element == UInt64 {
  /// Whether the elements are those of an array.
  package func isEqual(to array: [UInt64]) -> Bool {
    guard array.count == count else { return false }
    return array.withUnsafeBufferPointer { array in
      var difference: UInt64 = 0
      for index in 0..<count { difference |= array[index] ^ base[index] }
      return difference == 0
    }
  }
}
