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
/// The body of a loop or of a recomputed segment sees through a tensor that is not computed yet to
/// what it is made of; a gradient at such a tensor carries a ``ShapeError``.
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
  let nodes = leaves.map(\.node)
  let gradients = GradientCache.gradients(of: result.node, at: nodes)
  guard nodes.contains(where: HiddenLeaf.isPossible) else { return gradients.map(Tensor.init) }
  return zip(nodes, gradients).map { leaf, gradient in
    HiddenLeaf.failure(of: leaf, below: result.node) ?? Tensor(gradient)
  }
}

/// The value of a function of tensors that yields a scalar, and its gradients at them.
///
/// Reading values inside `body` is allowed. The tensors that it gets stand for themselves in the
/// bodies of loops and recomputed segments, too.
public func valueAndGradient<Failure: Error>(
  at tensors: [Tensor], _ body: ([Tensor]) throws(Failure) -> Tensor
) throws(Failure) -> (value: Tensor, gradients: [Tensor]) {
  let leaves = tensors.map(\.asLeaf)
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
    /// Whether the results are the function's, each once and in order.
    let isWhole: Bool

    init(words: [UInt64], function: FunctionID?, captures: [Capture], results: [Int?]) {
      self.words = words
      self.function = function
      self.captures = captures
      self.results = results
      isWhole = results.enumerated().allSatisfy { $0.offset == $0.element }
    }
  }

  enum Capture: Sendable {
    /// A node of the forward graph, by its place.
    case place(Int32)
    /// A result of a call of the forward graph, which may not have been used there.
    case result(call: Int32, UInt32, Shape, DType)
    /// A number that a pullback wrote down.
    case number(Node)
  }

  // Both are touched only while the evaluation lock is held.
  nonisolated(unsafe) private static var templates: [UInt64: [Template]] = [:]
  nonisolated(unsafe) private static var trace = Trace()

  static func gradients(of result: Node, at leaves: [Node]) -> [Node] {
    let found: [Node]? = Evaluation.lock.withLock { walk -> [Node]? in
      trace.walk(from: [result], boundary: leaves, epoch: &walk.epoch)
      if let template = templates[trace.hash]?.first(where: { trace.words.isEqual(to: $0.words) }) {
        return apply(template, leaves) { trace[$0].takeUnretainedValue() }
      }
      return nil
    }
    return found ?? derive(result, leaves)
  }

  private static func apply(_ template: Template, _ leaves: [Node], _ node: (Int32) -> Node)
    -> [Node]
  {
    guard let function = template.function else {
      return leaves.map { Tensor.literal(0, $0.shape, $0.dtype).node }
    }
    var operands: [Node] = []
    operands.reserveCapacity(template.captures.count)
    for capture in template.captures {
      switch capture {
      case .place(let place): operands.append(node(place))
      case .result(let call, let index, let shape, let dtype):
        operands.append(Node(.output(index), shape, dtype, node(call)))
      case .number(let node): operands.append(node)
      }
    }
    let outputs = call(function, operands)
    if template.isWhole { return outputs }
    return zip(leaves, template.results).map { leaf, index in
      index.map { outputs[$0] } ?? Tensor.literal(0, leaf.shape, leaf.dtype).node
    }
  }

  /// Derives the gradient and keeps it. The lock is not held meanwhile: pullbacks may evaluate.
  private static func derive(_ result: Node, _ leaves: [Node]) -> [Node] {
    let (forward, words, hash) = Evaluation.lock.withLock { walk in
      trace.walk(from: [result], boundary: leaves, epoch: &walk.epoch)
      return (
        trace.nodes.elements.map { $0.takeUnretainedValue() }, Array(trace.words.elements),
        trace.hash
      )
    }
    var place: [ObjectIdentifier: Int32] = [:]
    for (index, node) in forward.enumerated() { place[ObjectIdentifier(node)] = Int32(index) }
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
      // A call is not a value: what is captured are its results, also those that a pullback made.
      func capture(_ node: Node) -> Capture? {
        if let place = place[ObjectIdentifier(node)] { return .place(place) }
        guard case .output(let index) = node.primitive, let call = node.first,
          let place = place[ObjectIdentifier(call)]
        else { return nil }
        return .result(call: place, index, node.shape, node.dtype)
      }
      let extracted = GraphFunction.extract(
        "gradient", results: found, operands: [], stopAt: { capture($0) != nil })
      function = extracted.id
      for operand in extracted.operands {
        if let known = capture(operand) {
          captures.append(known)
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
      words: words, function: function, captures: captures, results: results)
    Evaluation.lock.withLock { _ in templates[hash, default: []].append(template) }
    return apply(template, leaves) { forward[Int($0)] }
  }
}
