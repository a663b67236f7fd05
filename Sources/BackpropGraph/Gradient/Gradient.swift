// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import Synchronization

/// What every evaluation and every derivation shares: one walks the graph at a time.
package enum Evaluation {
  /// The state behind the lock: the number of the latest walk.
  package struct Walk: Sendable {
    package var epoch: UInt32 = 0
  }

  /// Guards the marks in nodes, their values and their histories.
  package static let lock = Mutex(Walk())

  /// Whether a gradient may still be asked for what is evaluated now; then histories are kept.
  @TaskLocal package static var isRecording = false
}

/// The gradients of a scalar with respect to tensors it was made from, as tensors of their shapes;
/// zeros for a tensor without influence.
///
/// - Parameter result: a tensor with one element; anything else yields tensors that carry a
///   ``ShapeError``.
public func gradient(of result: Tensor, at leaves: [Tensor]) -> [Tensor] {
  guard result.count == 1, result.dtype.isFloatingPoint else {
    return leaves.map {
      .failed(
        "gradient", [result], "only a floating-point tensor with one element has a gradient",
        hint: "reduce it first, for example with mean()", shape: $0.shape, dtype: $0.dtype)
    }
  }
  if let failure = result.failure {
    return leaves.map { Tensor(Node(failure: failure, shape: $0.shape, dtype: $0.dtype)) }
  }
  return GradientCache.gradients(of: result.node, at: leaves.map(\.node)).map(Tensor.init)
}

/// The value of a function of tensors that yields a scalar, and its gradients at them.
///
/// Reading values inside `body` is allowed.
public func valueAndGradient<Failure: Error>(
  at leaves: [Tensor], _ body: ([Tensor]) throws(Failure) -> Tensor
) throws(Failure) -> (value: Tensor, gradients: [Tensor]) {
  let outcome = Evaluation.$isRecording.withValue(true) { () -> Result<Tensor, Failure> in
    do throws(Failure) { return .success(try body(leaves)) } catch { return .failure(error) }
  }
  let value = try outcome.get()
  return (value, gradient(of: value, at: leaves))
}

/// Gradients that were derived once, kept by the structure of what was differentiated: in later
/// steps the backward pass costs one node, however large it is.
private enum GradientCache {
  struct Template: Sendable {
    let words: [UInt64]
    /// nil when no leaf has influence.
    let function: FunctionID?
    /// What the function takes as operands.
    let captures: [Capture]
    /// Which result belongs to each leaf; nil: zeros.
    let results: [Int?]
  }

  enum Capture: Sendable {
    /// A node of the forward graph, by its place.
    case place(Int32)
    /// A number that a pullback wrote down.
    case number(Node)
  }

  static let templates = Mutex<[UInt64: [Template]]>([:])

  /// The forward graph as words, with its nodes in order.
  struct Trace {
    var nodes: [Node] = []
    var words: [UInt64] = []
    var hash: UInt64 = 0x243F_6A88_85A3_08D3  // the fraction of π
  }

  static func gradients(of result: Node, at leaves: [Node]) -> [Node] {
    let trace = trace(result, leaves)
    let known = templates.withLock { templates in
      templates[trace.hash]?.first { $0.words == trace.words }
    }
    if let known { return apply(known, leaves, trace) }
    return derive(result, leaves, trace)
  }

  private static func apply(_ template: Template, _ leaves: [Node], _ trace: Trace) -> [Node] {
    guard let function = template.function else {
      return leaves.map { Tensor.literal(0, $0.shape, $0.dtype).node }
    }
    let operands = template.captures.map {
      switch $0 {
      case .place(let place): trace.nodes[Int(place)]
      case .number(let node): node
      }
    }
    let outputs = call(function, operands)
    return zip(leaves, template.results).map { leaf, index in
      index.map { outputs[$0] } ?? Tensor.literal(0, leaf.shape, leaf.dtype).node
    }
  }

  /// Walks the pending graph once, marking each node with its place.
  private static func trace(_ result: Node, _ leaves: [Node]) -> Trace {
    Evaluation.lock.withLock { walk in
      walk.epoch &+= 1
      let epoch = walk.epoch
      var trace = Trace()
      var stack: [Unmanaged<Node>] = [.passUnretained(result)]
      // A leaf is a place of its own, and nothing below it is looked at.
      for leaf in leaves where leaf.epoch != epoch {
        leaf.epoch = epoch
        leaf.place = Int32(trace.nodes.count)
        trace.nodes.append(leaf)
        trace.add(UInt64(leaf.dtype.rawValue))
        trace.add(leaf.shape)
      }
      for leaf in leaves { trace.add(UInt64(UInt32(bitPattern: leaf.place))) }
      while let top = stack.last {
        let node = top._withUnsafeGuaranteedRef { $0 }
        if node.epoch == epoch {
          stack.removeLast()
          continue
        }
        let before = stack.count
        node.forEachOperand { if $0.epoch != epoch { stack.append(.passUnretained($0)) } }
        if stack.count > before { continue }
        stack.removeLast()
        node.epoch = epoch
        node.place = Int32(trace.nodes.count)
        trace.nodes.append(node)
        trace.add(node.primitive.word)
        trace.add(UInt64(node.dtype.rawValue) | (node.value == nil ? 0 : 256))
        trace.add(node.shape)
        node.forEachOperand { trace.add(UInt64(UInt32(bitPattern: $0.place))) }
      }
      return trace
    }
  }

  private static func derive(_ result: Node, _ leaves: [Node], _ trace: Trace) -> [Node] {
    var place: [ObjectIdentifier: Int32] = [:]
    for (index, node) in trace.nodes.enumerated() { place[ObjectIdentifier(node)] = Int32(index) }
    let seed = Tensor.literal(1, result.shape, result.dtype)
    let cotangents = Differentiation.cotangents(of: [(result, seed)], at: leaves)
    var results: [Int?] = []
    var found: [Node] = []
    for (leaf, cotangent) in zip(leaves, cotangents) {
      results.append(cotangent == nil ? nil : found.count)
      if let cotangent { found.append(cotangent.cast(to: leaf.dtype).node) }
    }
    var captures: [Capture] = []
    var function: FunctionID?
    if !found.isEmpty {
      let extracted = GraphFunction.extract(
        "gradient", results: found, operands: [],
        stopAt: { place[ObjectIdentifier($0)] != nil })
      function = extracted.id
      for operand in extracted.operands {
        if let place = place[ObjectIdentifier(operand)] {
          captures.append(.place(place))
        } else if case .constant = operand.primitive {
          captures.append(.number(operand))
        } else {
          // A pullback brought a tensor of its own, which may differ in the next step.
          return zip(leaves, results).map { leaf, index in
            index.map { found[$0] } ?? Tensor.literal(0, leaf.shape, leaf.dtype).node
          }
        }
      }
    }
    let template = Template(
      words: trace.words, function: function, captures: captures, results: results)
    templates.withLock { $0[trace.hash, default: []].append(template) }
    return apply(template, leaves, trace)
  }
}

extension GradientCache.Trace {
  @inline(__always)
  mutating func add(_ word: UInt64) {
    words.append(word)
    hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 32
  }

  @inline(__always)
  mutating func add(_ shape: Shape) {
    add(UInt64(shape.rank))
    for axis in 0..<shape.rank { add(UInt64(UInt32(bitPattern: shape.sizes[axis]))) }
  }
}
