// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import CBackprop

/// A matrix product with its epilogue, prepared.
final class MatmulKernel {
  let step: MatmulStep
  private let epilogue: PassKernel?
  private var arguments: bp_gemm_args
  private var scratchSize: Int
  private let level: Int32
  /// The right operand in panels, if it stays the same for many runs; then it is read there.
  private var panels: Panels?
  private let tasks: Int
  private let isParallel: Bool

  /// What the epilogue needs when a block of the product is done.
  private struct Context {
    let pass: OpaquePointer
    /// The slot that stands for the product where it has no memory.
    let product: UInt32
    let slots: UnsafePointer<UnsafeMutableRawPointer?>
    let scalars: UnsafePointer<UInt32>
  }
  private let context: UnsafeMutablePointer<Context>

  init(_ step: MatmulStep, cpu: CPU) throws {
    self.step = step
    level = cpu.level
    epilogue = try step.epilogue.map { try PassKernel($0, level: cpu.level) }
    context = .allocate(capacity: 1)
    var arguments = bp_gemm_args()
    arguments.m = step.m
    arguments.n = step.n
    arguments.k = step.k
    arguments.batch = step.batch
    (arguments.a_batch, arguments.a_row, arguments.a_col) =
      (step.a.strides[0], step.a.strides[1], step.a.strides[2])
    (arguments.b_batch, arguments.b_row, arguments.b_col) =
      (step.b.strides[0], step.b.strides[1], step.b.strides[2])
    (arguments.c_batch, arguments.c_row) = (step.c.strides[0], step.c.strides[1])
    arguments.a_type = Int32(step.a.dtype.kernelType)
    arguments.b_type = Int32(step.b.dtype.kernelType)
    arguments.c_type = Int32(step.c.dtype.kernelType)
    if epilogue != nil {
      arguments.epilogue = { context, block, scratch in
        guard let context, let block = block?.pointee else { return }
        let this = context.assumingMemoryBound(to: Context.self).pointee
        var product = bp_pass_block(slot: this.product, data: block.c, row: Int64(block.c_row))
        withUnsafePointer(to: &product) {
          bp_pass_run_region(
            this.pass, this.slots, this.scalars, Int64(block.batch), Int64(block.m0),
            Int64(block.m1), Int64(block.n0), Int64(block.n1), block.c == nil ? nil : $0, scratch)
        }
      }
      arguments.epilogue_context = UnsafeMutableRawPointer(context)
      arguments.c_passes = step.passes ? 1 : 0
    }
    self.arguments = arguments
    let threads = cpu.pool.threadCount
    let work = 2.0 * Double(step.batch) * Double(step.m) * Double(step.n) * Double(step.k)
    let follow = epilogue.map { Double($0.units) * $0.unitCost } ?? 0
    // At some 50 operations a nanosecond.
    isParallel = threads > 1 && work / 50 + follow > Program.parallelThreshold
    tasks = isParallel ? Int(bp_gemm_tasks(&arguments, threads, cpu.level)) : 1
    scratchSize = (bp_gemm_scratch(&arguments, cpu.level, tasks) + 63) & ~63
  }

  deinit { context.deallocate() }

  /// Makes room for the right operand in panels; nil where it is better read as it is.
  func makePanels() -> Panels? {
    var floats = 0
    let count = bp_gemm_panels(&arguments, level, &floats)
    return count > 0 ? Panels(count: count, floats: floats) : nil
  }

  /// From now on reads the right operand in panels.
  func use(_ panels: Panels) {
    self.panels = panels
    arguments.panels = UnsafePointer(panels.memory)
    scratchSize = (bp_gemm_scratch(&arguments, level, tasks) + 63) & ~63
  }

  /// Packs the right operand into the panels.
  func pack(_ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ cpu: CPU) {
    guard let panels, let b = slots[step.b.slot] else { return }
    arguments.b = UnsafeRawPointer(b + step.b.offset * step.b.dtype.byteCount)
    let fixed = arguments
    let tasks = min(panels.count, cpu.pool.threadCount)
    cpu.pool.run(tasks: tasks) { task, _ in
      withUnsafePointer(to: fixed) {
        bp_gemm_pack(
          $0, level, panels.count * task / tasks, panels.count * (task + 1) / tasks, panels.memory)
      }
    }
  }

  func run(
    _ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>,
    _ scalars: UnsafeBufferPointer<UInt32>, _ cpu: CPU
  ) {
    if let epilogue {
      epilogue.setScalars(scalars)
      context.initialize(
        to: Context(
          pass: epilogue.pass, product: UInt32(step.c.slot), slots: slots,
          scalars: epilogue.scalars))
    }
    guard let a = slots[step.a.slot], let b = slots[step.b.slot] else {
      preconditionFailure("a matrix product without operands")
    }
    arguments.a = UnsafeRawPointer(a + step.a.offset * step.a.dtype.byteCount)
    arguments.b = UnsafeRawPointer(b + step.b.offset * step.b.dtype.byteCount)
    arguments.c = slots[step.c.slot].map { $0 + step.c.offset * step.c.dtype.byteCount }
    precondition(arguments.c != nil || step.passes, "a matrix product without memory")
    let size = scratchSize + (epilogue?.scratchSize ?? 0)
    if !isParallel {
      let scratch = cpu.scratch(0, size)
      bp_gemm_run(&arguments, 1, cpu.level, 0, 1, scratch, scratch + scratchSize)
      return
    }
    let fixed = arguments
    let threads = cpu.pool.threadCount
    cpu.pool.run(tasks: tasks) { task, thread in
      let scratch = cpu.scratch(thread, size)
      withUnsafePointer(to: fixed) {
        bp_gemm_run($0, threads, cpu.level, task, tasks, scratch, scratch + scratchSize)
      }
    }
  }
}

/// The right operand of a matrix product, packed for products with many left ones.
final class Panels {
  let count: Int
  let memory: UnsafeMutablePointer<Float>

  init(count: Int, floats: Int) {
    self.count = count
    let block = UnsafeMutableRawPointer.allocate(byteCount: 4 * floats, alignment: 4096)
    memory = block.bindMemory(to: Float.self, capacity: floats)
  }

  deinit { UnsafeMutableRawPointer(memory).deallocate() }
}
