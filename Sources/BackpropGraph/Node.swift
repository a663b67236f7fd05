// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

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
  // the rest of tracing together.
  @exclusivity(unchecked) package private(set) var first: Node?
  @exclusivity(unchecked) package private(set) var second: Node?
  @exclusivity(unchecked) package private(set) var third: Node?
  @exclusivity(unchecked) package private(set) var rest: [Node]?
  /// The device's buffer once the value is known. Only a device looks inside.
  @exclusivity(unchecked) package var value: AnyObject?
  private let failureBox: FailureBox?
  /// The evaluation that met this node last, and its place there; guarded by the evaluation lock.
  @exclusivity(unchecked) package var epoch: UInt32 = 0
  @exclusivity(unchecked) package var place: Int32 = 0
  /// How long a chain of nodes may hang on this one; see ``Release``.
  fileprivate let depth: UInt32

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
      depth = first.depth
      if let second {
        failureBox = failureBox ?? second.failureBox
        depth = max(depth, second.depth)
        if let third {
          failureBox = failureBox ?? third.failureBox
          depth = max(depth, third.depth)
        }
      }
      depth += 1
    }
    self.failureBox = failureBox
    self.depth = depth
    self.first = first
    self.second = second
    self.third = third
  }

  package init(_ primitive: Primitive, _ shape: Shape, _ dtype: DType, operands: [Node]) {
    self.primitive = primitive
    self.shape = shape
    self.dtype = dtype
    argument = 0
    first = operands.count > 0 ? operands[0] : nil
    second = operands.count > 1 ? operands[1] : nil
    third = operands.count > 2 ? operands[2] : nil
    rest = operands.count > 3 ? Array(operands[3...]) : nil
    failureBox = operands.lazy.compactMap(\.failureBox).first
    depth = (operands.lazy.map(\.depth).max() ?? 0) + 1
  }

  /// A node whose value exists already.
  package init(value: AnyObject, shape: Shape, dtype: DType) {
    primitive = .source
    self.shape = shape
    self.dtype = dtype
    argument = 0
    failureBox = nil
    depth = 0
    self.value = value
  }

  /// A node that can't be computed; everything made from it carries the failure on.
  package init(failure: ShapeError, shape: Shape, dtype: DType) {
    primitive = .failed
    self.shape = shape
    self.dtype = dtype
    argument = 0
    failureBox = FailureBox(failure)
    depth = 0
  }

  /// Why the value can never be known.
  package var failure: ShapeError? { failureBox?.error }

  package var operandCount: Int {
    if third != nil { return 3 + (rest?.count ?? 0) }
    return second != nil ? 2 : (first != nil ? 1 : 0)
  }

  package var operands: [Node] {
    var result: [Node] = []
    forEachOperand { result.append($0) }
    return result
  }

  @inline(__always)
  package func forEachOperand(_ body: (Node) -> Void) {
    guard let first else { return }
    body(first)
    guard let second else { return }
    body(second)
    guard let third else { return }
    body(third)
    guard let rest else { return }
    for node in rest { body(node) }
  }

  /// Lets go of the operands: the value is known and no gradient will be asked for.
  package func cutHistory() {
    if depth > Release.deepest {
      Release.drop(&first, &second, &third, &rest)
      return
    }
    first = nil
    second = nil
    third = nil
    rest = nil
  }

  deinit {
    if depth > Release.deepest { Release.drop(&first, &second, &third, &rest) }
  }
}

/// Frees chains of nodes without recursion: a chain of 50,000 nodes freed one inside the other
/// overflows the stack.
///
/// An operand that nobody else holds moves its own operands onto a stack before it goes. Chains
/// that can't be long are left to the ordinary release, which is faster.
private enum Release {
  /// The longest chain that is freed one inside the other.
  static let deepest: UInt32 = 400

  static func drop(
    _ first: inout Node?, _ second: inout Node?, _ third: inout Node?, _ rest: inout [Node]?
  ) {
    var stack: [Node] = []
    take(&first, &stack)
    take(&second, &stack)
    take(&third, &stack)
    if let more = rest { stack.append(contentsOf: more) }
    rest = nil
    while var node = stack.popLast() {
      guard isKnownUniquelyReferenced(&node) else { continue }
      node.handOver(to: &stack)
    }
  }

  private static func take(_ node: inout Node?, _ stack: inout [Node]) {
    if let node { stack.append(node) }
    node = nil
  }
}

extension Node {
  /// Moves the operands of a node that is about to be freed onto `stack`.
  fileprivate func handOver(to stack: inout [Node]) {
    if let first { stack.append(first) }
    if let second { stack.append(second) }
    if let third { stack.append(third) }
    if let rest { stack.append(contentsOf: rest) }
    first = nil
    second = nil
    third = nil
    rest = nil
  }
}
