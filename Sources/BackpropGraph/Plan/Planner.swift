// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// From the pending graph to a plan: lower, group, order, lay out, write the steps.
package struct Planner {
  private let grouping: Grouping
  private let schedule: Schedule
  private var plan = Plan()
  private var slots: [Int: Int] = [:]
  /// What the bodies of loops need beside our arena: arenas of their own and packed matrices.
  private var loopBytes = 0
  /// First and last step that touch a slot.
  private var lives: [Int: (first: Int, last: Int)] = [:]

  /// Plans the computation of `ir.results`.
  ///
  /// - Parameters:
  ///   - deadLeaves: leaves that nobody needs after the run; results may overwrite them.
  ///   - isBody: whether this is the body of a loop.
  package static func plan(_ ir: IR, deadLeaves: Set<Int> = [], isBody: Bool = false) -> Plan {
    let grouping = Grouping(Lowering(ir), isBody: isBody)
    var planner = Planner(
      grouping: grouping, schedule: Schedule(grouping, deadLeaves: deadLeaves))
    planner.write()
    return planner.plan
  }

  private init(grouping: Grouping, schedule: Schedule) {
    self.grouping = grouping
    self.schedule = schedule
  }

  private var values: [Lowering.Value] { grouping.values }

  private mutating func write() {
    for group in schedule.order { emit(group) }
    for base in grouping.results { plan.results.append(slot(base)) }
    layOut()
  }

  // Buffers.

  private mutating func slot(_ base: Int) -> Int {
    if let slot = slots[base] { return slot }
    let value = values[base]
    if let leaf = schedule.donations[base] {
      // One slot for both, so that a pass knows that they share memory.
      let slot = slot(leaf)
      plan.buffers[slot].place = .donated(leaf: values[leaf].leaf)
      slots[base] = slot
      return slot
    }
    let place: Plan.Place
    if case .leaf = value.role {
      place = .leaf(value.leaf)
    } else if grouping.results.contains(base) {
      place = .result(base)
    } else {
      place = .arena(offset: -1)
    }
    slots[base] = plan.buffers.count
    plan.buffers.append(
      Plan.Buffer(
        place: place, byteCount: value.count * value.dtype.byteCount,
        label: "\(value.dtype)\(value.shape)"))
    return plan.buffers.count - 1
  }

  /// Memory for the sums of a product whose value itself is not kept.
  private mutating func scratchSlot(_ value: Lowering.Value, _ place: Plan.Place) -> Int {
    plan.buffers.append(
      Plan.Buffer(
        place: place, byteCount: value.count * value.dtype.byteCount,
        label: "\(value.dtype)\(value.shape)"))
    return plan.buffers.count - 1
  }

  /// Whether a product goes to its epilogue block by block and nowhere else: where writing it to
  /// memory would cost much beside computing it.
  private func passes(_ value: Lowering.Value, m: Int, n: Int) -> Bool {
    guard case .matmul = value.primitive, m > 1, n > 1, value.dtype == .float32 else {
      return false
    }
    return value.count >= 1 << 18 && values[value.operands[0]].shape[-1] <= 1024
  }

  private mutating func touch(_ slot: Int) {
    let step = plan.steps.count
    let life = lives[slot] ?? (step, step)
    lives[slot] = (Swift.min(life.first, step), Swift.max(life.last, step))
  }

  private mutating func layOut() {
    var blocks: [Arena.Block] = []
    for (slot, buffer) in plan.buffers.enumerated() {
      guard case .arena = buffer.place, let life = lives[slot] else { continue }
      blocks.append(
        Arena.Block(
          slot: slot, byteCount: buffer.byteCount, first: life.first, last: life.last))
    }
    let arena = Arena(blocks)
    var results: [Int: Int] = [:]
    var held = 0
    for slot in plan.buffers.indices {
      switch plan.buffers[slot].place {
      case .arena: plan.buffers[slot].place = .arena(offset: arena.offsets[slot] ?? 0)
      case .result:
        plan.buffers[slot].place = .result(results.count)
        results[slot] = results.count
        held += plan.buffers[slot].byteCount
      case .none: break
      case .leaf, .donated: held += plan.buffers[slot].byteCount
      }
    }
    plan.arenaBytes = arena.byteCount
    plan.peakBytes = arena.byteCount + held + loopBytes
  }

  // Steps.

  private mutating func emit(_ group: Group) {
    switch group.kind {
    case .single:
      for member in group.members { emitSingle(member) }
    case .matmul(let batch, let m, let n):
      emitMatmul(group, batch: batch, m: m, n: n)
    case .flat, .rows, .columns:
      var writer = PassWriter(grouping, group)
      let pass = writer.write { self.slot($0) }
      finish(.pass(pass), touching: pass.slots)
    }
  }

  private mutating func finish(_ step: Step, touching slots: Set<Int>) {
    for slot in slots { touch(slot) }
    plan.steps.append(step)
    plan.operations += step.operations
    plan.bytesMoved += step.bytesMoved
  }

  private mutating func operand(_ index: Int) -> Operand {
    let value = values[index]
    return Operand(
      slot: slot(value.base), dtype: values[value.base].dtype, offset: value.view.offset,
      strides: value.view.strides)
  }

  private mutating func emitMatmul(_ group: Group, batch: Int, m: Int, n: Int) {
    guard let product = group.members.first(where: { isMatmul($0) }) else { return }
    let value = values[product]
    let epilogue = group.members.filter { $0 != product }
    let c: Int
    var passes = false
    if grouping.stored.contains(product) {
      c = slot(product)
    } else if let host = epilogue.first(where: { canHost($0, product, group) }) {
      // The sums may stand where a result of the epilogue will be written over them.
      c = slot(host)
    } else {
      passes = self.passes(value, m: m, n: n)
      c = scratchSlot(value, passes ? .none : .arena(offset: -1))
    }
    var pass: Pass?
    if !epilogue.isEmpty {
      var writer = PassWriter(grouping, group, product: (product, c))
      pass = writer.write { self.slot($0) }
    }
    let result = Operand(slot: c, dtype: value.dtype, offset: 0, strides: [m * n, n, 1])
    let touched = Set([c]).union(pass?.slots ?? [])
    let (x, y) = (value.operands[0], value.operands[1])
    if case .convolution(let form) = value.primitive {
      let step = ConvolutionStep(
        form.fields, input: values[x].shape, kernel: values[y].shape, result: value.shape,
        operands: (operand(x), operand(y), result), epilogue: pass)
      finish(.convolution(step), touching: touched.union([step.a.slot, step.b.slot]))
      return
    }
    let k = values[x].shape[-1]
    let step = MatmulStep(
      batch: batch, m: m, n: n, k: k, a: matrix(x), b: matrix(y), c: result, epilogue: pass,
      passes: passes)
    finish(.matmul(step), touching: touched.union([step.a.slot, step.b.slot]))
  }

  private func isMatmul(_ index: Int) -> Bool {
    switch values[index].role {
    case .matmul, .convolution: true
    case .leaf, .number, .view, .element, .rowReduction, .columnReduction, .single: false
    }
  }

  private func canHost(_ member: Int, _ product: Int, _ group: Group) -> Bool {
    grouping.stored.contains(member) && grouping.home[member] == group.id
      && schedule.donations[member] == nil && values[member].count == values[product].count
      && values[member].dtype == values[product].dtype
  }

  /// A matrix operand with strides [batch, row, column].
  private mutating func matrix(_ index: Int) -> Operand {
    var result = operand(index)
    let view = values[index].view
    let rank = view.dims.count
    var batch = 0
    if rank > 2 {
      var outer = view
      outer.dims = Array(view.dims.dropLast(2))
      outer.strides = Array(view.strides.dropLast(2))
      batch = outer.strides(over: [outer.count])[0]
    }
    result.strides = [batch, view.strides[rank - 2], view.strides[rank - 1]]
    return result
  }

  private mutating func finishPooling(
    _ kind: PoolingStep.Kind, _ pooling: Pooling, _ operands: [Operand], inputs: Int, windows: Int
  ) {
    let step = PoolingStep(
      kind, pooling.fields, input: values[inputs].shape, result: values[windows].shape,
      operands: operands)
    finish(.pooling(step), touching: Set(operands.map(\.slot)))
  }

  /// Copies the parts of a whole to their places, but for those that are written there.
  private mutating func emitConcatenation(_ index: Int, _ axis: Int) {
    let value = values[index]
    let strides = value.shape.strides
    var position = 0
    for part in value.operands {
      let dims = values[part].shape.dimensions
      defer { position += dims[axis] }
      if grouping.placements[values[part].base] != nil { continue }
      let target = Operand(
        slot: slot(index), dtype: value.dtype, offset: position * strides[axis], strides: strides)
      let source = operand(part)
      finish(
        .copy(dims: dims, destination: target, source: source),
        touching: [source.slot, target.slot])
    }
  }

  private mutating func emitSingle(_ index: Int) {
    let value = values[index]
    if case .concatenate(let axis) = value.primitive {
      emitConcatenation(index, Int(axis))
      return
    }
    let result = Operand(
      slot: slot(index), dtype: value.dtype, offset: 0, strides: value.shape.strides)
    let x = value.operands.map { operand($0) }
    let touched = Set(x.map(\.slot) + [result.slot])
    func split(_ shape: Shape, _ axis: Int) -> (outer: Int, count: Int, inner: Int) {
      let dims = shape.dimensions
      return (
        dims[..<axis].reduce(1, *), dims[axis], dims[(axis + 1)...].reduce(1, *)
      )
    }
    switch value.primitive {
    case .pad(let window):
      finish(.zero(result, count: value.count), touching: [result.slot])
      let fields = window.fields
      var target = result
      for axis in 0..<value.shape.rank {
        target.offset += fields.starts[axis] * result.strides[axis]
        target.strides[axis] = result.strides[axis] * fields.steps[axis]
      }
      let dims = values[value.operands[0]].shape.dimensions
      finish(.copy(dims: dims, destination: target, source: x[0]), touching: touched)
    case .gather(let axis):
      let (outer, count, inner) = split(values[value.operands[0]].shape, Int(axis))
      finish(
        .gather(
          result: result, table: x[0], indices: x[1], outer: outer, axis: count, inner: inner,
          count: values[value.operands[1]].count), touching: touched)
    case .scatterAdd(let axis):
      let (outer, count, inner) = split(value.shape, Int(axis))
      finish(.zero(result, count: value.count), touching: [result.slot])
      finish(
        .scatterAdd(
          result: result, indices: x[0], updates: x[1], outer: outer, axis: count, inner: inner,
          count: values[value.operands[0]].count), touching: touched)
    case .put(let axis):
      let (outer, count, inner) = split(value.shape, Int(axis))
      if result.slot != x[0].slot {
        finish(
          .copy(dims: value.shape.dimensions, destination: result, source: x[0]),
          touching: [result.slot, x[0].slot])
      }
      finish(
        .put(
          result: result, indices: x[1], values: x[2], outer: outer, axis: count, inner: inner,
          count: values[value.operands[1]].count), touching: touched)
    case .argument(let extremum, let axis):
      let (outer, count, inner) = split(values[value.operands[0]].shape, Int(axis))
      finish(
        .argument(
          result: result, source: x[0], extremum, outer: outer, count: count, inner: inner),
        touching: touched)
    case .cumulativeSum(let axis, let reversed):
      let (outer, count, inner) = split(value.shape, Int(axis))
      finish(
        .cumulativeSum(
          result: result, source: x[0], reversed: reversed, outer: outer, count: count,
          inner: inner), touching: touched)
    case .argumentSort(_, let descending):
      let count = value.shape[-1]
      finish(
        .sort(
          result: result, source: x[0], descending: descending,
          rows: count == 0 ? 0 : value.count / count, count: count), touching: touched)
    case .convolutionKernelGradient(let form):
      let step = ConvolutionStep(
        form.fields, input: values[value.operands[0]].shape, kernel: value.shape,
        result: values[value.operands[1]].shape, operands: (x[0], x[1], result), epilogue: nil)
      finish(.convolutionKernelGradient(step), touching: touched)
    case .scan(let scan):
      let step = ScanStep(scan.fields, operands: x, result: result)
      loopBytes += step.body.arenaBytes + step.packedBytes
      finish(.scan(step), touching: touched)
    case .attention(let form), .attentionGradient(let form):
      let shapes = value.operands.prefix(3).map { values[$0].shape }
      let sizes = Attention.Sizes(query: shapes[0], key: shapes[1], value: shapes[2])
      let step = AttentionStep(
        form, sizes, operands: x, key: value.scalar < 0 ? nil : value.scalar, result: result)
      finish(.attention(step), touching: touched)
    case .fourier(let kind):
      let step = FourierStep(
        kind, input: values[value.operands[0]].shape, output: value.shape, result: result,
        source: x[0])
      finish(.fourier(step), touching: touched)
    case .windowSum(let pooling):
      finishPooling(.sum, pooling, [result] + x, inputs: value.operands[0], windows: index)
    case .windowMax(let pooling):
      finishPooling(.maximum, pooling, [result] + x, inputs: value.operands[0], windows: index)
    case .windowMaxPullback(let pooling):
      finishPooling(
        .maximumPullback, pooling, [result] + x, inputs: index, windows: value.operands[1])
    case .windowMaxSelection(let pooling):
      finishPooling(
        .maximumSelection, pooling, [result] + x, inputs: value.operands[0], windows: index)
    case .reduce(let reduction, _):
      let rows = value.count
      finish(
        .reduceRows(
          result: result, source: x[0], reduction, rows: rows,
          count: rows == 0 ? 0 : values[value.operands[0]].count / rows), touching: touched)
    default:
      preconditionFailure("\(value.primitive) has no kernel of its own")
    }
  }
}
