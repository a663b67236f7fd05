// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Pullback {
  /// The loop in the other direction: each step computes its part of the forward loop again from
  /// the carries that were kept, and hands cotangents on.
  ///
  /// What the body takes as it is gathers its cotangent step by step; but a matrix that rows are
  /// multiplied with, and a bias of that product, get theirs after the loop, over the rows of all
  /// steps at once.
  static func ofScan(_ scan: Scan, _ x: [Tensor], _ y: Tensor, _ g: Tensor) -> [Tensor?] {
    let fields = scan.fields
    let (carries, sequences, steps) = (fields.carries, fields.sequences, fields.steps)
    if fields.kept < carries { return ofForgetfulScan(fields, x, g) }
    let layout = fields.layout
    let function = fields.body.function
    let first = carries + sequences
    let constants = Array(x[first...])
    // The carries before each step.
    let before = (0..<carries).map { index -> Tensor in
      let start = x[index].reshaped(to: Shape([1] + x[index].shape.dimensions))
      if steps == 1 { return start }
      let history = y.values(of: layout[index])
      return fields.isReversed
        ? concatenate([history.sliced(along: 0, 1..<steps), start], along: 0)
        : concatenate([start, history.sliced(along: 0, 0..<(steps - 1))], along: 0)
    }
    let trained = constants.indices.filter { constants[$0].dtype.isFloatingPoint }
    let flowing = (0..<sequences).filter { x[carries + $0].dtype.isFloatingPoint }
    let inputs = before + x[carries..<first]
    let items = inputs + layout.map { g.values(of: $0) }

    /// One step's operands and their cotangents, given those of the next step's carries.
    func step(_ state: [Tensor], _ items: [Tensor]) -> (leaves: [Node], cotangents: [Tensor?]) {
      let operands = Array(items.prefix(first)) + constants
      let leaves = operands.map { Node(.reshape, $0.shape, $0.dtype, $0.node) }
      let bodies = function.expanded(on: leaves)
      let seeds = bodies.enumerated().map { index, body in
        (body, index < carries ? state[index] + items[first + index] : items[first + index])
      }
      return (leaves, Differentiation.cotangents(of: seeds, at: leaves))
    }
    // What a step is made of is the same on stand-ins as it will be in the loop.
    let probe = step(
      (0..<carries).map { Tensor(Node(.placeholder(0), x[$0].shape, .float32)) },
      items.map { Tensor(Node(.placeholder(0), Shape($0.shape.dimensions.dropFirst()), $0.dtype)) })
    let late = LateCotangent.all(trained.map { probe.cotangents[first + $0] })
    let early = trained.indices.filter { late[$0] == nil }.map { trained[$0] }
    let zeros =
      (0..<carries).map { Tensor.zeros(x[$0].shape) }
      + early.map { Tensor.zeros(constants[$0].shape) }
    /// Late cotangents by the constant: what they are made of, where it is no input.
    var waiting: [(constant: Int, cotangent: LateCotangent, input: Int?)] = []
    let loop = Loop(zeros, items, kept: 0, isReversed: !fields.isReversed) { state, items in
      let (leaves, cotangents) = step(state, items)
      func cotangent(_ index: Int) -> Tensor {
        cotangents[index]?.cast(to: .float32) ?? Tensor.zeros(leaves[index].shape)
      }
      let next =
        (0..<carries).map(cotangent)
        + early.enumerated().map { place, index in
          state[carries + place] + cotangent(first + index)
        }
      var outputs = flowing.map { cotangent(carries + $0) }
      for case (let index, let cotangent?) in zip(
        trained, LateCotangent.all(trained.map { cotangents[first + $0] }))
      {
        let input = leaves[..<first].firstIndex { $0 === cotangent.left?.node }
        waiting.append((index, cotangent, input))
        if let left = cotangent.left, input == nil { outputs.append(left) }
        outputs.append(cotangent.right)
      }
      return (next, outputs)
    }
    var result = [Tensor?](repeating: nil, count: x.count)
    for index in 0..<carries { result[index] = loop.last(index) }
    var outputs = loop.outputs[...]
    for index in flowing {
      guard let output = outputs.popFirst() else { break }
      result[carries + index] = loop.values(output).cast(to: x[carries + index].dtype)
    }
    for (place, index) in early.enumerated() {
      result[first + index] = loop.last(carries + place).cast(to: constants[index].dtype)
    }
    for (index, cotangent, input) in waiting {
      var left = input.map { inputs[$0] }
      if left == nil, cotangent.left != nil { left = outputs.popFirst().map(loop.values) }
      guard let right = outputs.popFirst().map(loop.values) else { break }
      result[first + index] = cotangent.gathered(left, right)
        .reshaped(to: constants[index].shape).cast(to: constants[index].dtype)
    }
    return result
  }
}

