// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Fewer and larger groups, and parts that are written where they belong.
extension Grouping {
  /// The most places in memory that a group grown from others reads and writes.
  private static let mostPorts = 24

  /// Makes one group of element-wise groups over the same space, where one reads the other's results
  /// or both read the same memory.
  ///
  /// What is merged lives longer, so this is for the bodies of loops: their values are small, and
  /// each kernel that is saved is saved in every step.
  mutating func mergeNeighbours() {
    for (id, group) in groups.enumerated() {
      guard group.kind == .flat, !group.members.isEmpty else { continue }
      var first = 0
      while first < id {
        if mergeable(groups[first], group) {
          merge(group, into: groups[first])
          break
        }
        first += 1
      }
    }
  }

  /// The values that a group reads from memory element by element.
  private func memory(of group: Group) -> Set<Int> {
    var result: Set<Int> = []
    for member in group.members {
      for operand in values[member].operands {
        let base = values[operand].base
        if case .number = values[base].role { continue }
        if !group.members.contains(base), !values[operand].view.isRepeated { result.insert(base) }
      }
    }
    return result
  }

  private func mergeable(_ a: Group, _ b: Group) -> Bool {
    guard a.kind == .flat, !a.members.isEmpty, a.count == b.count, a.allows(b.cuts) else {
      return false
    }
    let (x, y) = (memory(of: a), memory(of: b))
    let (made, also) = (Set(a.members), Set(b.members))
    guard !x.isDisjoint(with: y) || !x.isDisjoint(with: also) || !y.isDisjoint(with: made) else {
      return false
    }
    let ports = x.union(y).subtracting(made).subtracting(also).count
    guard ports + made.union(also).intersection(stored).count <= Grouping.mostPorts else {
      return false
    }
    for (reader, other) in [(a, made: also), (b, made: made)] {
      for member in reader.members {
        for operand in values[member].operands where other.contains(values[operand].base) {
          // A copy made while grouping has a number behind its reader's.
          guard values[operand].base < member,
            canReadRegister(values[operand].base, values[operand].view, member, a)
          else { return false }
        }
      }
    }
    return !reachesByOthers(from: a, to: b) && !reachesByOthers(from: b, to: a)
  }

  /// Whether one group waits for another by way of a third.
  private func reachesByOthers(from start: Group, to target: Group) -> Bool {
    start.dependencies.contains { $0 != target.id && reaches(from: $0, to: target.id) }
  }

  private mutating func merge(_ group: Group, into target: Group) {
    target.members = Set(target.members).union(group.members).sorted()
    target.cuts.formUnion(group.cuts)
    target.dependencies.formUnion(group.dependencies)
    for other in groups where other.dependencies.remove(group.id) != nil {
      other.dependencies.insert(target.id)
    }
    target.dependencies.remove(target.id)
    for member in group.members { move(member, to: target) }
    group.members = []
  }

  /// Lets the parts of concatenations be written where they belong, if nobody else reads them: then
  /// nothing is left to copy.
  mutating func placeParts() {
    var readers = [Int](repeating: 0, count: values.count)
    for group in groups {
      for member in group.members {
        for operand in values[member].operands where !group.members.contains(values[operand].base) {
          readers[values[operand].base] += 1
        }
      }
    }
    for index in values.indices where home[index] >= 0 {
      guard case .concatenate(let axis) = values[index].primitive else { continue }
      let strides = values[index].shape.strides
      var position = 0
      for part in values[index].operands {
        let base = values[part].base
        var view = StridedView(contiguous: values[part].shape)
        view.strides = strides
        view.offset = position * strides[Int(axis)]
        position += values[part].shape[Int(axis)]
        guard case .element = values[base].role, readers[base] == 1, !results.contains(base),
          values[part].view.isContiguous, values[part].count == values[base].count,
          home[base] >= 0, groups[home[base]].kind == .flat,
          groups[home[base]].count == values[base].count, groups[home[base]].allows(view.cuts)
        else { continue }
        groups[home[base]].cuts.formUnion(view.cuts)
        placements[base] = Placement(whole: index, view: view)
      }
    }
  }

  /// A value that lies inside another's memory.
  struct Placement {
    let whole: Int
    let view: StridedView
  }
}
