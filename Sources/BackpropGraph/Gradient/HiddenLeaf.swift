// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// A tensor that a gradient is asked for at, and that the body of a loop or of a recomputed segment
/// uses without the graph showing it: the body was cut out further below, at what it is made of.
enum HiddenLeaf {
  /// Whether a node can be one: it is not computed yet.
  static func isPossible(_ node: Node) -> Bool {
    node.hasOperands && node.value == nil && !Tensor(node).isCut
  }

  /// The gradient that says so, if a leaf is hidden from a result; nil if it is not.
  static func failure(of leaf: Node, below result: Node) -> Tensor? {
    guard isPossible(leaf) else { return nil }
    let sources = Set(
      topologicalOrder(of: [leaf], stopAt: { $0.value != nil }).dropLast().map(
        ObjectIdentifier.init))
    let views = viewed(by: leaf)
    for node in topologicalOrder(of: [result], stopAt: { $0 === leaf }) {
      let isHidden: Bool
      switch node.primitive {
      case .scan(let scan):
        let given = scan.fields.carries + scan.fields.sequences
        isHidden = node.operands.dropFirst(given).contains { views.contains(ObjectIdentifier($0)) }
      case .call(let id) where id.function.isRecomputed:
        let captured = node.operands.dropFirst(id.function.givenCount)
        isHidden = captured.contains { sources.contains(ObjectIdentifier($0)) }
      default: isHidden = false
      }
      guard isHidden else { continue }
      return .failed(
        "gradient", [Tensor(leaf)],
        "the body of a loop or of a recomputed segment sees through this tensor, which is not "
          + "computed yet",
        hint: "use valueAndGradient(at:), or evaluate the tensor before it is used",
        shape: leaf.shape, dtype: leaf.dtype)
    }
    return nil
  }

  /// What a node is only another way to look at.
  private static func viewed(by leaf: Node) -> Set<ObjectIdentifier> {
    var found: Set<ObjectIdentifier> = []
    var node = leaf
    while let inside = node.first {
      switch node.primitive {
      case .reshape, .permute, .broadcast, .slice, .reverse: break
      default: return found
      }
      found.insert(ObjectIdentifier(inside))
      node = inside
    }
    return found
  }
}

extension Tensor {
  /// The same tensor as one that every piece of graph takes as it is, whether it is computed or not.
  package var asLeaf: Tensor { isCut ? self : stopGradient() }

  /// Whether bodies are cut out here rather than further below.
  fileprivate var isCut: Bool {
    switch node.primitive {
    case .source, .failed, .stopGradient, .placeholder: true
    default: node.value != nil
    }
  }
}