extension Pullback {
  /// A loop without the histories that its own reverse needs, such as the reverse of another one,
  /// runs again and keeps them.
  private static func ofForgetfulScan(
    _ fields: Scan.Fields, _ x: [Tensor], _ g: Tensor
  ) -> [Tensor?] {
    var whole = fields
    whole.kept = fields.carries
    let again = Tensor(
      Node(.scan(Scan(whole)), [whole.size], .float32, operands: x.map(\.node)))
    let cotangents = fields.layout.map { part in
      let values = g.values(of: part)
      return (part.keepsHistory ? values : history(of: values, fields)).flattened()
    }
    return ofScan(Scan(whole), x, again, concatenate(cotangents, along: 0))
  }

  /// The places of a carry that take turns as a part of its history, with zeros for the steps whose
  /// values are gone.
  private static func history(of places: Tensor, _ fields: Scan.Fields) -> Tensor {
    let (steps, count) = (fields.steps, places.shape[0])
    // In the order of the steps: turns steps - 2 and steps - 1, or in reverse.
    let isSwapped = count == 2 && (steps % 2 == 1) != fields.isReversed
    let ordered = isSwapped ? places.reversed(along: 0) : places
    let missing = steps - count
    let sides = fields.isReversed ? (0, missing) : (missing, 0)
    return ordered.padded([sides] + places.shape.dimensions.dropFirst().map { _ in (0, 0) })
  }
}

/// The cotangent that a step has for a matrix which rows are multiplied with, Xᵀ G or its transpose,
/// or for the bias of that product, the sum of the rows of G.
private struct LateCotangent {
  /// X; nil for the bias.
  let left: Tensor?
  let right: Tensor
  let isTurned: Bool

  /// For each cotangent of a step whether it can wait. A sum waits only where its rows are kept for
  /// a product anyway.
  static func all(_ cotangents: [Tensor?]) -> [LateCotangent?] {
    let found = cotangents.map { $0.flatMap(LateCotangent.init) }
    return found.map { one in
      guard let one, one.left == nil else { return one }
      let isKept = found.contains { $0?.left != nil && $0?.right.node === one.right.node }
      return isKept ? one : nil
    }
  }

  private init?(_ cotangent: Tensor) {
    // Axes of size 1 come and go.
    func isSame(_ a: Shape, _ b: Shape) -> Bool {
      a.dimensions.filter { $0 != 1 } == b.dimensions.filter { $0 != 1 }
    }
    var node = cotangent.node
    var isTurned = false
    while let inside = node.first {
      if node.primitive == .permute(Permutation([1, 0])), node.shape.rank == 2 {
        isTurned.toggle()
      } else if node.primitive != .reshape || !isSame(inside.shape, node.shape) {
        break
      }
      node = inside
    }
    guard node.dtype == .float32, let first = node.first, first.shape.rank == 2 else { return nil }
    switch node.primitive {
    case .matmul:
      guard first.primitive == .permute(Permutation([1, 0])), let left = first.first else {
        return nil
      }
      (self.left, right, self.isTurned) = (Tensor(left), Tensor(node.operands[1]), isTurned)
    case .reduce(.sum, AxisSet([0])):
      (left, right, self.isTurned) = (nil, Tensor(first), false)
    default: return nil
    }
  }

  /// The cotangent over all steps, given X and G of each.
  func gathered(_ left: Tensor?, _ right: Tensor) -> Tensor {
    let rows = right.reshaped(to: [-1, right.shape[-1]])
    guard let left else { return rows.sum(over: 0) }
    let sum = matmul(left.reshaped(to: [-1, left.shape[-1]]).transposed(), rows)
    return isTurned ? sum.transposed() : sum
  }
}
