// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A walk over the pending graph: its nodes, operands first, and its structure as words. Graphs
/// with equal words have the same plan and the same gradient.
///
/// A walk happens under the evaluation lock, as it marks the nodes; it neither retains nodes nor
/// allocates once its piles have grown.
package struct Trace: ~Copyable {
  package private(set) var nodes = Pile<Unmanaged<Node>>()
  package private(set) var words = Pile<UInt64>()
  /// How often each node is an operand within the walk.
  package private(set) var references = Pile<Int32>()
  /// The numbers that were lifted out of the structure: constants, random keys.
  package private(set) var scalars = Pile<UInt32>()
  /// Places of nodes whose value is known.
  package private(set) var leaves = Pile<Int32>()
  package private(set) var hash: UInt64 = 0
  private var stack = Pile<Unmanaged<Node>>()

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
    nodes.removeAll()
    words.removeAll()
    references.removeAll()
    scalars.removeAll()
    leaves.removeAll()
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
    let passesValues = boundary != nil
    while let top = stack.last {
      let isReady = top._withUnsafeGuaranteedRef { node in
        if node.epoch == epoch { return true }
        let isLeaf = node.value != nil && !(passesValues && node.hasOperands)
        if !isLeaf {
          let before = stack.count
          node.forEachOperand { operand in
            if operand._withUnsafeGuaranteedRef({ $0.epoch }) != epoch { stack.append(operand) }
          }
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
    write(1 << 63, node)
  }

  /// A node as words: what it is, its sizes, its operands two to a word.
  @inline(__always)
  private mutating func write(_ node: Node) {
    let primitive = node.primitive
    write(primitive.word, node)
    switch primitive {
    case .constant: scalars.append(UInt32(truncatingIfNeeded: node.argument))
    case .random:
      scalars.append(UInt32(truncatingIfNeeded: node.argument))
      scalars.append(UInt32(truncatingIfNeeded: node.argument >> 32))
    default:
      var pair: UInt64 = 0
      var isOpen = false
      node.forEachOperand {
        let place = $0._withUnsafeGuaranteedRef { $0.place }
        references[Int(place)] += 1
        pair = pair << 32 | UInt64(UInt32(bitPattern: place)) + 1
        if isOpen {
          add(pair)
          pair = 0
        }
        isOpen.toggle()
      }
      if isOpen { add(pair) }
    }
  }

  /// The first word has type and rank in bits that no primitive's word uses.
  @inline(__always)
  private mutating func write(_ word: UInt64, _ node: Node) {
    let shape = node.shape
    add(word | UInt64(node.dtype.rawValue) << 32 | UInt64(shape.rank) << 40)
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
