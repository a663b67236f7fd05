// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

extension Plan {
  /// The plan for some rows only, if no row depends on another.
  ///
  /// Each buffer but the shared ones is taken for `count` rows of equal size. The part has the same
  /// buffers, at the same places, and reads and writes its own rows of them: parts with an arena each
  /// may run at the same time, and together they write what the whole plan writes, bit by bit.
  ///
  /// - Parameter shared: slots that are only read, by all parts.
  /// - Returns: nil where a step mixes rows, or where that can't be told.
  package func part(_ rows: Range<Int>, of count: Int, shared: Set<Int>) -> Plan? {
    let cut = RowCut(plan: self, rows: rows, count: count, shared: shared)
    var result = self
    for (number, step) in steps.enumerated() {
      guard let part = cut.part(of: step) else { return nil }
      result.steps[number] = part
    }
    return result
  }
}

/// Some rows of what a plan reads and writes.
private struct RowCut {
  let plan: Plan
  let rows: Range<Int>
  let count: Int
  let shared: Set<Int>

  func part(of step: Step) -> Step? {
    switch step {
    case .pass(let pass): return part(of: pass).map(Step.pass)
    case .matmul(let step): return part(of: step).map(Step.matmul)
    case .copy(let dims, let destination, let source):
      guard let (cut, each) = cut(dims), let to = operand(destination, dims, each),
        let from = operand(source, dims, each), !shared.contains(to.slot)
      else { return nil }
      return .copy(dims: cut, destination: to, source: from)
    case .zero(let operand, let elements):
      guard operand.offset == 0, size(of: operand).map({ $0 * count }) == elements else {
        return nil
      }
      var cut = operand
      cut.offset = rows.lowerBound * (elements / count)
      return .zero(cut, count: rows.count * (elements / count))
    case .convolution, .convolutionKernelGradient, .pooling, .scan, .attention, .fourier, .gather,
      .scatterAdd, .put, .argument, .cumulativeSum, .sort, .reduceRows:
      return nil
    }
  }

  /// The dims of the part, whose first is that of the rows, and how many of its places a row has.
  private func cut(_ dims: [Int]) -> (dims: [Int], each: Int)? {
    guard let first = dims.first, first > 0, first % count == 0 else { return nil }
    return ([first / count * rows.count] + dims.dropFirst(), first / count)
  }

  /// The elements of a row, in the operand's type; nil if the buffer is not made of equal rows.
  private func size(of operand: Operand) -> Int? {
    let bytes = count * operand.dtype.byteCount
    let whole = plan.buffers[operand.slot].byteCount
    return whole > 0 && whole % bytes == 0 ? whole / bytes : nil
  }

  /// The operand from the first row on, if the walk over `dims` reads each row at its own places.
  private func operand(_ operand: Operand, _ dims: [Int], _ each: Int) -> Operand? {
    if shared.contains(operand.slot) { return operand.strides[0] == 0 ? operand : nil }
    guard let size = size(of: operand), operand.strides.allSatisfy({ $0 >= 0 }),
      each * operand.strides[0] == size
    else { return nil }
    let last =
      operand.offset + (each - 1) * operand.strides[0]
      + zip(dims, operand.strides).dropFirst().reduce(0) { $0 + ($1.0 - 1) * $1.1 }
    guard operand.offset >= 0, last < size else { return nil }
    var result = operand
    result.offset += rows.lowerBound * size
    return result
  }

  private func part(of pass: Pass) -> Pass? {
    switch pass.mode {
    case .flat: break
    case .rows: if pass.dims.count < 2 { return nil }
    case .columns: return nil
    }
    // What depends on the place of an element would have to know of the rows before.
    let isPlaced = pass.instructions.contains { $0.name == "index" || $0.name == "random_bits" }
    guard !isPlaced, let (dims, each) = cut(pass.dims) else { return nil }
    func part(of port: Pass.Port) -> Pass.Port? {
      guard let cut = operand(port.operand, pass.dims, each) else { return nil }
      return Pass.Port(operand: cut, register: port.register, kind: port.kind)
    }
    var result = pass
    result.dims = dims
    result.inputs = pass.inputs.compactMap(part)
    result.outputs = pass.outputs.compactMap(part)
    guard result.inputs.count == pass.inputs.count, result.outputs.count == pass.outputs.count,
      result.outputs.allSatisfy({ !shared.contains($0.operand.slot) })
    else { return nil }
    return result
  }

  private func part(of step: MatmulStep) -> MatmulStep? {
    guard step.batch == 1, shared.contains(step.b.slot), let (cut, each) = cut([step.m]),
      let a = matrix(step.a, [step.m, step.k], each), !shared.contains(a.slot),
      let c = matrix(step.c, [step.m, step.n], each), !shared.contains(c.slot)
    else { return nil }
    var result = step
    (result.m, result.a, result.c) = (cut[0], a, c)
    if let epilogue = step.epilogue {
      guard epilogue.dims == [step.m, step.n], let pass = part(of: epilogue) else { return nil }
      result.epilogue = pass
    }
    return result
  }

  /// An operand of a product, which has a stride for the batch first.
  private func matrix(_ whole: Operand, _ dims: [Int], _ each: Int) -> Operand? {
    var matrix = whole
    matrix.strides = Array(whole.strides.dropFirst())
    guard var result = operand(matrix, dims, each) else { return nil }
    result.strides = whole.strides
    return result
  }
}
