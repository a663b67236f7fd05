// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

package import BackpropGraph
import CBackprop

/// A plan prepared for the CPU: kernels chosen, descriptions compiled, a table of base addresses.
package final class Program {
  package let plan: Plan
  let cpu: CPU
  private let kernels: [Kernel]
  /// Keeps what `kernels` refers to: going through them retains nothing.
  private let owned: [AnyObject]
  let slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let arenaSlots: [(slot: Int, offset: Int)]
  /// The slots whose memory is given at each run.
  let bindings: [Binding]
  /// For each result of the plan its place among `bindings`.
  let resultBindings: [Int]

  /// A slot whose memory is that of a leaf, or new (leaf −1).
  struct Binding {
    let slot: Int
    let leaf: Int32
    let byteCount: Int
  }
  var level: Int32 { cpu.level }

  private enum Kernel {
    case pass(Unmanaged<PassKernel>)
    case matmul(Unmanaged<MatmulKernel>)
    case convolution(Unmanaged<ConvolutionKernel>)
    case scan(Unmanaged<ScanKernel>)
    case attention(Unmanaged<AttentionKernel>)
    case fourier(Unmanaged<FourierKernel>)
    /// The plan's step of this number.
    case plain(Int)
  }

  package init(_ plan: Plan, cpu: CPU) throws {
    self.plan = plan
    self.cpu = cpu
    slots = .allocate(capacity: max(1, plan.buffers.count))
    slots.initialize(repeating: nil, count: max(1, plan.buffers.count))
    arenaSlots = plan.buffers.enumerated().compactMap { slot, buffer in
      guard case .arena(let offset) = buffer.place else { return nil }
      return (slot, offset)
    }
    var bindings: [Binding] = []
    var bindingOf = [Int](repeating: -1, count: plan.buffers.count)
    for (slot, buffer) in plan.buffers.enumerated() {
      let leaf: Int
      switch buffer.place {
      case .leaf(let index), .donated(let index): leaf = index
      case .result: leaf = -1
      case .arena, .none: continue
      }
      bindingOf[slot] = bindings.count
      bindings.append(Binding(slot: slot, leaf: Int32(leaf), byteCount: buffer.byteCount))
    }
    self.bindings = bindings
    resultBindings = plan.results.map { bindingOf[$0] }
    var kernels: [Kernel] = []
    var owned: [AnyObject] = []
    for (number, step) in plan.steps.enumerated() {
      switch step {
      case .pass(let pass):
        let kernel = try PassKernel(pass, level: cpu.level)
        owned.append(kernel)
        kernels.append(.pass(.passUnretained(kernel)))
      case .matmul(let step):
        let kernel = try MatmulKernel(step, cpu: cpu)
        owned.append(kernel)
        kernels.append(.matmul(.passUnretained(kernel)))
      case .convolution(let step), .convolutionKernelGradient(let step):
        var isGradient = false
        if case .convolutionKernelGradient = plan.steps[number] { isGradient = true }
        let kernel = try ConvolutionKernel(step, isGradient: isGradient, cpu: cpu)
        owned.append(kernel)
        kernels.append(.convolution(.passUnretained(kernel)))
      case .scan(let step):
        let kernel = try ScanKernel(step, cpu: cpu)
        owned.append(kernel)
        kernels.append(.scan(.passUnretained(kernel)))
      case .fourier(let step):
        let kernel = try FourierKernel(step, level: cpu.level)
        owned.append(kernel)
        kernels.append(.fourier(.passUnretained(kernel)))
      case .attention(let step):
        let kernel = AttentionKernel(step, cpu: cpu)
        owned.append(kernel)
        kernels.append(.attention(.passUnretained(kernel)))
      case .pooling, .copy, .zero, .gather, .scatterAdd, .put, .argument, .cumulativeSum,
        .sort, .reduceRows:
        kernels.append(.plain(number))
      }
    }
    (self.kernels, self.owned) = (kernels, owned)
  }

  deinit { slots.deallocate() }

  /// The matrix products, in order.
  var matmuls: [MatmulKernel] { owned.compactMap { $0 as? MatmulKernel } }

  /// Below so many nanoseconds of work a kernel stays on one thread.
  static let parallelThreshold = 12_000.0

  /// Runs every step. The caller has set the slots of leaves and results. Subnormal numbers are
  /// taken as zero.
  ///
  /// - Parameter own: memory for the values inside the plan; nil: the device's.
  package func run(
    scalars: UnsafeBufferPointer<UInt32>, arena own: UnsafeMutableRawPointer? = nil
  ) throws {
    let mode = bp_subnormals_flush()
    defer { bp_subnormals_restore(mode) }
    let arena = own ?? cpu.arena(plan.arenaBytes)
    for (slot, offset) in arenaSlots { slots[slot] = arena + offset }
    if seconds.isEmpty {
      for kernel in kernels { try run(kernel, scalars) }
      return
    }
    for (number, kernel) in kernels.enumerated() {
      let start = bp_seconds()
      try run(kernel, scalars)
      seconds[number] += bp_seconds() - start
    }
  }

  /// Seconds that each step of the plan took so far; empty unless somebody asked.
  package private(set) var seconds: [Double] = []

  /// From now on takes the time of each step.
  package func takeTimes() { seconds = [Double](repeating: 0, count: kernels.count) }

  @inline(__always)
  private func run(_ kernel: Kernel, _ scalars: UnsafeBufferPointer<UInt32>) throws {
    switch kernel {
    case .pass(let pass):
      pass._withUnsafeGuaranteedRef {
        $0.setScalars(scalars)
        run($0)
      }
    case .matmul(let matmul): matmul._withUnsafeGuaranteedRef { $0.run(slots, scalars, cpu) }
    case .convolution(let convolution):
      convolution._withUnsafeGuaranteedRef { $0.run(slots, scalars, cpu) }
    case .scan(let scan): try scan._withUnsafeGuaranteedRef { try $0.run(slots) }
    case .attention(let attention):
      attention._withUnsafeGuaranteedRef { $0.run(slots, scalars, cpu) }
    case .fourier(let fourier): fourier._withUnsafeGuaranteedRef { run($0) }
    case .plain(let number): try run(plan.steps[number])
    }
  }

  private func run(_ kernel: PassKernel) {
    let cost = Double(kernel.units) * kernel.unitCost
    if cpu.pool.threadCount == 1 || cost < Program.parallelThreshold || kernel.units < 2 {
      bp_pass_run(
        kernel.pass, slots, kernel.scalars, 0, Int64(kernel.units),
        cpu.scratch(0, kernel.scratchSize))
      return
    }
    let tasks = min(kernel.units, cpu.pool.threadCount * 4)
    cpu.pool.run(tasks: tasks) { task, thread in
      bp_pass_run(
        kernel.pass, slots, kernel.scalars, Int64(kernel.units * task / tasks),
        Int64(kernel.units * (task + 1) / tasks), cpu.scratch(thread, kernel.scratchSize))
    }
  }

  /// Shares units of work among the threads if there is enough of it.
  func share(
    _ units: Int, cost: Double, _ body: (_ from: Int, _ to: Int, _ thread: Int) -> Void
  ) {
    if cpu.pool.threadCount == 1 || cost < Program.parallelThreshold || units < 2 {
      body(0, units, 0)
      return
    }
    let tasks = min(units, cpu.pool.threadCount * 4)
    cpu.pool.run(tasks: tasks) { task, thread in
      body(units * task / tasks, units * (task + 1) / tasks, thread)
    }
  }

  func address(_ operand: Operand) -> UnsafeMutableRawPointer {
    guard let base = slots[operand.slot] else {
      preconditionFailure("slot \(operand.slot) has no memory")
    }
    return base + operand.offset * operand.dtype.byteCount
  }

  private func run(_ step: Step) throws {
    switch step {
    case .pass, .matmul, .convolution, .convolutionKernelGradient, .scan, .attention, .fourier:
      break
    case .pooling(let step): run(step)
    case .copy(let dims, let destination, let source):
      copy(dims, destination, source)
    case .zero(let operand, let count):
      bp_fill(address(operand), UInt32(operand.dtype.byteCount), 0, Int64(count))
    case .gather(let result, let table, let indices, let outer, let axis, let inner, let count):
      try checkIndices(indices, count: count, below: axis, "gather")
      share(outer * count, cost: Double(outer * count * inner)) { from, to, _ in
        _ = bp_gather(
          address(result), address(table), address(indices).assumingMemoryBound(to: Int32.self),
          Int64(outer), Int64(axis), Int64(inner), Int64(count),
          UInt32(result.dtype.byteCount), Int64(from), Int64(to))
      }
    case .scatterAdd(
      let result, let indices, let updates, let outer, let axis, let inner, let count):
      try checkIndices(indices, count: count, below: axis, "scatterAdd")
      let units = Int(bp_scatter_add_units(Int64(outer), Int64(inner)))
      share(units, cost: Double(outer * count * inner)) { from, to, _ in
        _ = bp_scatter_add(
          address(result).assumingMemoryBound(to: Float.self),
          address(updates).assumingMemoryBound(to: Float.self),
          address(indices).assumingMemoryBound(to: Int32.self), Int64(outer), Int64(axis),
          Int64(inner), Int64(count), Int64(from), Int64(to))
      }
    case .put(
      let result, let indices, let values, let outer, let axis, let inner, let count):
      try checkIndices(indices, count: count, below: axis, "put")
      share(outer, cost: Double(outer * count * inner)) { from, to, _ in
        bp_put(
          address(result), address(values), address(indices).assumingMemoryBound(to: Int32.self),
          Int64(axis), Int64(inner), Int64(count), UInt32(result.dtype.byteCount), Int64(from),
          Int64(to))
      }
    case .argument(let result, let source, let extremum, let outer, let count, let inner):
      let units = Int(bp_axis_units(Int64(outer), Int64(inner)))
      share(units, cost: Double(outer * count * inner)) { from, to, _ in
        bp_arg_extreme(
          address(result).assumingMemoryBound(to: Int32.self), address(source),
          source.dtype == .int32 ? 1 : 0, extremum == .smallest ? 1 : 0, Int64(outer),
          Int64(count), Int64(inner), Int64(from), Int64(to))
      }
    case .cumulativeSum(let result, let source, let reversed, let outer, let count, let inner):
      let units = Int(bp_axis_units(Int64(outer), Int64(inner)))
      share(units, cost: Double(outer * count * inner)) { from, to, _ in
        bp_cumulative_sum(
          address(result), address(source), source.dtype == .int32 ? 1 : 0,
          reversed ? Int32(BP_REVERSE) : 0, Int64(outer), Int64(count), Int64(inner),
          Int64(from), Int64(to))
      }
    case .sort(let result, let source, let descending, let rows, let count):
      let size = bp_sort_scratch(Int64(count))
      share(rows, cost: Double(rows * count) * 20) { from, to, thread in
        bp_sort_rows(
          address(result).assumingMemoryBound(to: Int32.self), nil, address(source),
          source.dtype == .int32 ? 1 : 0, descending ? 1 : 0, Int64(count), Int64(from),
          Int64(to), cpu.scratch(thread, size))
      }
    case .reduceRows(let result, let source, let reduction, let rows, let count):
      reduceRows(result, source, reduction, rows, count)
    }
  }

  private func copy(_ dims: [Int], _ destination: Operand, _ source: Operand) {
    let wide = { (values: [Int]) in values.map { Int64($0) } }
    var copy = bp_copy()
    let status = bp_copy_prepare(
      &copy, UInt32(dims.count), wide(dims), wide(destination.strides), wide(source.strides),
      UInt32(source.dtype.byteCount))
    precondition(status == 0, "a copy over \(dims)")
    share(Int(copy.units), cost: Double(copy.units) * copy.unit_cost) { from, to, _ in
      withUnsafePointer(to: copy) {
        bp_copy_run($0, address(destination), address(source), Int64(from), Int64(to))
      }
    }
  }

  private func reduceRows(
    _ result: Operand, _ source: Operand, _ reduction: Reduction, _ rows: Int, _ count: Int
  ) {
    let isInteger = source.dtype == .int32
    if count == 0 {
      let bits: UInt32 =
        switch reduction {
        case .sum: 0
        case .maximum:
          isInteger ? UInt32(bitPattern: Int32.min) : (-Float.infinity).bitPattern
        case .minimum: isInteger ? UInt32(bitPattern: Int32.max) : Float.infinity.bitPattern
        }
      bp_fill(address(result), 4, bits, Int64(rows))
      return
    }
    let kind: Int32 =
      switch reduction {
      case .sum: Int32(BP_REDUCE_SUM.rawValue)
      case .maximum: Int32(BP_REDUCE_MAX.rawValue)
      case .minimum: Int32(BP_REDUCE_MIN.rawValue)
      }
    let units = Int(bp_reduce_long_units(Int64(rows), Int64(count)))
    let partial = UnsafeMutableRawPointer.allocate(byteCount: 4 * max(1, units), alignment: 64)
    defer { partial.deallocate() }
    share(units, cost: Double(rows * count)) { from, to, _ in
      bp_reduce_long_blocks(
        cpu.level, partial, address(source), isInteger ? 1 : 0, kind, Int64(rows), Int64(count),
        Int64(from), Int64(to))
    }
    bp_reduce_long_finish(
      address(result), partial, isInteger ? 1 : 0, kind, Int64(rows), Int64(count))
  }

  /// Nothing is read or written by a position that is not there.
  private func checkIndices(_ indices: Operand, count: Int, below axis: Int, _ name: String) throws
  {
    let values = UnsafeBufferPointer(
      start: address(indices).assumingMemoryBound(to: Int32.self), count: count)
    guard let place = values.firstIndex(where: { $0 < 0 || Int($0) >= axis }) else { return }
    throw RuntimeError(
      what: "\(name): index \(values[place]) at position \(place) is outside 0 ..< \(axis)",
      remedy: "check the indices (labels, token numbers) against the size of the table")
  }
}
