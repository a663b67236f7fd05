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

  /// Looks for the plan of nodes among those that were made, without running it.
  ///
  /// - Returns: how many nodes are pending, leaves included; nil if there is no such plan.
  package static func find(_ nodes: [Node]) -> Int? {
    Evaluation.lock.withLock { walk in workshop.find(nodes, epoch: &walk.epoch) }
  }

  /// How many nodes are pending below these, and how many words they stand for, calls expanded.
  package static func count(_ nodes: [Node]) -> (traced: Int, all: Int) {
    Evaluation.lock.withLock { walk in
      let traced = workshop.survey(nodes, epoch: &walk.epoch)
      return (traced.count, traced.reduce(0) { $0 + $1.wordCount })
    }
  }

  /// Drops prepared programs: the device changed.
  package static func forgetPrograms() {
    Evaluation.lock.withLock { _ in workshop.forget() }
  }

  /// How many plans have been made so far; a plan that is found again is not counted.
  package static var planCount: Int { Evaluation.lock.withLock { _ in workshop.planCount } }

  /// The plan that ran last, for people to read.
  package static var latestPlan: Plan? { Evaluation.lock.withLock { _ in workshop.latest?.plan } }

  /// Takes the time of each step of the plan that ran last, from now on.
  package static func takeTimes() { Evaluation.lock.withLock { _ in workshop.latest?.takeTimes() } }

  /// Seconds that each step of ``latestPlan`` took since ``takeTimes()``.
  package static var times: [Double] {
    Evaluation.lock.withLock { _ in workshop.latest?.seconds ?? [] }
  }

  // Only touched while the evaluation lock is held.
  nonisolated(unsafe) private static var workshop = Workshop()
}

/// What evaluations keep between them: the trace's piles and the prepared programs.
private struct Workshop: ~Copyable {
  private final class Entry {
    let words: [UInt64]
    let program: Program
    /// Places of the nodes whose values are the plan's results.
    let results: [Int32]
    var lastUse: Int

    init(words: [UInt64], program: Program, results: [Int32], lastUse: Int) {
      self.words = words
      self.program = program
      self.results = results
      self.lastUse = lastUse
    }
  }

  private var entries: [UInt64: [Entry]] = [:]
  private var entryCount = 0
  private var clock = 0
  private(set) var planCount = 0
  private(set) var latest: Program?
  private var trace = Trace()
  private var results = Pile<Int32>()
  private var dead = Pile<Int32>()
  private var isRequested = Pile<Bool>()
  private var buffers: [HostBuffer?] = []

  /// Programs that are kept.
  private static let capacity = 512

  mutating func forget() {
    entries = [:]
    entryCount = 0
    latest = nil
  }

  mutating func plan(_ wanted: [Node], epoch: inout UInt32) -> Plan {
    trace.walk(from: wanted, epoch: &epoch)
    findResults(wanted)
    findDeadLeaves(keepsHistory: false)
    return newPlan()
  }

  mutating func survey(_ wanted: [Node], epoch: inout UInt32) -> [Node] {
    trace.walk(from: wanted, epoch: &epoch)
    return trace.nodes.elements.map { $0.takeUnretainedValue() }
  }

  mutating func find(_ wanted: [Node], epoch: inout UInt32) -> Int? {
    survey(wanted, epoch: &epoch, keepsHistory: false)
    return known() == nil ? nil : trace.nodes.count
  }

  /// Walks the graph: its nodes, which of them are results, which leaves may be overwritten.
  private mutating func survey(_ wanted: [Node], epoch: inout UInt32, keepsHistory: Bool) {
    trace.walk(from: wanted, epoch: &epoch)
    findResults(wanted)
    findDeadLeaves(keepsHistory: keepsHistory)
    for place in results.elements { trace.add(UInt64(UInt32(bitPattern: place)) | 1 << 62) }
    for leaf in dead.elements { trace.add(UInt64(UInt32(bitPattern: leaf)) | 1 << 61) }
  }

  mutating func evaluate(_ wanted: [Node], epoch: inout UInt32, keepsHistory: Bool) throws {
    survey(wanted, epoch: &epoch, keepsHistory: keepsHistory)
    clock += 1
    let entry = try known() ?? prepare()
    entry.lastUse = clock
    latest = entry.program
    try run(entry.program, entry.results, keepsHistory: keepsHistory)
  }

