// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The values of an ``IR`` with the part each plays in a plan: most movement disappears into the
/// views by which the kernels read.
struct Lowering {
  enum Role {
    /// A value that exists.
    case leaf
    /// A number, lifted or literal.
    case number
    /// Another way to look at `base`.
    case view
    /// A function of elements at one position; also a copy.
    case element
    /// A reduction of rows of so many elements.
    case rowReduction(Int)
    /// A reduction of the middle of [outer, rows, inner].
    case columnReduction(outer: Int, rows: Int, inner: Int)
    /// A batched matrix product.
    case matmul
    /// A convolution: a matrix product to what follows it.
    case convolution
    /// A kernel of its own.
    case single
  }

  struct Value {
    var primitive: Primitive
    var shape: Shape
    var dtype: DType
    var operands: [Int]
    var leaf: Int
    var scalar: Int
    var role: Role
    /// The value in whose memory or register this one is seen, and how.
    var base: Int
    var view: StridedView
    /// Values that must have been computed before anything that looks through this one.
    var after: [Int] = []

    var count: Int { shape.count }
  }

  private(set) var values: [Value] = []
  /// Values that need memory of their own, whatever becomes of the groups.
  private(set) var mustStore: Set<Int> = []
  /// For each result the value in whose memory it lies, dense from the start.
  private(set) var results: [Int] = []
  /// Copies that were made for matrix products.
  private var matrixCopies: [CopyKey: Int] = [:]

  init(_ ir: IR) {
    var map: [Int] = []
    for value in ir.values { map.append(lower(value, value.operands.map { map[$0] })) }
    for result in ir.results {
      let dense = denseFromStart(map[result])
      let base = values[dense].base
      mustStore.insert(base)
      results.append(base)
    }
  }

  private mutating func append(
    _ value: IR.Value, _ operands: [Int], _ role: Role, base: Int? = nil, view: StridedView? = nil
  ) -> Int {
    values.append(
      Value(
        primitive: value.primitive, shape: value.shape, dtype: value.dtype, operands: operands,
        leaf: value.leaf, scalar: value.scalar, role: role, base: base ?? values.count,
        view: view ?? StridedView(contiguous: value.shape)))
    return values.count - 1
  }

  private mutating func lower(_ value: IR.Value, _ x: [Int]) -> Int {
    switch value.primitive {
    case .source, .placeholder, .failed: return append(value, x, .leaf)
    case .constant, .literal: return append(value, x, .number)
    case .iota(let axis): return iota(value, Int(axis))
    case .random, .unary, .binary, .compare, .select, .cast: return append(value, x, .element)
    case .reshape, .permute, .broadcast, .slice, .reverse, .stopGradient:
      let source = values[x[0]]
      guard let view = source.view.applying(value.primitive, shape: value.shape) else {
        return append(value, x, .element)
      }
      let index = append(value, x, .view, base: source.base, view: view)
      values[index].after = source.after
      return index
    case .barrier:
      let source = values[x[0]]
      let index = append(value, [x[0]], .view, base: source.base, view: source.view)
      values[index].after = source.after + [x[1]]
      mustStore.insert(values[x[1]].base)
      return index
    case .reduce(_, let axes): return reduction(value, x[0], axes)
    case .matmul:
      let operands = x.map { matrixOperand($0) }
      return append(value, operands, .matmul)
    case .pad, .concatenate:
      let parts = x.map { isNumber(values[$0].base) ? copy($0) : $0 }
      for part in parts { store(part) }
      return append(value, parts, .single)
    case .convolution:
      return append(value, [dense(x[0]), kernelOperand(x[1])], .convolution)
    case .attention(let form): return attention(value, x, form.fields, isGradient: false)
    case .attentionGradient(let form): return attention(value, x, form.fields, isGradient: true)
    case .argument, .cumulativeSum, .argumentSort, .gather, .scatterAdd, .put,
      .convolutionKernelGradient, .windowSum, .windowMax, .windowMaxPullback, .windowMaxSelection,
      .scan, .fourier:
      return append(value, x.map { dense($0) }, .single)
    case .call, .output:
      preconditionFailure("calls are expanded before lowering")
    }
  }

  /// Positions along an axis are one small vector, repeated.
  private mutating func iota(_ value: IR.Value, _ axis: Int) -> Int {
    var vector = value
    vector.shape = [value.shape[axis]]
    let base: Int
    if let existing = values.firstIndex(where: {
      if case .iota = $0.primitive { return $0.shape == vector.shape }
      return false
    }), case .element = values[existing].role {
      base = existing
    } else {
      base = append(vector, [], .element)
    }
    if value.shape.rank == 1 { return base }
    var view = StridedView(contiguous: value.shape)
    view.strides = (0..<value.shape.rank).map { $0 == axis ? 1 : 0 }
    var repeated = value
    repeated.primitive = .broadcast
    return append(repeated, [base], .view, base: base, view: view)
  }

  private mutating func reduction(_ value: IR.Value, _ x: Int, _ axes: AxisSet) -> Int {
    let shape = values[x].shape
    let real = (0..<shape.rank).filter { shape[$0] != 1 }
    let block = real.filter(axes.contains)
    let count = axes.axes.reduce(1) { $0 * shape[$1] }
    let inner = real.filter { axis in axis > (block.last ?? -1) }.reduce(1) { $0 * shape[$1] }
    if shape.count == 0 || block.isEmpty { return append(value, [dense(x)], .single) }
    if inner > 1 {
      let outer = shape.count / (count * inner)
      if case .reduce(.minimum, _) = value.primitive {
        // Column passes know sums and maxima; a minimum goes by rows.
        let order = (0..<shape.rank).filter { !axes.contains($0) } + axes.axes
        var moved = value
        moved.primitive = .permute(Permutation(order))
        moved.shape = Shape(order.map { shape[$0] })
        moved.dtype = values[x].dtype
        let permuted = lower(moved, [x])
        let first = shape.rank - axes.axes.count
        return reduction(value, permuted, AxisSet(first..<shape.rank))
      }
      return append(value, [x], .columnReduction(outer: outer, rows: count, inner: inner))
    }
    if count > PlanLimits.rowLength { return append(value, [dense(x)], .single) }
    return append(value, [x], .rowReduction(count))
  }

