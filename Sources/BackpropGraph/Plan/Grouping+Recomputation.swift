// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Cheap values are computed again where they are needed instead of kept in memory.
extension Grouping {
  /// Computes cheap values again where they are needed instead of keeping them in memory: a mask
  /// from the activation that is kept anyway, a product from its two factors.
  mutating func recompute() {
    var readers = [Set<Int>](repeating: [], count: values.count)
    for group in groups {
      for member in group.members {
        for operand in values[member].operands { readers[values[operand].base].insert(group.id) }
      }
    }
    // What is no function of elements is kept if another group reads it.
    for index in values.indices where home[index] >= 0 {
      if case .element = values[index].role { continue }
      if readers[index].contains(where: { $0 != home[index] }) { stored.insert(index) }
    }
    for index in values.indices {
      guard case .element = values[index].role, !stored.contains(index) else { continue }
      let outside = readers[index].filter { !groups[$0].members.contains(index) }.sorted()
      if outside.isEmpty { continue }
      var chains: [(Group, [Int])] = []
      for id in outside {
        guard let chain = chain(index, into: groups[id]) else {
          chains = []
          break
        }
        chains.append((groups[id], chain))
      }
      if chains.isEmpty {
        stored.insert(index)
        continue
      }
      for (group, chain) in chains {
        for member in chain where !group.members.contains(member) {
          group.members.append(member)
          for operand in values[member].operands {
            readers[values[operand].base].insert(group.id)
          }
          for operand in values[member].operands
          where !group.members.contains(values[operand].base) {
            group.cuts.formUnion(cuts(operand, member, group))
          }
        }
        group.members.sort()
      }
    }
    storeWhatIsRead()
    removeUnused()
  }

  /// The members to add to a group so that it computes a value itself, or nil if that is dear or
  /// can't be done.
  private func chain(_ index: Int, into group: Group) -> [Int]? {
    if case .single = group.kind { return nil }
    // Every reader in the group must be able to take it from a register.
    for member in group.members {
      for operand in values[member].operands where values[operand].base == index {
        guard canReadRegister(index, values[operand].view, member, group) else { return nil }
      }
    }
    var chain: [Int] = []
    var cost = 0
    var needed: Set<Int> = []
    var pending = [index]
    while let next = pending.popLast() {
      if chain.contains(next) || group.members.contains(next) { continue }
      guard case .element = values[next].role,
        let kind = group.kind(ofCount: values[next].count)
      else { return nil }
      if case .columns = group.kind, kind != .full && kind != .scalar { return nil }
      if case .random = values[next].primitive, kind != .full { return nil }
      if case .iota = values[next].primitive, kind != .full { return nil }
      chain.append(next)
      cost += kind == .full ? values[next].primitive.cost : 0
      if cost > PlanLimits.recomputation { return nil }
      for operand in values[next].operands {
        let base = values[operand].base
        if !values[operand].after.isEmpty { return nil }
        switch values[base].role {
        case .leaf, .number:
          needed.formUnion(cuts(operand, next, group))
        default:
          if group.members.contains(base) || chain.contains(base) {
            guard canReadRegister(base, values[operand].view, next, group) else { return nil }
          } else if stored.contains(base) {
            needed.formUnion(cuts(operand, next, group))
          } else {
            guard canReadRegister(base, values[operand].view, next, group) else { return nil }
            pending.append(base)
          }
        }
      }
    }
    guard group.allows(needed) else { return nil }
    // What is read must be ready before the group runs.
    for member in chain {
      for operand in values[member].operands where !chain.contains(values[operand].base) {
        let base = values[operand].base
        guard home[base] >= 0, !group.members.contains(base) else { continue }
        if home[base] == group.id || reaches(from: home[base], to: group.id) { return nil }
      }
    }
    return chain
  }

  /// Whatever is read from outside its group needs memory.
  private mutating func storeWhatIsRead() {
    for group in groups {
      for member in group.members {
        for operand in values[member].operands {
          let base = values[operand].base
          if home[base] >= 0, !group.members.contains(base) { stored.insert(base) }
        }
      }
    }
  }

  /// Drops members that nobody reads any more.
  private mutating func removeUnused() {
    for group in groups {
      if case .single = group.kind { continue }
      var used: Set<Int> = []
      for member in group.members.reversed() {
        let isKept =
          used.contains(member) || (stored.contains(member) && home[member] == group.id)
        guard isKept else { continue }
        used.insert(member)
        for operand in values[member].operands { used.insert(values[operand].base) }
      }
      group.members.removeAll { !used.contains($0) }
    }
    storeAgain()
  }

  /// After members have gone, fewer values may be read from outside.
  private mutating func storeAgain() {
    stored = lowering.mustStore
    storeWhatIsRead()
  }
}

extension Primitive {
  /// Rough arithmetic for an element, in additions.
  var cost: Int {
    switch self {
    case .unary(let function):
      switch function {
      case .exp, .expm1, .log, .log1p, .sin, .cos: 9
      case .tanh, .erf, .sigmoid: 12
      case .squareRoot, .reciprocal, .reciprocalSquareRoot: 4
      case .negate, .absolute, .sign, .floor, .ceil, .round, .relu: 1
      }
    case .binary(.power): 30
    case .binary(.divide), .binary(.remainder): 3
    case .random(.normal): 60
    case .random: 15
    default: 1
    }
  }
}
