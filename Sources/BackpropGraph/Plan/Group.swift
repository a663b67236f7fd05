// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Values that are computed together, by one kernel launch.
final class Group {
  enum Kind: Equatable {
    /// Elements, perhaps with reductions along rows.
    case flat
    /// With reductions of rows of `length` elements.
    case rows(length: Int)
    /// With reductions of the middle of [outer, rows, inner].
    case columns(outer: Int, rows: Int, inner: Int)
    /// A matrix product with its epilogue over [batch, m, n].
    case matmul(batch: Int, m: Int, n: Int)
    /// One value by a kernel of its own.
    case single
  }

  let id: Int
  var kind: Kind
  /// Elements of the iteration space.
  let count: Int
  /// The values computed here, in order. A value may be computed in several groups.
  var members: [Int] = []
  /// Boundaries in the iteration space that some operand needs.
  var cuts: Set<Int> = []
  /// Groups whose results this one reads.
  var dependencies: Set<Int> = []

  init(id: Int, kind: Kind, count: Int) {
    self.id = id
    self.kind = kind
    self.count = count
  }

  /// What a register holds for a value of so many elements; nil: it has no place here.
  func kind(ofCount valueCount: Int, isReduced: Bool = false) -> Pass.Kind? {
    if case .rows(let length) = kind, valueCount == count / length, isReduced || length != 1 {
      if valueCount == count && !isReduced { return .full }
      return .row
    }
    if valueCount == count { return .full }
    return valueCount == 1 ? .scalar : nil
  }

  /// Whether the iteration space can have these boundaries too.
  func allows(_ more: some Collection<Int>, as kind: Kind? = nil) -> Bool {
    let union = cuts.union(more).filter { $0 > 1 && $0 < count }
    switch kind ?? self.kind {
    case .flat:
      guard let dims = Cuts.dims(union, count: count) else { return false }
      return dims.count <= Shape.maximumRank
    case .rows(let length):
      guard union.allSatisfy({ $0 % length == 0 }),
        let dims = Cuts.dims(union.union([length]), count: count)
      else { return false }
      return dims.count < Shape.maximumRank
    case .columns(_, let rows, let inner):
      return union.allSatisfy { $0 == inner || $0 == rows * inner }
    case .matmul(_, let m, let n):
      return union.allSatisfy { $0 == n || $0 == m * n }
    case .single:
      return false
    }
  }
}
