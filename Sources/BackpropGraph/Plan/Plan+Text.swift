// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Plan: CustomStringConvertible {
  /// The plan as text: a line of totals, the buffers, then a line for each step.
  package var description: String {
    var lines = [
      "plan: \(steps.count) steps, \(operations) operations, \(bytesMoved) bytes moved, "
        + "arena \(arenaBytes) bytes, peak \(peakBytes) bytes"
    ]
    for (slot, buffer) in buffers.enumerated() {
      lines.append("  %\(slot) \(buffer.label) \(buffer.place)")
    }
    for step in steps { lines.append("  " + step.description) }
    lines.append("  -> " + results.map { "%\($0)" }.joined(separator: " "))
    return lines.joined(separator: "\n")
  }
}

extension Plan.Place: CustomStringConvertible {
  package var description: String {
    switch self {
    case .leaf(let index): "leaf \(index)"
    case .result(let index): "result \(index)"
    case .donated(let leaf): "over leaf \(leaf)"
    case .arena(let offset): "arena +\(offset)"
    case .none: "passes"
    }
  }
}

extension Operand: CustomStringConvertible {
  /// `%3+offset[strides]`
  package var description: String {
    "%\(slot)" + (offset == 0 ? "" : "+\(offset)") + "\(strides)"
  }
}

extension Step: CustomStringConvertible {
  package var description: String {
    switch self {
    case .pass(let pass): return pass.description
    case .matmul(let step):
      let size = "[\(step.batch == 1 ? "" : "\(step.batch), ")\(step.m), \(step.k), \(step.n)]"
      let head = "matmul \(size) \(step.c) = \(step.a) × \(step.b)"
      return head + (step.epilogue.map { "\n    then \($0.description)" } ?? "")
    case .convolution(let step):
      let head = "convolution \(step.sizes) \(step.c) = \(step.a) ∗ \(step.b)"
      return head + (step.epilogue.map { "\n    then \($0.description)" } ?? "")
    case .convolutionKernelGradient(let step):
      return "convolutionKernelGradient \(step.sizes) \(step.c) = \(step.a) ∗ \(step.b)"
    case .scan(let step):
      let x = step.operands.map(\.description).joined(separator: " ")
      let body = step.body.description.split(separator: "\n").joined(separator: "\n    ")
      return
        "scan \(step.steps)\(step.isReversed ? " reversed" : "") \(step.result) = \(x)\n    \(body)"
    case .attention(let step):
      var operands = [step.query, step.key, step.value, step.bias, step.mask].compactMap(\.self)
      if case .memory(let draws) = step.draws { operands.append(draws) }
      let x = operands.map(\.description).joined(separator: " ")
      guard let gradient = step.gradient else {
        return "attention \(step.text) \(step.packed) = \(x)"
      }
      return "attentionGradient \(step.text) \(gradient.packed) = \(x) \(step.packed) "
        + "\(gradient.cotangent)"
    case .fourier(let step):
      return "fourier \(step.kind) \(step.rows) × \(step.count) \(step.result) = \(step.source)"
    case .pooling(let step):
      let x = step.operands.dropFirst().map(\.description).joined(separator: " ")
      return "window \(step.kind) \(step.window) \(step.operands[0]) = \(x)"
    case .copy(let dims, let destination, let source):
      return "copy \(dims) \(destination) = \(source)"
    case .zero(let operand, let count): return "zero \(operand) × \(count)"
    case .gather(let result, let table, let indices, _, _, let inner, let count):
      return "gather \(count) × \(inner) \(result) = \(table) at \(indices)"
    case .scatterAdd(let result, let indices, let updates, _, _, let inner, let count):
      return "scatterAdd \(count) × \(inner) \(result) += \(updates) at \(indices)"
    case .put(let result, let indices, let values, _, _, let inner, let count):
      return "put \(count) × \(inner) \(result) = \(values) at \(indices)"
    case .argument(let result, let source, let extremum, _, _, _):
      return "argument \(extremum) \(result) = \(source)"
    case .cumulativeSum(let result, let source, _, _, _, _):
      return "cumulativeSum \(result) = \(source)"
    case .sort(let result, let source, _, let rows, let count):
      return "sort \(rows) × \(count) \(result) = \(source)"
    case .reduceRows(let result, let source, let reduction, let rows, let count):
      return "reduceRows \(reduction) \(rows) × \(count) \(result) = \(source)"
    }
  }
}

extension Pass: CustomStringConvertible {
  /// `pass rows [32, 10]: r0=%1 … | r3=exp r0 … | %4=r3`
  package var description: String {
    let loads = inputs.map { "r\($0.register)=\($0.operand)" + mark($0.kind) }
    let numbers = scalars.map { "r\($0.register)=\($0.value)" }
    let body = instructions.map {
      "r\($0.result)=\($0.name)" + $0.operands.map { " r\($0)" }.joined()
    }
    let stores = outputs.map { "\($0.operand)" + mark($0.kind) + "=r\($0.register)" }
    return "pass \(mode) \(dims): "
      + [loads + numbers, body, stores].map { $0.joined(separator: " ") }
      .joined(separator: " | ")
  }

  private func mark(_ kind: Kind) -> String { kind == .full ? "" : ".\(kind)" }
}
