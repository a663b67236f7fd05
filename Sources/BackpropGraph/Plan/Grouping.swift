// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Decides which values are computed together.
///
/// Values are visited in order; each joins the youngest group of an operand that it fits into
/// without making the groups depend on each other in a circle, or opens a new one.
struct Grouping {
  private(set) var lowering: Lowering
  private(set) var groups: [Group] = []
  /// The group in which a value is computed first; −1 for what is not computed.
  private(set) var home: [Int]
  /// Values with memory of their own, or with a place in another's.
  var stored: Set<Int>
  /// For each value that is written into another's memory, where.
  var placements: [Int: Placement] = [:]

  var values: [Lowering.Value] { lowering.values }
  var results: [Int] { lowering.results }

  /// - Parameter isBody: whether this is the body of a loop.
  init(_ lowering: Lowering, isBody: Bool = false) {
    self.lowering = lowering
    home = [Int](repeating: -1, count: lowering.values.count)
    stored = lowering.mustStore
    for index in values.indices { place(index) }
    if isBody { mergeNeighbours() }
    recompute()
    placeParts()
    for group in groups { group.dependencies = dependencies(of: group) }
  }

  // Placing.

  private mutating func place(_ index: Int) {
    let value = values[index]
    switch value.role {
    case .leaf, .number, .view: return
    case .single:
      open(index, .single, count: value.count)
    case .matmul:
      let rank = value.shape.rank
      let (m, n) = (value.shape[-2], value.shape[-1])
      let batch = (0..<(rank - 2)).reduce(1) { $0 * value.shape[$1] }
      open(index, .matmul(batch: batch, m: m, n: n), count: value.count)
    case .convolution:
      let n = value.shape[-1]
      open(index, .matmul(batch: 1, m: value.count / n, n: n), count: value.count)
    case .element:
      for candidate in candidates(index) where join(index, candidate) { return }
      open(index, .flat, count: value.count)
    case .rowReduction(let length):
      let count = values[value.operands[0]].count
      for candidate in candidates(index) where join(index, candidate) { return }
      open(index, .rows(length: length), count: count)
    case .columnReduction(let outer, let rows, let inner):
      for candidate in candidates(index) where join(index, candidate) { return }
      open(index, .columns(outer: outer, rows: rows, inner: inner), count: outer * rows * inner)
    }
  }

  private mutating func open(_ index: Int, _ kind: Group.Kind, count: Int) {
    let group = Group(id: groups.count, kind: kind, count: count)
    groups.append(group)
    switch kind {
    case .single, .matmul: break
    default:
      for position in values[index].operands.indices {
        let operand = values[index].operands[position]
        let needed = cuts(operand, index, group)
        if group.allows(needed) {
          group.cuts.formUnion(needed)
        } else {
          // An operand whose walk through memory does not fit the space is copied first.
          lowering.replaceOperand(position, of: index, by: copied(operand))
        }
      }
    }
    add(index, to: group)
  }

  /// A copy of an operand, made in a group of its own.
  private mutating func copied(_ operand: Int) -> Int {
    let copy = lowering.copy(operand)
    home.append(-1)
    stored.insert(copy)
    open(copy, .flat, count: values[copy].count)
    return copy
  }

  private mutating func add(_ index: Int, to group: Group) {
    group.members.append(index)
    home[index] = group.id
    for operand in values[index].operands {
      for base in sources(operand) where home[base] >= 0 && home[base] != group.id {
        group.dependencies.insert(home[base])
      }
    }
  }

  /// Says that a value is computed in another group first.
  mutating func move(_ index: Int, to group: Group) { home[index] = group.id }

  /// The values that an operand is read from or must wait for.
  private func sources(_ operand: Int) -> [Int] {
    [values[operand].base] + values[operand].after.map { values[$0].base }
  }

  /// Groups of the operands that a value could join, matrix products first, then the youngest.
  private func candidates(_ index: Int) -> [Group] {
    var ids: Set<Int> = []
    for operand in values[index].operands where home[values[operand].base] >= 0 {
      ids.insert(home[values[operand].base])
    }
    return ids.map { groups[$0] }.sorted { a, b in
      let (x, y) = (isMatmul(a), isMatmul(b))
      return x == y ? a.id > b.id : x
    }
  }

  private func isMatmul(_ group: Group) -> Bool {
    if case .matmul = group.kind { return true }
    return false
  }

