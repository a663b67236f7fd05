// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The order of the groups, which results overwrite a leaf, and where everything lies.
struct Schedule {
  let grouping: Grouping
  private(set) var order: [Group] = []
  /// For a stored value the dead leaf whose buffer it takes over.
  private(set) var donations: [Int: Int] = [:]

  init(_ grouping: Grouping, deadLeaves: Set<Int>) {
    self.grouping = grouping
    donate(deadLeaves)
    arrange()
  }

  private var values: [Lowering.Value] { grouping.values }

  // Donation.

  /// A result may take over the buffer of a leaf that dies with this run, if its group reads the
  /// leaf element by element at the same places and every other reader can come before it.
  private mutating func donate(_ deadLeaves: Set<Int>) {
    if deadLeaves.isEmpty { return }
    var readers: [Int: Set<Int>] = [:]
    for group in grouping.groups {
      for member in group.members {
        for operand in values[member].operands {
          let base = values[operand].base
          if case .leaf = values[base].role { readers[base, default: []].insert(group.id) }
        }
      }
    }
    var taken: Set<Int> = []
    let results = Set(grouping.results)
    for group in grouping.groups {
      for member in group.members
      where results.contains(member) && grouping.home[member] == group.id {
        guard
          let leaf = candidate(for: member, in: group, deadLeaves, taken, readers),
          let others = readers[leaf]?.subtracting([group.id]),
          others.allSatisfy({ !reaches(from: $0, to: group.id) })
        else { continue }
        group.dependencies.formUnion(others)
        donations[member] = leaf
        taken.insert(leaf)
      }
    }
  }

  private func candidate(
    for member: Int, in group: Group, _ dead: Set<Int>, _ taken: Set<Int>,
    _ readers: [Int: Set<Int>]
  ) -> Int? {
    let value = values[member]
    if case .put = value.primitive {
      let base = values[value.operands[0]].base
      let rest = value.operands.dropFirst().map { values[$0].base }
      let isFree = dead.contains(values[base].leaf) && !taken.contains(base)
      guard isFree, case .leaf = values[base].role, !rest.contains(base),
        !grouping.results.contains(base), values[base].dtype == value.dtype,
        values[base].count == value.count, values[value.operands[0]].view.isContiguous
      else { return nil }
      return base
    }
    guard value.count == group.count, case .element = value.role else { return nil }
    var reads: [Int: [StridedView]] = [:]
    var blocked: Set<Int> = []
    for reader in group.members {
      for operand in values[reader].operands {
        let base = values[operand].base
        guard case .leaf = values[base].role else { continue }
        // A matrix product reads its operands while its results are written.
        switch values[reader].role {
        case .matmul, .convolution: blocked.insert(base)
        case .leaf, .number, .view, .element, .rowReduction, .columnReduction, .single:
          reads[base, default: []].append(values[operand].view)
        }
      }
    }
    return reads.keys.sorted().first { base in
      dead.contains(values[base].leaf) && !taken.contains(base) && !blocked.contains(base)
        && values[base].dtype == value.dtype && values[base].count == value.count
        && !grouping.results.contains(base)
        && (reads[base] ?? []).allSatisfy { $0.isContiguous && $0.count == value.count }
    }
  }

  private func reaches(from start: Int, to target: Int) -> Bool {
    var seen: Set<Int> = [start]
    var stack = [start]
    while let id = stack.popLast() {
      if id == target { return true }
      for next in grouping.groups[id].dependencies where seen.insert(next).inserted {
        stack.append(next)
      }
    }
    return false
  }

  // Order.

  /// Of the groups that are ready, the one that frees the most memory goes first: updates of
  /// weights run as soon as their gradient is there, and long-lived values are made late.
  private mutating func arrange() {
    let groups = grouping.groups.filter { !$0.members.isEmpty }
    var waiting: [Int: Int] = [:]
    var followers: [Int: [Int]] = [:]
    let alive = Set(groups.map(\.id))
    for group in groups {
      let needed = group.dependencies.intersection(alive)
      waiting[group.id] = needed.count
      for id in needed { followers[id, default: []].append(group.id) }
    }
    // How many groups still read a stored value.
    var readers: [Int: Int] = [:]
    var reads: [Int: Set<Int>] = [:]
    for group in groups {
      var bases: Set<Int> = []
      for member in group.members {
        for operand in values[member].operands {
          let base = values[operand].base
          if grouping.stored.contains(base), !group.members.contains(base) { bases.insert(base) }
        }
      }
      reads[group.id] = bases
      for base in bases { readers[base, default: 0] += 1 }
    }
    let results = Set(grouping.results)
    func bytes(_ index: Int) -> Int { values[index].count * values[index].dtype.byteCount }
    func gain(_ group: Group) -> Int {
      var gain = 0
      for member in group.members
      where grouping.stored.contains(member) && grouping.home[member] == group.id
        && donations[member] == nil
      {
        gain -= bytes(member)
      }
      for base in reads[group.id] ?? [] where readers[base] == 1 && !results.contains(base) {
        gain += bytes(base)
      }
      return gain
    }
    var ready = groups.filter { waiting[$0.id] == 0 }
    while !ready.isEmpty {
      var best = 0
      var bestGain = Int.min
      for (position, group) in ready.enumerated() {
        let value = gain(group)
        let isEarlier = value == bestGain && group.id < ready[best].id
        if value > bestGain || isEarlier { (best, bestGain) = (position, value) }
      }
      let group = ready.remove(at: best)
      order.append(group)
      for base in reads[group.id] ?? [] { readers[base, default: 0] -= 1 }
      for id in followers[group.id] ?? [] {
        waiting[id, default: 0] -= 1
        if waiting[id] == 0 { ready.append(grouping.groups[id]) }
      }
    }
    precondition(order.count == groups.count, "groups depend on each other in a circle")
  }
}
