// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import Synchronization

/// One word of a computation: a primitive, its operands, and the shape and type of its result.
///
/// A node is immutable in meaning: it always stands for the same value. What changes is bookkeeping
/// behind the evaluation lock: a node gets its `value` when somebody needs it, and then lets go of
/// its operands, so that memory does not grow with the number of steps.
///
/// `@unchecked Sendable`: `primitive`, `shape`, `type` and `argument` never change; the other
/// fields are written only while the evaluation lock is held, or before a node is shared.
package final class Node: @unchecked Sendable {
  package let primitive: Primitive
  package let dtype: DType
  package let shape: Shape
  /// What a leaf carries that does not change a plan: the bits of a constant, a random key.
  package let argument: UInt64
  // Guarded as the type's comment says: the run-time check of exclusive access would cost more than
  // the rest of tracing together. Operands are owned, and unmanaged because a walk that retained
  // and released each of them would cost twice as much.
  @exclusivity(unchecked) private var operand0: Unmanaged<Node>?
  @exclusivity(unchecked) private var operand1: Unmanaged<Node>?
  @exclusivity(unchecked) private var operand2: Unmanaged<Node>?
  @exclusivity(unchecked) private var rest: [Node]?
  /// The device's buffer once the value is known. Only a device looks inside.
  @exclusivity(unchecked) package var value: AnyObject?
  private let failureBox: FailureBox?
  /// The evaluation that met this node last, and its place there; guarded by the evaluation lock.
  @exclusivity(unchecked) package var epoch: UInt32 = 0
  @exclusivity(unchecked) package var place: Int32 = 0
  /// How long a chain of nodes may hang on this one; see `deepestRelease`.
  private let depth: Atomic<UInt32>

  /// The longest chain that is freed one node inside the other. A chain of 50,000 freed that way
  /// overflows the stack; those that can't be long are freed faster so.
  private static let deepestRelease: UInt32 = 400

  /// A failure in one word: most nodes have none.
  private final class FailureBox: Sendable {
    let error: ShapeError
    init(_ error: ShapeError) { self.error = error }
  }

  package init(
    _ primitive: Primitive, _ shape: Shape, _ dtype: DType, argument: UInt64 = 0,
    _ first: Node? = nil, _ second: Node? = nil, _ third: Node? = nil
  ) {
    self.primitive = primitive
    self.shape = shape
    self.dtype = dtype
    self.argument = argument
    var failureBox: FailureBox?
    var depth: UInt32 = 0
    if let first {
      failureBox = first.failureBox
      depth = first.depth.load(ordering: .relaxed)
      operand0 = .passRetained(first)
      if let second {
        failureBox = failureBox ?? second.failureBox
        depth = max(depth, second.depth.load(ordering: .relaxed))
        operand1 = .passRetained(second)
        if let third {
          failureBox = failureBox ?? third.failureBox
          depth = max(depth, third.depth.load(ordering: .relaxed))
          operand2 = .passRetained(third)
        }
      }
      depth += 1
    }
    self.failureBox = failureBox
    self.depth = Atomic(depth)
  }

  package init(_ primitive: Primitive, _ shape: Shape, _ dtype: DType, operands: [Node]) {
    self.primitive = primitive
    self.shape = shape
    self.dtype = dtype
    argument = 0
    operand0 = operands.count > 0 ? .passRetained(operands[0]) : nil
    operand1 = operands.count > 1 ? .passRetained(operands[1]) : nil
    operand2 = operands.count > 2 ? .passRetained(operands[2]) : nil
    rest = operands.count > 3 ? Array(operands[3...]) : nil
    var failureBox: FailureBox?
    var depth: UInt32 = 0
    for operand in operands {
      depth = max(depth, operand.depth.load(ordering: .relaxed))
      if let box = operand.failureBox, failureBox == nil { failureBox = box }
    }
    self.failureBox = failureBox
    self.depth = Atomic(depth + 1)
  }

  /// A node whose value exists already.
  package init(value: AnyObject, shape: Shape, dtype: DType) {
    primitive = .source
    self.shape = shape
    self.dtype = dtype
    argument = 0
    failureBox = nil
    depth = Atomic(0)
    self.value = value
  }

  /// A node that can't be computed; everything made from it carries the failure on.
  package init(failure: ShapeError, shape: Shape, dtype: DType) {
    primitive = .failed
    self.shape = shape
    self.dtype = dtype
    argument = 0
    failureBox = FailureBox(failure)
    depth = Atomic(0)
  }

  /// Why the value can never be known.
  package var failure: ShapeError? { failureBox?.error }

  /// The first operand.
  package var first: Node? { operand0?.takeUnretainedValue() }

  /// Whether there are operands: of a node with a value, whether it kept its history.
  @inline(__always) package var hasOperands: Bool { operand0 != nil }

  package var operandCount: Int {
    if operand2 != nil { return 3 + (rest?.count ?? 0) }
    return operand1 != nil ? 2 : (operand0 != nil ? 1 : 0)
  }

  package var operands: [Node] {
    var result: [Node] = []
    forEachOperand { result.append($0.takeUnretainedValue()) }
    return result
  }

  /// Calls `body` with each operand, without retaining it.
  @inline(__always)
  package func forEachOperand(_ body: (Unmanaged<Node>) -> Void) {
    guard let operand0 else { return }
    body(operand0)
    guard let operand1 else { return }
    body(operand1)
    guard let operand2 else { return }
    body(operand2)
    guard let rest else { return }
    for node in rest { body(.passUnretained(node)) }
  }

  /// Lets go of the operands: the value is known and no gradient will be asked for.
  package func cutHistory() {
    release()
    depth.store(0, ordering: .relaxed)
  }

  deinit { release() }

  @inline(__always)
  private func release() {
    if depth.load(ordering: .relaxed) > Node.deepestRelease {
      releaseWithoutRecursion()
      return
    }
    operand0?.release()
    operand1?.release()
    operand2?.release()
    (operand0, operand1, operand2) = (nil, nil, nil)
    rest = nil
  }

  /// Frees a chain of nodes of any length: an operand that nobody else holds moves its own operands
  /// onto a stack before it goes.
  private func releaseWithoutRecursion() {
    var stack: [Node] = []
    handOver(to: &stack)
    while var node = stack.popLast() {
      guard isKnownUniquelyReferenced(&node) else { continue }
      node.handOver(to: &stack)
    }
  }

  private func handOver(to stack: inout [Node]) {
    if let operand0 { stack.append(operand0.takeRetainedValue()) }
    if let operand1 { stack.append(operand1.takeRetainedValue()) }
    if let operand2 { stack.append(operand2.takeRetainedValue()) }
    if let rest { stack.append(contentsOf: rest) }
    (operand0, operand1, operand2) = (nil, nil, nil)
    rest = nil
  }
}
