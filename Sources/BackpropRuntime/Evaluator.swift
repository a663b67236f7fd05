// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropGraph
import Synchronization

/// How many owners a Swift object has (the runtime's own count).
@_silgen_name("swift_retainCount")
private func retainCount(_ object: UnsafeMutableRawPointer) -> UInt

/// Brings pending nodes their values: finds the plan for the structure of what is pending, or
/// makes it, and runs it. One evaluation at a time, under the evaluation lock.
package enum Evaluator {
  /// Computes nodes and whatever else is pending in the same graph and held by somebody.
  package static func evaluate(_ nodes: [Node]) throws {
    for node in nodes { if let failure = node.failure { throw failure } }
    let keepsHistory = Evaluation.isRecording
    try Evaluation.lock.withLock { walk in
      if nodes.allSatisfy({ $0.value != nil }) { return }
      try workshop.evaluate(nodes, epoch: &walk.epoch, keepsHistory: keepsHistory)
    }
  }

  /// The plan by which nodes would be computed, without computing them.
  package static func plan(_ nodes: [Node]) throws -> Plan {
    for node in nodes { if let failure = node.failure { throw failure } }
    return Evaluation.lock.withLock { walk in
      workshop.plan(nodes, epoch: &walk.epoch)
    }
  }

  /// Drops prepared programs: the device changed.
  package static func forgetPrograms() {
    Evaluation.lock.withLock { _ in workshop.forget() }
  }

  /// How many plans have been made so far; a plan that is found again is not counted.
  package static var planCount: Int { Evaluation.lock.withLock { _ in workshop.planCount } }

  // Only touched while the evaluation lock is held.
  nonisolated(unsafe) private static let workshop = Workshop()
}

/// What evaluations keep between them: buffers for the walk, and the prepared programs.
private final class Workshop {
  private struct Entry {
    let words: [UInt64]
    let program: Program
    /// Places of the nodes whose values are the plan's results.
    let results: [Int32]
    var lastUse: Int
  }

  private var entries: [UInt64: [Entry]] = [:]
  private var entryCount = 0
  private var clock = 0
  private(set) var planCount = 0

  // The trace of the current walk, operands first.
  private var nodes: [Unmanaged<Node>] = []
  private var stack: [Unmanaged<Node>] = []
  private var words: [UInt64] = []
  private var references: [Int32] = []
  private var scalars: [UInt32] = []
  private var leaves: [Int32] = []
  private var results: [Int32] = []
  private var hash: UInt64 = 0

  /// Programs that are kept.
  private static let capacity = 512

  func forget() {
    entries = [:]
    entryCount = 0
  }

  func plan(_ wanted: [Node], epoch: inout UInt32) -> Plan {
    trace(wanted, epoch: &epoch)
    findResults(wanted)
    return Planner.plan(intermediate(), deadLeaves: deadLeaves(keepsHistory: false))
  }

  func evaluate(_ wanted: [Node], epoch: inout UInt32, keepsHistory: Bool) throws {
    trace(wanted, epoch: &epoch)
    findResults(wanted)
    let dead = deadLeaves(keepsHistory: keepsHistory)
    for place in results { add(UInt64(UInt32(bitPattern: place)) | 1 << 62) }
    for leaf in dead.sorted() { add(UInt64(leaf) | 1 << 61) }
    clock += 1
    let entry = try find() ?? prepare(dead)
    try run(entry, keepsHistory: keepsHistory)
  }

  // The walk.

  @inline(__always)
  private func add(_ word: UInt64) {
    words.append(word)
    hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 29
  }

  private func trace(_ wanted: [Node], epoch: inout UInt32) {
    epoch &+= 1
    let epoch = epoch
    nodes.removeAll(keepingCapacity: true)
    words.removeAll(keepingCapacity: true)
    references.removeAll(keepingCapacity: true)
    scalars.removeAll(keepingCapacity: true)
    leaves.removeAll(keepingCapacity: true)
    hash = 0x243F_6A88_85A3_08D3
    for root in wanted.reversed() { stack.append(.passUnretained(root)) }
    while let top = stack.last {
      top._withUnsafeGuaranteedRef { node in
        if node.epoch == epoch {
          stack.removeLast()
          return
        }
        let before = stack.count
        if node.value == nil {
          node.forEachOperand {
            if $0.epoch != epoch { stack.append(.passUnretained($0)) }
          }
          if stack.count > before { return }
        }
        stack.removeLast()
        node.epoch = epoch
        node.place = Int32(nodes.count)
        nodes.append(top)
        references.append(0)
        write(node)
      }
    }
  }

