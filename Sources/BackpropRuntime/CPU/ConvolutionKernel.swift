// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import CBackprop

/// A convolution with its epilogue, or the gradient with respect to its kernel, prepared.
final class ConvolutionKernel {
  private let step: ConvolutionStep
  private let isGradient: Bool
  private let plan: OpaquePointer
  private let epilogue: Epilogue?
  private let tasks: Int
  private let scratchSize: Int
  private let workspaceSize: Int

  init(_ step: ConvolutionStep, isGradient: Bool, cpu: CPU) throws {
    self.step = step
    self.isGradient = isGradient
    epilogue = try step.epilogue.map { try Epilogue($0, level: cpu.level) }
    var shape = ConvolutionKernel.shape(step)
    guard let plan = bp_conv_create(&shape, cpu.level, cpu.isExact ? 1 : 0) else {
      throw RuntimeError(
        what: "no memory is left to prepare a convolution", remedy: "use a smaller kernel")
    }
    self.plan = plan
    let threads = cpu.pool.threadCount
    let kernel = epilogue?.kernel
    let follow = kernel.map { Double($0.units) * $0.unitCost } ?? 0
    // At some 50 operations a nanosecond.
    let isParallel = Double(step.operations) / 50 + follow > Program.parallelThreshold
    let wanted = isParallel ? threads : 1
    if isGradient {
      tasks = bp_conv_kernel_tasks(plan, wanted)
      scratchSize = bp_conv_kernel_scratch(plan, tasks)
      workspaceSize = bp_conv_kernel_workspace(plan)
    } else {
      tasks = bp_conv_tasks(plan, wanted)
      scratchSize = bp_conv_scratch(plan, tasks)
      workspaceSize = bp_conv_workspace(plan)
    }
  }

  deinit { bp_conv_destroy(plan) }

  private static func shape(_ step: ConvolutionStep) -> bp_conv_shape {
    var shape = bp_conv_shape()
    shape.images = Int64(step.images)
    shape.in = triple(step.input)
    shape.out = triple(step.output)
    shape.kernel = triple(step.kernel)
    shape.stride = triple(step.strides)
    shape.low = triple(step.low)
    shape.dilation = triple(step.dilation)
    shape.spread = triple(step.spread)
    shape.groups = Int64(step.groups)
    shape.in_channels = Int64(step.inputChannels)
    shape.out_channels = Int64(step.outputChannels)
    let s = step.b.strides.map { Int64($0) }
    shape.kernel_strides = (s[0], s[1], s[2], s[3], s[4])
    return shape
  }

  fileprivate static func triple(_ values: [Int]) -> (Int64, Int64, Int64) {
    (Int64(values[0]), Int64(values[1]), Int64(values[2]))
  }

  func run(
    _ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>,
    _ scalars: UnsafeBufferPointer<UInt32>, _ cpu: CPU
  ) {
    func floats(_ operand: Operand) -> UnsafeMutablePointer<Float> {
      guard let base = slots[operand.slot] else {
        preconditionFailure("a convolution without memory")
      }
      return base.assumingMemoryBound(to: Float.self) + operand.offset
    }
    let (a, b, c) = (floats(step.a), floats(step.b), floats(step.c))
    let workspace = cpu.workspace(workspaceSize)
    if isGradient {
      share(bp_conv_kernel_pack_units(plan), cpu) {
        bp_conv_kernel_pack(plan, workspace, a, $0, $1)
      }
      cpu.pool.run(tasks: tasks) { task, thread in
        bp_conv_kernel_run(
          plan, c, workspace, a, b, task, tasks, cpu.scratch(thread, scratchSize))
      }
      share(bp_conv_kernel_finish_units(plan), cpu) {
        bp_conv_kernel_finish(plan, c, workspace, $0, $1)
      }
      return
    }
    share(bp_conv_pack_units(plan), cpu) { bp_conv_pack(plan, workspace, a, b, $0, $1) }
    epilogue?.prepare(slots, scalars)
    let size = scratchSize + (epilogue?.kernel.scratchSize ?? 0)
    cpu.pool.run(tasks: tasks) { task, thread in
      let scratch = cpu.scratch(thread, size)
      bp_conv_run(
        plan, c, a, b, workspace, task, tasks, scratch, epilogue?.function, epilogue?.context,
        scratch + scratchSize)
    }
  }

  /// Shares units among the threads, where the whole is shared.
  private func share(_ units: Int64, _ cpu: CPU, _ body: (Int64, Int64) -> Void) {
    let parts = tasks == 1 ? Int64(1) : min(units, Int64(cpu.pool.threadCount * 4))
    guard units > 0 else { return }
    cpu.pool.run(tasks: Int(parts)) { part, _ in
      body(units * Int64(part) / parts, units * Int64(part + 1) / parts)
    }
  }
}

/// A pass that a kernel calls for each block of a product that is done.
final class Epilogue {
  typealias Function =
    @convention(c) (
      UnsafeMutableRawPointer?, Int, Int, Int, Int, Int, UnsafeMutableRawPointer?
    ) -> Void

  private struct Content {
    let pass: OpaquePointer
    let slots: UnsafePointer<UnsafeMutableRawPointer?>
    let scalars: UnsafePointer<UInt32>
  }

  let kernel: PassKernel
  private let content: UnsafeMutablePointer<Content>

  init(_ pass: Pass, level: Int32) throws {
    kernel = try PassKernel(pass, level: level)
    content = .allocate(capacity: 1)
  }

  deinit { content.deallocate() }

  /// What the function is to be called with.
  var context: UnsafeMutableRawPointer { UnsafeMutableRawPointer(content) }

  let function: Function = { context, batch, m0, m1, n0, n1, scratch in
    guard let context else { return }
    let this = context.assumingMemoryBound(to: Content.self).pointee
    bp_pass_run_region(
      this.pass, this.slots, this.scalars, Int64(batch), Int64(m0), Int64(m1), Int64(n0),
      Int64(n1), nil, scratch)
  }

  func prepare(
    _ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>,
    _ scalars: UnsafeBufferPointer<UInt32>
  ) {
    kernel.setScalars(scalars)
    content.initialize(
      to: Content(pass: kernel.pass, slots: slots, scalars: kernel.scalars))
  }
}

extension Program {
  /// Windows, shared among the threads by images and channels.
  func run(_ step: PoolingStep) {
    var shape = bp_window_shape()
    shape.images = Int64(step.images)
    shape.channels = Int64(step.channels)
    shape.in = ConvolutionKernel.triple(step.input)
    shape.out = ConvolutionKernel.triple(step.output)
    shape.window = ConvolutionKernel.triple(step.window)
    shape.stride = ConvolutionKernel.triple(step.strides)
    shape.low = ConvolutionKernel.triple(step.low)
    shape.dilation = ConvolutionKernel.triple(step.dilation)
    let x = step.operands.map { address($0).assumingMemoryBound(to: Float.self) }
    let level = self.level
    share(Int(bp_window_units(&shape)), cost: Double(step.operations)) { from, to, _ in
      withUnsafePointer(to: shape) { shape in
        let (from, to) = (Int64(from), Int64(to))
        switch step.kind {
        case .sum: bp_window_sum(shape, level, x[0], x[1], from, to)
        case .maximum: bp_window_max(shape, level, x[0], x[1], from, to)
        case .maximumPullback:
          bp_window_max_pullback(shape, level, x[0], x[1], x[2], from, to)
        case .maximumSelection:
          bp_window_max_selection(shape, level, x[0], x[1], x[2], from, to)
        }
      }
    }
  }
}
