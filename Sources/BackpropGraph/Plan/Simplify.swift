// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The algebraic rewrites, one rule each. They keep every bit of every result, but for the sign
/// of a zero: x + 0 is taken to be x.
extension IR {
  typealias Rule = @Sendable (inout IR, Primitive, Shape, DType, [Int]) -> Int?

  mutating func simplified(
    _ primitive: Primitive, _ shape: Shape, _ dtype: DType, _ operands: [Int]
  ) -> Int? {
    for rule in IR.rules {
      if let result = rule(&self, primitive, shape, dtype, operands) { return result }
    }
    return nil
  }

  private static let rules: [Rule] = [
    emptiness, identities, movesOfMoves, partsPutTogether, movesOfNumbers, arithmeticOnNumbers,
    neutralElements, reductionsInParts, productsOfLookups,
  ]

  /// Values without elements are never computed, and nothing is made from them: sums are 0.
  private static func emptiness(
    _ ir: inout IR, _ p: Primitive, _ shape: Shape, _ dtype: DType, _ x: [Int]
  ) -> Int? {
    let isEmpty = shape.count == 0
    func zeros(_ ir: inout IR) -> Int {
      ir.add(.broadcast, shape, dtype, [ir.add(.literal(0), .scalar, dtype, [])])
    }
    guard isEmpty || x.contains(where: { ir.values[$0].shape.count == 0 }) else { return nil }
    switch p {
    case .broadcast where ir.values[x[0]].shape.rank == 0: return nil
    case .concatenate where !isEmpty:
      let parts = x.filter { ir.values[$0].shape.count > 0 }
      return parts.count < x.count ? ir.add(p, shape, dtype, parts) : nil
    case .reduce(.sum, _), .matmul, .pad, .scatterAdd, .convolution, .convolutionKernelGradient,
      .windowSum, .windowMaxPullback:
      return zeros(&ir)
    default: return isEmpty ? zeros(&ir) : nil
    }
  }

  /// Words that change nothing here.
  private static func identities(
    _ ir: inout IR, _ p: Primitive, _ shape: Shape, _ dtype: DType, _ x: [Int]
  ) -> Int? {
    switch p {
    case .stopGradient: return x[0]
    case .reshape, .broadcast: return ir.values[x[0]].shape == shape ? x[0] : nil
    case .cast: return ir.values[x[0]].dtype == dtype ? x[0] : nil
    case .reduce(_, let axes):
      // A reduction over axes of size 1 moves nothing.
      let operand = ir.values[x[0]]
      guard operand.shape.count > 0, axes.axes.allSatisfy({ operand.shape[$0] == 1 }) else {
        return nil
      }
      return ir.add(.reshape, shape, dtype, [x[0]])
    case .concatenate: return x.count == 1 ? x[0] : nil
    default: return nil
    }
  }

  /// A move of a move of the same kind is one move.
  private static func movesOfMoves(
    _ ir: inout IR, _ p: Primitive, _ shape: Shape, _ dtype: DType, _ x: [Int]
  ) -> Int? {
    guard let first = x.first else { return nil }
    let inner = ir.values[first]
    switch (p, inner.primitive) {
    case (.reshape, .reshape):
      return ir.add(.reshape, shape, dtype, [inner.operands[0]])
    case (.broadcast, .broadcast):
      return ir.add(.broadcast, shape, dtype, [inner.operands[0]])
    case (.slice(let window), .pad(let place)) where window == place:
      let operand = inner.operands[0]
      return ir.values[operand].shape == shape ? operand : nil
    case (.permute(let outer), .permute(let earlier)):
      let axes = (0..<shape.rank).map { earlier[outer[$0]] }
      if axes == Array(0..<shape.rank) { return inner.operands[0] }
      return ir.add(.permute(Permutation(axes)), shape, dtype, [inner.operands[0]])
    default: return nil
    }
  }

  /// Neighbouring slices of a value, put together again, are a slice of it or the value itself; the
  /// same slices in another type are cast together.
  private static func partsPutTogether(
    _ ir: inout IR, _ p: Primitive, _ shape: Shape, _ dtype: DType, _ x: [Int]
  ) -> Int? {
    guard case .concatenate(let number) = p, x.count > 1 else { return nil }
    let parts = x.map { ir.values[$0] }
    let isCast = parts.allSatisfy { $0.primitive == .cast }
    let slices = isCast ? parts.map { ir.values[$0.operands[0]] } : parts
    guard let first = slices.first, case .slice(let start) = first.primitive else { return nil }
    let (source, from) = (first.operands[0], start.fields)
    let axis = Int(number)
    var end = from.starts[axis]
    for slice in slices {
      guard case .slice(let window) = slice.primitive, slice.operands[0] == source else {
        return nil
      }
      var expected = from.starts
      expected[axis] = end
      guard window.fields.starts == expected, window.fields.steps == from.steps,
        from.steps[axis] == 1
      else { return nil }
      end += slice.shape[axis]
    }
    let whole = ir.values[source]
    let joined =
      whole.shape == shape ? source : ir.add(first.primitive, shape, whole.dtype, [source])
    return ir.add(.cast, shape, dtype, [joined])
  }

  /// The number that a value repeats, if it is a broadcast of one.
  private func number(_ index: Int) -> Int? {
    let value = values[index]
    if value.shape.count == 1, value.shape.rank == 0 { return index }
    if case .broadcast = value.primitive, values[value.operands[0]].shape.rank == 0 {
      return value.operands[0]
    }
    return nil
  }

