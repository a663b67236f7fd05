// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph
import BackpropRuntime

/// What every word of the language means, in plain loops over `Double`.
///
/// This is the definition that devices are compared with, and the first thing to read about a
/// word. It is slow and has no device: it reads the numbers that tensors were made from and
/// computes everything else. ``Reference/evaluate(_:rounding:substituting:)-([Tensor],_,_)`` is the
/// way in; the families of words are in the files beside this one.
public enum Reference {
  /// A value that takes the place of a tensor's own.
  public typealias Substitution = (tensor: Tensor, value: ReferenceValue)

  /// The values of tensors.
  ///
  /// - Parameters:
  ///   - rounding: whether the result of each word is rounded to its type, as on a device. Without
  ///     it, floating-point words of every type compute in `Double`, as finite differences need.
  ///   - substituting: values that take the place of tensors that the results are made from.
  /// - Throws: the ``ShapeError`` that a tensor carries; a `RuntimeError` for a position outside
  ///   its axis or a value that is not in host memory.
  public static func evaluate(
    _ tensors: [Tensor], rounding: Bool = true, substituting: [Substitution] = []
  ) throws -> [ReferenceValue] {
    var interpreter = Interpreter(rounding: rounding)
    for (tensor, value) in substituting {
      precondition(tensor.shape == value.shape, "a substitution keeps the shape")
      interpreter.values[ObjectIdentifier(tensor.node)] = value
    }
    return try interpreter.run(tensors.map(\.node))
  }

  /// The value of one tensor; see ``evaluate(_:rounding:substituting:)-([Tensor],_,_)``.
  public static func evaluate(
    _ tensor: Tensor, rounding: Bool = true, substituting: [Substitution] = []
  ) throws -> ReferenceValue {
    try evaluate([tensor], rounding: rounding, substituting: substituting)[0]
  }
}

/// A walk over a graph, operands first, that gives each node its value.
struct Interpreter {
  let rounding: Bool
  var values: [ObjectIdentifier: ReferenceValue] = [:]
  /// The results of each call.
  var calls: [ObjectIdentifier: [ReferenceValue]] = [:]
  /// What the placeholders stand for, inside the body of a function.
  var arguments: [ReferenceValue] = []

  init(rounding: Bool) { self.rounding = rounding }

  mutating func run(_ roots: [Node]) throws -> [ReferenceValue] {
    if let failure = roots.lazy.compactMap(\.failure).first { throw failure }
    for node in topologicalOrder(of: roots, stopAt: { values[ObjectIdentifier($0)] != nil }) {
      let key = ObjectIdentifier(node)
      if values[key] != nil { continue }
      if case .call(let function) = node.primitive, node.value == nil {
        var body = Interpreter(rounding: rounding)
        body.arguments = node.operands.map { value(of: $0) }
        calls[key] = try body.run(function.function.results)
        continue
      }
      values[key] = try compute(node)
    }
    return roots.map { value(of: $0) }
  }

  private func value(of node: Node) -> ReferenceValue {
    values[ObjectIdentifier(node)] ?? ReferenceValue(node.shape, node.dtype, [])
  }