  private mutating func store(_ index: Int) {
    let base = values[index].base
    if case .number = values[base].role { return }
    mustStore.insert(base)
  }

  /// The value, or a copy of it, with its elements next to each other in memory.
  private mutating func dense(_ index: Int) -> Int {
    let value = values[index]
    if !isNumber(value.base), value.view.cuts.isEmpty, value.view.isDense {
      store(index)
      return index
    }
    return copy(index)
  }

  private mutating func denseFromStart(_ index: Int) -> Int {
    let result = dense(index)
    let value = values[result]
    let isWhole = value.view.offset == 0 && values[value.base].count == value.count
    return isWhole ? result : copy(index)
  }

  private func isNumber(_ index: Int) -> Bool {
    if case .number = values[index].role { return true }
    return false
  }

  /// A copy in memory of its own, as a value of elements.
  mutating func copy(_ index: Int) -> Int {
    let source = values[index]
    let value = IR.Value(
      primitive: .reshape, shape: source.shape, dtype: source.dtype, operands: [index])
    let result = append(value, [index], .element)
    mustStore.insert(result)
    return result
  }

  mutating func replaceOperand(_ position: Int, of index: Int, by operand: Int) {
    values[index].operands[position] = operand
  }

  /// Attention reads rows of adjacent features, and of draws, wherever they lie, and masks and biases
  /// repeated.
  private mutating func attention(
    _ value: IR.Value, _ x: [Int], _ fields: Attention.Fields, isGradient: Bool
  ) -> Int {
    let packed = isGradient ? x.count - 2 : nil
    let operands = x.enumerated().map { position, operand in
      if position == fields.bias || position == fields.mask { return repeated(operand) }
      return position == packed ? dense(operand) : rows(operand)
    }
    return append(value, operands, .single)
  }

  /// An operand with its last axis adjacent in memory.
  private mutating func rows(_ index: Int) -> Int {
    let value = values[index]
    let isAdjacent = value.shape[-1] == 1 || value.view.strides.last == 1
    if isNumber(value.base) || !isAdjacent { return copy(index) }
    store(index)
    return index
  }

  /// An operand in memory as it is; a number once, however often it is repeated.
  private mutating func repeated(_ index: Int) -> Int {
    let value = values[index]
    guard isNumber(value.base) else {
      store(index)
      return index
    }
    let one = copy(value.base)
    var view = StridedView(contiguous: value.shape)
    view.strides = value.shape.dimensions.map { _ in 0 }
    let repeated = IR.Value(
      primitive: .broadcast, shape: value.shape, dtype: value.dtype, operands: [one])
    return append(repeated, [one], .view, base: one, view: view)
  }

  /// The kernel of a convolution is packed from wherever it lies.
  private mutating func kernelOperand(_ index: Int) -> Int {
    if isNumber(values[index].base) { return copy(index) }
    store(index)
    return index
  }

  /// An operand of a matrix product: batch axes that step as one, a row and a column stride.
  private mutating func matrixOperand(_ index: Int) -> Int {
    let value = values[index]
    // The batch axes must merge into one stride.
    var batch = value.view
    batch.dims = Array(value.view.dims.dropLast(2))
    batch.strides = Array(value.view.strides.dropLast(2))
    if isNumber(value.base) { return copy(index) }
    guard batch.cuts.isEmpty else { return matrixCopy(index) }
    store(index)
    return index
  }

  /// A copy for a matrix product, in the order of rows or columns that lies nearer to memory, so
  /// that a matrix that is used as it is and transposed is copied once.
  private mutating func matrixCopy(_ index: Int) -> Int {
    let value = values[index]
    let rank = value.shape.rank
    let (rows, columns) = (value.view.strides[rank - 2], value.view.strides[rank - 1])
    let isTurned = abs(columns) > abs(rows)
    let turned = isTurned ? transposed(index) : index
    let key = CopyKey(base: value.base, view: values[turned].view)
    let made = matrixCopies[key] ?? copy(turned)
    matrixCopies[key] = made
    return isTurned ? transposed(made) : made
  }

  /// The view of a value with its last two axes exchanged.
  private mutating func transposed(_ index: Int) -> Int {
    let source = values[index]
    let rank = source.shape.rank
    var order = Array(0..<rank)
    order.swapAt(rank - 2, rank - 1)
    let primitive = Primitive.permute(Permutation(order))
    let shape = Shape(order.map { source.shape[$0] })
    guard let view = source.view.applying(primitive, shape: shape) else { return copy(index) }
    let value = IR.Value(
      primitive: primitive, shape: shape, dtype: source.dtype, operands: [index])
    let result = append(value, [index], .view, base: source.base, view: view)
    values[result].after = source.after
    return result
  }

  private struct CopyKey: Hashable {
    let base: Int
    let view: StridedView
  }
}

extension StridedView {
  /// Whether the elements are next to each other, from `offset` on.
  var isDense: Bool {
    var moved = self
    moved.offset = 0
    return moved.isContiguous
  }
}