  @inline(__always)
  private func write(_ node: Node) {
    let shape = node.shape
    let kind = UInt64(node.dtype.rawValue) << 8 | UInt64(shape.rank)
    if node.value != nil {
      leaves.append(node.place)
      add(1 << 60 | kind)
    } else {
      add(node.primitive.word)
      add(kind)
      switch node.primitive {
      case .constant: scalars.append(UInt32(truncatingIfNeeded: node.argument))
      case .random:
        scalars.append(UInt32(truncatingIfNeeded: node.argument))
        scalars.append(UInt32(truncatingIfNeeded: node.argument >> 32))
      default:
        node.forEachOperand {
          references[Int($0.place)] += 1
          add(UInt64(UInt32(bitPattern: $0.place)))
        }
      }
    }
    let sizes = unsafeBitCast(shape.sizes, to: SIMD4<UInt64>.self)
    add(sizes[0])
    if shape.rank > 2 {
      add(sizes[1])
      if shape.rank > 4 {
        add(sizes[2])
        add(sizes[3])
      }
    }
  }

  /// The requested nodes, and the others that somebody holds: they would lose their operands.
  private func findResults(_ wanted: [Node]) {
    results.removeAll(keepingCapacity: true)
    for node in wanted where node.value == nil { results.append(node.place) }
    let requested = Set(results)
    hasSurvivors = false
    for (place, node) in nodes.enumerated() {
      let (isHeld, isPending, isCall, isNumber) = node._withUnsafeGuaranteedRef { held in
        var isCall = false
        var isNumber = false
        switch held.primitive {
        case .call: isCall = true
        case .constant, .literal, .iota, .random: isNumber = true
        default: break
        }
        let count = Int(retainCount(node.toOpaque()))
        return (count > Int(references[place]), held.value == nil, isCall, isNumber)
      }
      guard isHeld, isPending, !isNumber else { continue }
      if isCall {
        hasSurvivors = true
      } else if !requested.contains(Int32(place)) {
        results.append(Int32(place))
      }
    }
  }

  /// Whether something outside keeps part of this graph pending, with its leaves.
  private var hasSurvivors = false

  /// Leaves that nobody but this graph holds, so that results may overwrite them.
  private func deadLeaves(keepsHistory: Bool) -> Set<Int> {
    if keepsHistory || hasSurvivors { return [] }
    var dead: Set<Int> = []
    for (leaf, place) in leaves.enumerated() {
      let node = nodes[Int(place)]
      guard Int(retainCount(node.toOpaque())) == Int(references[Int(place)]) else { continue }
      let isOnlyOwner = node._withUnsafeGuaranteedRef { isKnownUniquelyReferenced(&$0.value) }
      if isOnlyOwner { dead.insert(leaf) }
    }
    return dead
  }

  // Programs.

  private func find() -> Entry? {
    guard let index = entries[hash]?.firstIndex(where: { $0.words == words }) else { return nil }
    entries[hash]?[index].lastUse = clock
    return entries[hash]?[index]
  }

  private func intermediate() -> IR {
    IR(
      nodes: nodes.map { $0._withUnsafeGuaranteedRef { $0 } }, results: results.map { Int($0) })
  }

  private func prepare(_ dead: Set<Int>) throws -> Entry {
    let plan = Planner.plan(intermediate(), deadLeaves: dead)
    planCount += 1
    let entry = Entry(
      words: words, program: try Program(plan, cpu: CPU.current), results: results,
      lastUse: clock)
    if entryCount >= Workshop.capacity { removeOldest() }
    entries[hash, default: []].append(entry)
    entryCount += 1
    return entry
  }

  private func removeOldest() {
    let uses = entries.values.flatMap { $0.map(\.lastUse) }.sorted()
    let limit = uses[uses.count / 2]
    for key in Array(entries.keys) {
      entries[key]?.removeAll { $0.lastUse <= limit }
      if entries[key]?.isEmpty == true { entries[key] = nil }
    }
    entryCount = entries.values.reduce(0) { $0 + $1.count }
  }

  private func run(_ entry: Entry, keepsHistory: Bool) throws {
    let program = entry.program
    let plan = program.plan
    var made: [HostBuffer?] = []
    made.reserveCapacity(plan.buffers.count)
    for (slot, buffer) in plan.buffers.enumerated() {
      switch buffer.place {
      case .leaf(let leaf), .donated(let leaf):
        let value = nodes[Int(leaves[leaf])]._withUnsafeGuaranteedRef { $0.value }
        guard let host = value as? HostBuffer else {
          throw RuntimeError(what: "a value that is not in host memory", remedy: "")
        }
        program.slots[slot] = host.pointer
        made.append(host)
      case .result:
        let host = HostBuffer(byteCount: buffer.byteCount)
        program.slots[slot] = host.pointer
        made.append(host)
      case .arena: made.append(nil)
      }
    }
    try scalars.withUnsafeBufferPointer { try program.run(scalars: $0) }
    for (place, slot) in zip(entry.results, plan.results) {
      nodes[Int(place)]._withUnsafeGuaranteedRef { $0.value = made[slot] }
    }
    if !keepsHistory { cutHistories(entry.results) }
  }

  /// Lets go of what the results were made from. The nodes are held meanwhile: cutting one may
  /// free others of the trace.
  private func cutHistories(_ places: [Int32]) {
    let held = places.map { nodes[Int($0)].takeUnretainedValue() }
    for node in held { node.cutHistory() }
  }
}
