// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Places blocks with lifetimes in one arena, so that blocks that live at the same time don't
/// overlap: largest first, each at the lowest offset that is free during its life.
struct Arena {
  struct Block {
    let slot: Int
    let byteCount: Int
    /// First and last step that touch it.
    let first: Int
    let last: Int
  }

  private(set) var offsets: [Int: Int] = [:]
  private(set) var byteCount = 0

  init(_ blocks: [Block]) {
    struct Placed {
      let offset: Int
      let end: Int
      let first: Int
      let last: Int
    }
    var placed: [Placed] = []
    let sorted = blocks.sorted {
      $0.byteCount == $1.byteCount ? $0.slot < $1.slot : $0.byteCount > $1.byteCount
    }
    for block in sorted {
      let size = (block.byteCount + 63) & ~63
      // `placed` stays sorted by offset.
      var offset = 0
      for other in placed where other.first <= block.last && block.first <= other.last {
        if offset + size <= other.offset { break }
        offset = max(offset, other.end)
      }
      offsets[block.slot] = offset
      byteCount = max(byteCount, offset + size)
      let entry = Placed(
        offset: offset, end: offset + size, first: block.first, last: block.last)
      let position = placed.firstIndex { $0.offset > offset } ?? placed.count
      placed.insert(entry, at: position)
    }
  }
}
