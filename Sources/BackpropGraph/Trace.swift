// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A walk over the pending graph: its nodes, operands first, and its structure as words. Graphs
/// with equal words have the same plan and the same gradient.
///
/// A walk happens under the evaluation lock, as it marks the nodes; it neither retains nodes nor
/// allocates once its arrays have grown.
package struct Trace: ~Copyable {
  package private(set) var nodes: [Unmanaged<Node>] = []
  package private(set) var words: [UInt64] = []
  /// How often each node is an operand within the walk.
  package private(set) var references: [Int32] = []
  /// The numbers that were lifted out of the structure: constants, random keys.
  package private(set) var scalars: [UInt32] = []
  /// Places of nodes whose value is known.
  package private(set) var leaves: [Int32] = []
  package private(set) var hash: UInt64 = 0
  private var stack: [Unmanaged<Node>] = []

  package init() {}

  package subscript(place: Int32) -> Unmanaged<Node> { nodes[Int(place)] }

  /// Adds a word to the structure.
  @inline(__always)
  package mutating func add(_ word: UInt64) {
    words.append(word)
    hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 29
  }

  /// Walks from `roots` down to nodes whose value is known.
  ///
  /// - Parameter boundary: nodes below which nothing is looked at; they come first. With a boundary
  ///   the walk goes on below nodes that have a value but kept their history.
  package mutating func walk(
    from roots: [Node], boundary: [Node]? = nil, epoch current: inout UInt32
  ) {
    current &+= 1
    let epoch = current
    nodes.removeAll(keepingCapacity: true)
    words.removeAll(keepingCapacity: true)
    references.removeAll(keepingCapacity: true)
    scalars.removeAll(keepingCapacity: true)
    leaves.removeAll(keepingCapacity: true)
    hash = 0x243F_6A88_85A3_08D3  // the fraction of π
    if let boundary {
      for node in boundary {
        if node.epoch != epoch {
          mark(.passUnretained(node), node, epoch)
          writeLeaf(node)
        }
        add(UInt64(UInt32(bitPattern: node.place)))
      }
    }
    for root in roots.reversed() { stack.append(.passUnretained(root)) }
    while let top = stack.last {
      let isReady = top._withUnsafeGuaranteedRef { node in
        if node.epoch == epoch {
          return true
        }
        let isLeaf = node.value != nil && (boundary == nil || node.first == nil)
        if !isLeaf {
          let before = stack.count
          node.forEachOperand { if $0.epoch != epoch { stack.append(.passUnretained($0)) } }
          if stack.count > before { return false }
        }
        mark(top, node, epoch)
        if isLeaf { writeLeaf(node) } else { write(node) }
        return true
      }
      if isReady { stack.removeLast() }
    }
  }

  @inline(__always)
  private mutating func mark(_ reference: Unmanaged<Node>, _ node: Node, _ epoch: UInt32) {
    node.epoch = epoch
    node.place = Int32(nodes.count)
    nodes.append(reference)
    references.append(0)
  }

  @inline(__always)
  private mutating func writeLeaf(_ node: Node) {
    leaves.append(node.place)
    write(1 << 60, node)
  }

  @inline(__always)
  private mutating func write(_ node: Node) {
    write(node.primitive.word, node)
    switch node.primitive {
    case .constant: scalars.append(UInt32(truncatingIfNeeded: node.argument))
    case .random:
      scalars.append(UInt32(truncatingIfNeeded: node.argument))
      scalars.append(UInt32(truncatingIfNeeded: node.argument >> 32))
    default:
      node.forEachOperand {
        let place = $0.place
        references[Int(place)] += 1
        add(UInt64(UInt32(bitPattern: place)))
      }
    }
  }

  @inline(__always)
  private mutating func write(_ word: UInt64, _ node: Node) {
    add(word)
    let shape = node.shape
    add(UInt64(node.dtype.rawValue) << 8 | UInt64(shape.rank))
    // Sizes beyond the rank are 1.
    let low = unsafeBitCast(shape.low, to: SIMD2<UInt64>.self)
    if shape.rank > 0 { add(low[0]) }
    if shape.rank > 2 { add(low[1]) }
    if shape.rank > 4 {
      let high = unsafeBitCast(shape.high, to: SIMD2<UInt64>.self)
      add(high[0])
      add(high[1])
    }
  }
}