  /// The value of one node from those of its operands: the meaning of its word.
  private func compute(_ node: Node) throws -> ReferenceValue {
    // A node whose history was cut is known by its value only.
    if node.operandCount == 0, node.value != nil { return try ReferenceValue(reading: node) }
    let x = node.operands.map { value(of: $0) }
    let (shape, dtype) = (node.shape, node.dtype)
    let elements: [Double] =
      switch node.primitive {
      case .source: try ReferenceValue(reading: node).elements
      case .failed: throw node.failure ?? ShapeError(operation: "failed", operands: [], rule: "")
      case .constant: [Leaf.constant(node.argument, dtype)]
      case .literal(let number): [Double(number)]
      case .placeholder(let index): arguments[Int(index)].elements
      case .iota(let axis): Leaf.iota(shape, along: Int(axis))
      case .random(let kind): Leaf.random(kind, count: shape.count, key: node.argument)
      case .unary(let function):
        dtype.isFloatingPoint
          ? x[0].elements.map(function.meaning) : x[0].elements.map(function.integerMeaning)
      case .binary(let function):
        zip(x[0].repeated(shape.count), x[1].repeated(shape.count))
          .map(dtype.isFloatingPoint ? function.meaning : function.integerMeaning)
      case .compare(let comparison):
        zip(x[0].elements, x[1].elements).map { comparison.meaning($0, $1) ? 1 : 0 }
      case .select:
        shape.indices.map { x[0].elements[$0] != 0 ? x[1].elements[$0] : x[2].elements[$0] }
      case .cast: x[0].elements.map { x[0].dtype.converted($0, to: dtype) }
      case .reshape: x[0].elements
      case .permute(let permutation): Movement.permute(x[0], permutation, shape)
      case .broadcast: Movement.broadcast(x[0], shape)
      case .slice(let window): Movement.slice(x[0], window, shape)
      case .pad(let window): Movement.pad(x[0], window, shape)
      case .reverse(let axes): Movement.reverse(x[0], axes)
      case .concatenate(let axis): Movement.concatenate(x, along: Int(axis), shape)
      case .reduce(let reduction, let axes): Rows.reduce(x[0], reduction, axes, shape)
      case .argument(let extremum, let axis): Rows.argument(x[0], extremum, along: Int(axis))
      case .cumulativeSum(let axis, let reversed):
        Rows.cumulativeSum(x[0], along: Int(axis), reversed: reversed)
      case .matmul: Rows.matmul(x[0], x[1], shape)
      case .convolution(let form): Space.convolution(x[0], x[1], form.fields, shape)
      case .convolutionKernelGradient(let form):
        Space.kernelGradient(x[0], x[1], form.fields, shape)
      case .windowSum(let pooling): Space.windowSum(x[0], pooling.fields, shape)
      case .windowMax(let pooling): Space.windowMax(x[0], pooling.fields, shape)
      case .windowMaxPullback(let pooling): Space.windowMaxPullback(x[0], x[1], pooling.fields)
      case .windowMaxSelection(let pooling): Space.windowMaxSelection(x[0], x[1], pooling.fields)
      case .gather(let axis): try Rows.gather(x[0], x[1], along: Int(axis), shape)
      case .scatterAdd(let axis): try Rows.scatterAdd(x[1], at: x[0], along: Int(axis), shape)
      case .put(let axis): try Rows.put(x[0], x[2], at: x[1], along: Int(axis))
      case .argumentSort(let axis, let descending):
        Rows.argumentSort(x[0], along: Int(axis), descending: descending)
      case .attention(let form): Attending(form.fields, x).packed
      case .attentionGradient(let form): Attending(form.fields, x).gradient
      case .fourier(let kind): Rows.fourier(x[0], kind, shape)
      case .stopGradient: x[0].elements
      case .barrier: x[0].elements
      case .scan(let scan): try loop(scan.fields, x)
      case .call: []
      case .output(let index):
        node.first.flatMap { calls[ObjectIdentifier($0)] }?[Int(index)].elements ?? []
      }
    return ReferenceValue(shape, dtype, elements.map { stored($0, dtype) })
  }

  /// A result as its type holds it: integers wrap around; floats are rounded if asked for.
  private func stored(_ x: Double, _ dtype: DType) -> Double {
    dtype.isFloatingPoint && !rounding ? x : dtype.rounded(x)
  }
}

extension Shape {
  /// The row-major positions of the elements.
  var indices: Range<Int> { 0..<count }
}

extension Interpreter {
  /// A loop over time, step by step; the packed result.
  fileprivate func loop(_ fields: Scan.Fields, _ x: [ReferenceValue]) throws -> [Double] {
    let layout = fields.layout
    var packed = [Double](repeating: 0, count: fields.size)
    var carries = Array(x.prefix(fields.carries))
    for turn in 0..<fields.steps {
      let step = fields.isReversed ? fields.steps - 1 - turn : turn
      var body = Interpreter(rounding: rounding)
      body.arguments = carries
      for sequence in x[fields.carries..<(fields.carries + fields.sequences)] {
        let shape = Shape(sequence.shape.dimensions.dropFirst())
        let from = step * shape.count
        body.arguments.append(
          ReferenceValue(
            shape, sequence.dtype, Array(sequence.elements[from..<(from + shape.count)])))
      }
      body.arguments += x[(fields.carries + fields.sequences)...]
      let results = try body.run(fields.body.function.results)
      for (part, result) in zip(layout, results) {
        let from = part.offset + part.slot(step: step, turn: turn) * part.shape.count
        packed.replaceSubrange(from..<(from + part.shape.count), with: result.elements)
      }
      carries = Array(results.prefix(fields.carries))
    }
    return packed
  }
}
