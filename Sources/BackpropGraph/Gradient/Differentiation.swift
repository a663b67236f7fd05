// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The reverse walk: from the result back to what it was made from, each node handing its
/// cotangent to its operands by its pullback.
enum Differentiation {
  /// The cotangents of `leaves`, given those of `results`; nil where a leaf has no influence.
  ///
  /// Nodes below a leaf are not looked at: the derivative takes the leaf as given.
  static func cotangents(of results: [(Node, Tensor)], at leaves: [Node]) -> [Tensor?] {
    let leafSet = Set(leaves.map(ObjectIdentifier.init))
    let order = topologicalOrder(of: results.map(\.0)) { leafSet.contains(ObjectIdentifier($0)) }
    // Only what lies between a leaf and a result takes part.
    var isActive = leafSet
    for node in order where node.dtype.isFloatingPoint || isCall(node) {
      var found = false
      for operand in node.operands where isActive.contains(ObjectIdentifier(operand)) {
        found = true
      }
      if case .stopGradient = node.primitive { found = false }
      if found { isActive.insert(ObjectIdentifier(node)) }
    }
    var gathered: [ObjectIdentifier: Tensor] = [:]
    func add(_ node: Node, _ cotangent: Tensor) {
      let key = ObjectIdentifier(node)
      gathered[key] = gathered[key].map { $0 + cotangent } ?? cotangent
    }
    let lookups = Lookups(leaves: leafSet)
    var ofCalls: [ObjectIdentifier: [Int: Tensor]] = [:]
    for (node, seed) in results where isActive.contains(ObjectIdentifier(node)) { add(node, seed) }
    for node in order.reversed() where isActive.contains(ObjectIdentifier(node)) {
      if leafSet.contains(ObjectIdentifier(node)) { continue }
      if case .call(let function) = node.primitive {
        guard let outputs = ofCalls.removeValue(forKey: ObjectIdentifier(node)) else { continue }
        for (operand, cotangent) in zip(node.operands, pullback(function, node, outputs)) {
          if let cotangent, isActive.contains(ObjectIdentifier(operand)) { add(operand, cotangent) }
        }
        continue
      }
      guard let g = gathered.removeValue(forKey: ObjectIdentifier(node)) else { continue }
      if case .output(let index) = node.primitive, let call = node.first {
        let earlier = ofCalls[ObjectIdentifier(call)]?[Int(index)]
        ofCalls[ObjectIdentifier(call), default: [:]][Int(index)] = earlier.map { $0 + g } ?? g
        continue
      }
      let operands = node.operands
      let cotangents =
        lookups.pullback(node, g)
        ?? node.primitive.pullback(operands.map(Tensor.init), Tensor(node), g)
      for (operand, cotangent) in zip(operands, cotangents) {
        if let cotangent, isActive.contains(ObjectIdentifier(operand)) { add(operand, cotangent) }
      }
    }
    return leaves.map { gathered[ObjectIdentifier($0)] }
  }

  private static func isCall(_ node: Node) -> Bool {
    if case .call = node.primitive { return true }
    return false
  }

  /// The cotangents of a call's operands: by the function's own pullback, or through its body.
  private static func pullback(_ id: FunctionID, _ call: Node, _ outputs: [Int: Tensor])
    -> [Tensor?]
  {
    let function = id.function
    let operands = call.operands
    if let pullback = function.pullback {
      let results = function.results.enumerated().map { index, result in
        Tensor(Node(.output(UInt32(index)), result.shape, result.dtype, call))
      }
      return pullback(operands.map(Tensor.init), results, results.indices.map { outputs[$0] })
    }
    // The operands stand behind identities of their own, so that each is a leaf once. Not behind
    // `stopGradient`: what is found here is differentiated again for gradients of gradients.
    let leaves = operands.map { Node(.reshape, $0.shape, $0.dtype, $0) }
    let bodies = function.expanded(on: leaves)
    let seeds = outputs.sorted { $0.key < $1.key }.map { (bodies[$0.key], $0.value) }
    return cotangents(of: seeds, at: leaves)
  }
}
