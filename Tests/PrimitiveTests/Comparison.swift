// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting

extension Primitive {
  /// How far a device may lie from the reference, given the same operands. `magnitudes` are, for
  /// words that add up, the sums of the magnitudes for each element of the result.
  func tolerance(_ node: Node, _ operands: [ReferenceValue]) -> Tolerance {
    switch self {
    case .unary(let function): function.tolerance
    case .binary(let function): function.tolerance
    case .random(.normal):
      Tolerance(ulps: 8, absolute: 2e-7, reason: "ln, √ and cos, one after the other")
    case .attention, .attentionGradient:
      Tolerance(
        ulps: 64, absolute: 2e-6 * reach(operands), reason: "exponentials of sums, added up")
    case .scan:
      Tolerance(ulps: 64, absolute: 4e-6, reason: "what each step rounds goes into the next")
    case .fourier:
      Tolerance(
        ulps: 16, absolute: 2e-5, reason: "rows of size 1; by the size of a row in FourierTests")
    case .source, .failed, .constant, .literal, .placeholder, .iota, .random, .compare, .select,
      .cast, .reshape, .permute, .broadcast, .slice, .pad, .reverse, .concatenate, .argument,
      .gather, .put, .argumentSort, .stopGradient, .barrier, .call, .output, .reduce,
      .cumulativeSum,
      .matmul, .scatterAdd, .convolution, .convolutionKernelGradient, .windowSum, .windowMax,
      .windowMaxPullback, .windowMaxSelection:
      .exact
    }
  }

  /// How many numbers make one element of the result, if it is a sum.
  func terms(_ node: Node) -> Int? {
    switch self {
    case .reduce(.sum, let axes):
      axes.axes.reduce(1) { $0 * node.operands[0].shape[$1] }
    case .cumulativeSum(let axis, _): node.shape[Int(axis)]
    case .matmul: node.operands[0].shape[-1]
    case .scatterAdd: node.operands[0].shape.count
    case .convolution: node.operands[1].shape.count / node.shape[-1]
    case .convolutionKernelGradient:
      node.operands[1].shape.count / node.operands[1].shape[-1]
    case .windowSum(let pooling): pooling.fields.window.reduce(1, *)
    case .windowMaxPullback(let pooling): pooling.fields.window.reduce(1, *)
    default: nil
    }
  }
}

extension Primitive {
  /// What the elements of attention, or of its gradient, may be a sum of, by its operands' sizes.
  private func reach(_ operands: [ReferenceValue]) -> Double {
    func size(_ number: Int) -> Double {
      operands[number].elements.reduce(1) { max($0, abs($1)) }
    }
    switch self {
    case .attention(let form): return size(2) / Double(form.fields.kept)
    case .attentionGradient(let form):
      let queries = Double(operands[0].shape[1] * operands[0].shape[2] / operands[1].shape[1])
      return size(operands.count - 1) * size(2) * max(size(0), size(1)) * queries.squareRoot()
        / Double(form.fields.kept)
    default: return 0
    }
  }
}

extension Primitive {
  /// Whether an operand says what is added up and is not added up itself.
  func chooses(by operand: Int) -> Bool {
    if case .windowMaxPullback = self { return operand == 0 }
    return false
  }
}

extension Unary {
  /// The C kernels' own figures, rounded up, in float32.
  var tolerance: Tolerance {
    switch self {
    case .negate, .absolute, .sign, .floor, .ceil, .round, .relu: .exact
    case .squareRoot, .reciprocal: Tolerance(ulps: 0, reason: "IEEE 754 rounds it correctly")
    case .reciprocalSquareRoot: Tolerance(ulps: 1.5, reason: "rounded twice")
    case .exp, .log, .log1p, .expm1, .tanh, .erf, .sigmoid:
      Tolerance(ulps: 3, reason: "a polynomial in float32")
    case .sin, .cos:
      Tolerance(ulps: 2, absolute: 1e-7, reason: "near a zero the reduced angle is rounded")
    }
  }
}

extension Binary {
  /// The C kernels' own figures, rounded up, in float32.
  var tolerance: Tolerance {
    switch self {
    case .add, .subtract, .multiply, .divide, .maximum, .minimum:
      Tolerance(ulps: 0, reason: "IEEE 754 rounds it correctly")
    case .power: Tolerance(ulps: 2, reason: "computed in double with polynomials")
    case .remainder: Tolerance(ulps: 1, reason: "computed in double, rounded once")
    }
  }
}

/// Compares what a device made of one node with the reference, given the device's own operands:
/// errors do not travel, so that tolerances are tight.
enum NodeCheck {
  /// nil if the value is right; else a sentence.
  static func problem(
    _ node: Node, _ operands: [Node], actual: ReferenceValue,
    _ value: (Node) throws -> ReferenceValue
  )
    throws -> String?
  {
    let known = try operands.map { (tensor: Tensor($0), value: try value($0)) }
    let copy = Node(node.primitive, node.shape, node.dtype, operands: operands)
    let subject =
      operands.isEmpty
      ? Tensor(Node(node.primitive, node.shape, node.dtype, argument: node.argument)) : Tensor(copy)
    let expected = try Reference.evaluate(subject, substituting: known)
    let isNarrow = node.dtype == .bfloat16 || node.dtype == .float16
    var tolerance = node.primitive.tolerance(copy, known.map(\.value))
    if isNarrow, tolerance.ulps > 0 || node.primitive.terms(copy) != nil {
      tolerance = Tolerance(ulps: 1, reason: "an error of float32 may tip the rounding")
    }
    // The device takes subnormal numbers as zero.
    tolerance = Tolerance(
      ulps: tolerance.ulps, absolute: max(tolerance.absolute, 2.4e-38), reason: tolerance.reason)
    guard let mismatch = tolerance.mismatch(of: actual, from: expected) else { return nil }
    guard let terms = node.primitive.terms(copy), node.dtype.isFloatingPoint else {
      return "\(mismatch); allowed: \(tolerance)"
    }
    // A sum: the error is measured by the sum of the magnitudes.
    let positive = known.enumerated().map { number, pair in
      var value = pair.value
      if value.dtype.isFloatingPoint, !node.primitive.chooses(by: number) {
        value.elements = value.elements.map(abs)
      }
      return (tensor: pair.tensor, value: value)
    }
    let sizes = try Reference.evaluate(subject, rounding: false, substituting: positive)
    let step = isNarrow ? node.dtype.unitInTheLastPlace(at: 1) : 0x1p-24
    // One after the other in the worst case.
    let share = 0x1p-24 * Double(terms + 2)
    for (index, (a, e)) in zip(actual.elements, expected.elements).enumerated() {
      if a == e || (a.isNaN && e.isNaN) { continue }
      let limit = share * sizes.elements[index] + step * abs(e) + 2.4e-38
      if !(abs(a - e) <= limit) {
        return "\(a) where \(e) is right at element \(index) of \(node.dtype) \(node.shape), "
          + "a sum of \(terms) numbers of the size \(sizes.elements[index]) together"
      }
    }
    return nil
  }
}
