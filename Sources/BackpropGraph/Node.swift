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
  @exclusivity(unchecked) package private(set) var rest: [Node]
  /// The device's buffer once the value is known. Only a device looks inside.
  @exclusivity(unchecked) package var value: AnyObject?
  /// Why the value can never be known.
  package let failure: ShapeError?
  /// The evaluation that met this node last, and its place there; guarded by the evaluation lock.
  @exclusivity(unchecked) package var epoch: UInt32 = 0
  @exclusivity(unchecked) package var place: Int32 = 0

  package init(
    _ primitive: Primitive, _ shape: Shape, _ dtype: DType, argument: UInt64 = 0,
    _ first: Node? = nil, _ second: Node? = nil, _ third: Node? = nil
  ) {
    self.primitive = primitive
    self.shape = shape
    self.dtype = dtype
    self.argument = argument
    self.first = first
    self.second = second
    self.third = third
    rest = []
    failure = first?.failure ?? second?.failure ?? third?.failure
  }

  package init(_ primitive: Primitive, _ shape: Shape, _ dtype: DType, operands: [Node]) {
    self.primitive = primitive
    self.shape = shape
    self.dtype = dtype
    argument = 0
    first = operands.count > 0 ? operands[0] : nil
    second = operands.count > 1 ? operands[1] : nil
    third = operands.count > 2 ? operands[2] : nil
    rest = operands.count > 3 ? Array(operands[3...]) : []
    var found: ShapeError?
    for operand in operands where operand.failure != nil {
      found = operand.failure
      break
    }
    failure = found
  }

  /// A node whose value exists already.
  package init(value: AnyObject, shape: Shape, dtype: DType) {
    primitive = .source
    self.shape = shape
    self.dtype = dtype
    argument = 0
    rest = []
    failure = nil
    self.value = value
  }

  /// A node that can't be computed; everything made from it carries the failure on.
  package init(failure: ShapeError, shape: Shape, dtype: DType) {
    primitive = .failed
    self.shape = shape
    self.dtype = dtype
    argument = 0
    rest = []
    self.failure = failure
  }

  package var operandCount: Int {
    if third != nil { return 3 + rest.count }
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
    for node in rest { body(node) }
  }

  /// Lets go of the operands: the value is known and no gradient will be asked for.
  package func cutHistory() {
    guard first != nil else { return }
    Release.drop(&first, &second, &third, &rest)
  }

  deinit {
    guard first != nil else { return }
    Release.drop(&first, &second, &third, &rest)
  }
}

/// Frees chains of nodes without recursion: a chain of 50,000 nodes freed one inside the other
/// overflows the stack.
///
/// An operand that nobody else holds moves its own operands onto a stack before it goes.
private enum Release {
  static func drop(
    _ first: inout Node?, _ second: inout Node?, _ third: inout Node?, _ rest: inout [Node]
  ) {
    // Most operands outlive the node; only the last reference needs care. Of an operand that
    // occurs twice both references may be the last.
    let repeats = first === second || (third != nil && (second === third || first === third))
    let shallow =
      !repeats && !isLast(&first) && !isLast(&second) && !isLast(&third) && rest.isEmpty
    if shallow {
      first = nil
      second = nil
      third = nil
      return
    }
    var stack: [Node] = []
    take(&first, &stack)
    take(&second, &stack)
    take(&third, &stack)
    for node in rest { stack.append(node) }
    rest = []
    while var node = stack.popLast() {
      guard isKnownUniquelyReferenced(&node) else { continue }
      node.handOver(to: &stack)
    }
  }

  @inline(__always)
  fileprivate static func isLast(_ node: inout Node?) -> Bool {
    node?.first != nil && isKnownUniquelyReferenced(&node)
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
    stack.append(contentsOf: rest)
    first = nil
    second = nil
    third = nil
    rest = []
  }
}