  private func literal(_ index: Int) -> Int8? {
    guard let number = number(index), case .literal(let value) = values[number].primitive else {
      return nil
    }
    return value
  }

  /// A repeated number stays one, however it is moved.
  private static func movesOfNumbers(
    _ ir: inout IR, _ p: Primitive, _ shape: Shape, _ dtype: DType, _ x: [Int]
  ) -> Int? {
    switch p {
    case .reshape, .permute, .reverse, .slice:
      guard let number = ir.number(x[0]), ir.values[x[0]].shape.rank > 0 else { return nil }
      return ir.add(.broadcast, shape, dtype, [number])
    default: return nil
    }
  }

  /// Arithmetic on repeated numbers is done once.
  private static func arithmeticOnNumbers(
    _ ir: inout IR, _ p: Primitive, _ shape: Shape, _ dtype: DType, _ x: [Int]
  ) -> Int? {
    switch p {
    case .unary, .binary, .compare, .select, .cast: break
    default: return nil
    }
    guard shape.rank > 0 else { return nil }
    let numbers = x.compactMap { ir.number($0) }
    guard numbers.count == x.count else { return nil }
    let one = ir.add(p, .scalar, dtype, numbers)
    return ir.add(.broadcast, shape, dtype, [one])
  }

  /// 1 x = x, 0 + x = x, −(1) = −1 and the like.
  private static func neutralElements(
    _ ir: inout IR, _ p: Primitive, _ shape: Shape, _ dtype: DType, _ x: [Int]
  ) -> Int? {
    switch p {
    case .binary(.multiply):
      for (a, b) in [(x[0], x[1]), (x[1], x[0])] {
        if ir.literal(a) == 1 { return b }
        if ir.literal(a) == -1 { return ir.add(.unary(.negate), shape, dtype, [b]) }
      }
    case .binary(.add):
      if ir.literal(x[0]) == 0 { return x[1] }
      if ir.literal(x[1]) == 0 { return x[0] }
    case .binary(.subtract):
      if ir.literal(x[1]) == 0 { return x[0] }
    case .binary(.divide):
      if ir.literal(x[1]) == 1 { return x[0] }
    case .unary(.negate):
      if case .literal(let value) = ir.values[x[0]].primitive {
        return ir.add(.literal(-value), shape, dtype, [])
      }
      if case .unary(.negate) = ir.values[x[0]].primitive { return ir.values[x[0]].operands[0] }
    case .cast:
      if case .literal(let value) = ir.values[x[0]].primitive {
        switch dtype {
        case .bool: return ir.add(.literal(value == 0 ? 0 : 1), shape, dtype, [])
        case .uint8: return value < 0 ? nil : ir.add(.literal(value), shape, dtype, [])
        case .float32, .bfloat16, .float16, .int32: return ir.add(.literal(value), shape, dtype, [])
        }
      }
    default: break
    }
    return nil
  }

  /// A reduction over axes that are not neighbours is done in parts, the last axes first; a long
  /// one in two rounds, so that threads can share it. Which parts depends on the shape alone.
  private static func reductionsInParts(
    _ ir: inout IR, _ p: Primitive, _ shape: Shape, _ dtype: DType, _ x: [Int]
  ) -> Int? {
    guard case .reduce(let reduction, let axes) = p else { return nil }
    let operand = ir.values[x[0]]
    let rank = operand.shape.rank
    // Axes of size 1 don't separate neighbours.
    let real = (0..<rank).filter { operand.shape[$0] != 1 }
    let wanted = real.filter(axes.contains)
    guard let last = wanted.last, operand.shape.count > 0 else { return nil }
    var block = [last]
    for axis in real.reversed() where axis < last {
      guard axes.contains(axis) else { break }
      block.append(axis)
    }
    if block.count < wanted.count {
      let kept = operand.shape.reduced(over: AxisSet(block), keeping: true)
      let inner = operand.shape.reduced(over: AxisSet(block), keeping: false)
      let part = ir.add(.reduce(reduction, AxisSet(block)), inner, dtype, [x[0]])
      let again = ir.add(.reshape, kept, dtype, [part])
      return ir.add(.reduce(reduction, AxisSet(axes.axes)), shape, dtype, [again])
    }
    // [outer, n, inner]: only rows at the end (inner = 1) that are too long are cut.
    let n = block.reduce(1) { $0 * operand.shape[$1] }
    let isLast = !real.contains { $0 > last }
    guard isLast, n > PlanLimits.rowLength, dtype.isFloatingPoint || dtype == .int32 else {
      return nil
    }
    guard let part = (512...PlanLimits.rowLength).last(where: { n % $0 == 0 }) else { return nil }
    let outer = operand.shape.count / n
    let rows = ir.add(.reshape, [outer, n / part, part], dtype, [x[0]])
    let partial = ir.add(.reduce(reduction, AxisSet([2])), [outer, n / part], dtype, [rows])
    let whole = ir.add(.reduce(reduction, AxisSet([1])), [outer], dtype, [partial])
    return ir.add(.reshape, shape, dtype, [whole])
  }
}

/// Sizes that the planner goes by.
package enum PlanLimits {
  /// The longest row that is reduced within one pass, in elements: it lies whole in a few tiles.
  package static let rowLength = 8192
  /// How much arithmetic (in additions an element) is repeated rather than its result kept.
  package static let recomputation = 40
}