  private mutating func join(_ index: Int, _ group: Group) -> Bool {
    let value = values[index]
    var kind = group.kind
    switch (value.role, group.kind) {
    case (_, .single): return false
    case (.element, _):
      guard group.kind(ofCount: value.count) != nil else { return false }
      if case .columns = group.kind, value.count != group.count { return false }
    case (.rowReduction(let length), .flat):
      guard values[value.operands[0]].count == group.count, group.count % length == 0 else {
        return false
      }
      kind = .rows(length: length)
    case (.rowReduction(let length), .rows(let own)):
      guard length == own, values[value.operands[0]].count == group.count else { return false }
    case (.columnReduction(let outer, let rows, let inner), .flat):
      guard values[value.operands[0]].count == group.count else { return false }
      kind = .columns(outer: outer, rows: rows, inner: inner)
    case (.columnReduction(let outer, let rows, let inner), .columns(let o, let r, let i)):
      guard outer == o, rows == r, inner == i, values[value.operands[0]].count == group.count
      else { return false }
    default: return false
    }
    var needed: Set<Int> = []
    let before = group.kind
    group.kind = kind
    var hasJoined = false
    defer { if !hasJoined { group.kind = before } }
    for operand in value.operands {
      guard canRead(operand, by: index, in: group) else { return false }
      if !group.members.contains(values[operand].base) {
        needed.formUnion(cuts(operand, index, group))
      }
    }
    guard group.allows(needed, as: kind) else { return false }
    for operand in value.operands {
      for base in sources(operand) where home[base] >= 0 && home[base] != group.id {
        if reaches(from: home[base], to: group.id) { return false }
      }
    }
    group.cuts.formUnion(needed)
    hasJoined = true
    add(index, to: group)
    return true
  }

  /// Whether one group needs another's results, directly or not.
  func reaches(from start: Int, to target: Int) -> Bool {
    var seen: Set<Int> = [start]
    var stack = [start]
    while let id = stack.popLast() {
      if id == target { return true }
      for next in groups[id].dependencies where seen.insert(next).inserted { stack.append(next) }
    }
    return false
  }

  // Reading operands.

  /// Whether an operand can be had in a group: from a register of the right kind, or from memory.
  private func canRead(_ operand: Int, by reader: Int, in group: Group) -> Bool {
    let view = values[operand].view
    let base = values[operand].base
    guard group.members.contains(base) else { return true }
    return canReadRegister(base, view, reader, group)
  }

  func canReadRegister(_ base: Int, _ view: StridedView, _ reader: Int, _ group: Group)
    -> Bool
  {
    if isColumnReduction(base) { return false }
    let source = group.kind(ofCount: values[base].count, isReduced: isRowReduction(base))
    let wanted = operandKind(reader, group)
    switch (source, wanted) {
    case (.full, .full): return view.isContiguous && view.count == values[base].count
    case (.row, .row):
      return view.isContiguous && view.count == values[base].count
    case (.row, .full):
      guard case .rows(let length) = group.kind else { return false }
      if length == 1 { return view.isContiguous }
      let cutsFit = view.offset == 0 && view.cuts.allSatisfy { $0 == length }
      return cutsFit && view.strides(over: [group.count / length, length]) == [1, 0]
        || (group.count == length && view.isRepeated && view.offset == 0)
    case (.scalar, .full), (.scalar, .row), (.scalar, .scalar): return view.isRepeated
    default: return false
    }
  }

  /// What a value's operands are, in a group: a reduction reads full registers.
  private func operandKind(_ reader: Int, _ group: Group) -> Pass.Kind? {
    switch values[reader].role {
    case .rowReduction, .columnReduction: .full
    default: group.kind(ofCount: values[reader].count)
    }
  }

  private func isRowReduction(_ index: Int) -> Bool {
    if case .rowReduction = values[index].role { return true }
    return false
  }

  private func isColumnReduction(_ index: Int) -> Bool {
    if case .columnReduction = values[index].role { return true }
    return false
  }

  /// The boundaries that reading an operand from memory puts into the iteration space.
  func cuts(_ operand: Int, _ reader: Int, _ group: Group) -> [Int] {
    let view = values[operand].view
    if view.isRepeated { return [] }
    switch operandKind(reader, group) {
    case .row:
      guard case .rows(let length) = group.kind else { return [] }
      return view.cuts.map { $0 * length }
    case .scalar: return []
    default: return view.cuts
    }
  }

  private func dependencies(of group: Group) -> Set<Int> {
    var result: Set<Int> = []
    for member in group.members {
      for operand in values[member].operands {
        for base in sources(operand)
        where home[base] >= 0 && home[base] != group.id {
          if base == values[operand].base, group.members.contains(base) { continue }
          result.insert(home[base])
        }
      }
    }
    return result
  }
}