  /// The requested nodes, and the others that somebody holds: they would lose their operands.
  private mutating func findResults(_ wanted: [Node]) {
    results.removeAll()
    isRequested.removeAll()
    for _ in 0..<trace.nodes.count { isRequested.append(false) }
    for node in wanted where node.value == nil && !isRequested[Int(node.place)] {
      results.append(node.place)
      isRequested[Int(node.place)] = true
    }
    hasSurvivors = false
    for place in 0..<trace.nodes.count {
      let node = trace.nodes[place]
      guard Int(retainCount(node.toOpaque())) > Int(trace.references[place]) else { continue }
      let (isPending, isCall, isNumber) = node._withUnsafeGuaranteedRef { held in
        switch held.primitive {
        case .call: (held.value == nil, true, false)
        case .constant, .literal, .iota, .random: (held.value == nil, false, true)
        default: (held.value == nil, false, false)
        }
      }
      guard isPending, !isNumber else { continue }
      if isCall {
        hasSurvivors = true
      } else if !isRequested[place] {
        results.append(Int32(place))
      }
    }
  }

  /// Whether something outside keeps part of this graph pending, with its leaves.
  private var hasSurvivors = false

  /// Leaves that nobody but this graph holds, so that results may overwrite them.
  private mutating func findDeadLeaves(keepsHistory: Bool) {
    dead.removeAll()
    if keepsHistory || hasSurvivors { return }
    for leaf in 0..<trace.leaves.count {
      let place = Int(trace.leaves[leaf])
      let node = trace.nodes[place]
      guard Int(retainCount(node.toOpaque())) == Int(trace.references[place]) else { continue }
      let isOnlyOwner = node._withUnsafeGuaranteedRef { isKnownUniquelyReferenced(&$0.value) }
      if isOnlyOwner { dead.append(Int32(leaf)) }
    }
  }

  // Programs.

  private func known() -> Entry? {
    entries[trace.hash]?.first { trace.words.isEqual(to: $0.words) }
  }

  private func newPlan() -> Plan {
    let ir = IR(
      nodes: trace.nodes.elements.map { $0.takeUnretainedValue() },
      results: results.elements.map { Int($0) })
    return Planner.plan(ir, deadLeaves: Set(dead.elements.map { Int($0) }))
  }

  private mutating func prepare() throws -> Entry {
    let plan = newPlan()
    planCount += 1
    if entryCount >= Workshop.capacity { removeOldest() }
    let entry = Entry(
      words: Array(trace.words.elements), program: try Program(plan, cpu: CPU.current),
      results: Array(results.elements), lastUse: clock)
    entries[trace.hash, default: []].append(entry)
    entryCount += 1
    return entry
  }

  private mutating func removeOldest() {
    let uses = entries.values.flatMap { $0.map(\.lastUse) }.sorted()
    let limit = uses[uses.count / 2]
    for key in Array(entries.keys) {
      entries[key]?.removeAll { $0.lastUse <= limit }
      if entries[key]?.isEmpty == true { entries[key] = nil }
    }
    entryCount = entries.values.reduce(0) { $0 + $1.count }
  }

  private mutating func run(_ program: Program, _ places: [Int32], keepsHistory: Bool) throws {
    buffers.removeAll(keepingCapacity: true)
    defer { buffers.removeAll(keepingCapacity: true) }
    for binding in program.bindings {
      let host: HostBuffer
      if binding.leaf >= 0 {
        let node = trace[trace.leaves[Int(binding.leaf)]]
        host = try node._withUnsafeGuaranteedRef { try $0.hostBuffer() }
      } else {
        host = HostBuffer(byteCount: binding.byteCount)
      }
      program.slots[binding.slot] = host.pointer
      buffers.append(host)
    }
    try program.run(scalars: trace.scalars.elements)
    for (place, binding) in zip(places, program.resultBindings) {
      trace[place]._withUnsafeGuaranteedRef { $0.value = buffers[binding] }
    }
    if keepsHistory { return }
    // The nodes are held meanwhile: cutting one may free others of the trace.
    let held = places.map { trace[$0].takeUnretainedValue() }
    for node in held { node.cutHistory() }
  }
}

extension Node {
  /// The words that this node stands for: those of a call's function.
  fileprivate var wordCount: Int {
    switch primitive {
    case .call(let id):
      return topologicalOrder(of: id.function.results) { _ in false }.reduce(0) {
        $0 + $1.wordCount
      }
    case .placeholder, .output: return 0
    default: return 1
    }
  }

  /// The value in host memory.
  func hostBuffer() throws -> HostBuffer {
    guard let value, type(of: value) == HostBuffer.self else {
      throw RuntimeError(what: "a value that is not in host memory", remedy: "evaluate it first")
    }
    return unsafeDowncast(value, to: HostBuffer.self)
  }
}
