// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import CBackprop

/// Attention or its gradient, prepared.
final class AttentionKernel {
  private let step: AttentionStep
  private var arguments = bp_attention_args()
  private let isJoint: Bool
  private let isParallel: Bool
  private let tasks: Int
  private let scratchSize: Int

  init(_ step: AttentionStep, cpu: CPU) {
    self.step = step
    let sizes = step.sizes
    arguments.batch = Int64(sizes.batch)
    arguments.heads = Int64(sizes.heads)
    arguments.shared = Int64(sizes.shared)
    arguments.queries = Int64(sizes.queries)
    arguments.keys = Int64(sizes.keys)
    arguments.width = Int64(sizes.width)
    arguments.value_width = Int64(sizes.valueWidth)
    // A window of all places is none, however large it is said to be.
    let reach = sizes.queries + sizes.keys
    arguments.window = step.fields.window.map { $0 >= reach ? 0 : Int64($0) } ?? 0
    arguments.causal = step.fields.isCausal ? 1 : 0
    arguments.scale = step.fields.scale
    arguments.keep = step.fields.kept
    if let bias = step.bias { arguments.bias_steps = AttentionKernel.four(bias.strides) }
    if let mask = step.mask { arguments.mask_steps = AttentionKernel.four(mask.strides) }
    if case .memory(let draws) = step.draws {
      arguments.draw_steps = (draws.strides[0], draws.strides[1], draws.strides[2])
    }
    // At some 50 operations a nanosecond.
    isParallel = Double(step.operations) / 50 > Program.parallelThreshold
    let threads = isParallel ? cpu.pool.threadCount : 1
    if step.gradient == nil {
      isJoint = false
      tasks = bp_attention_tasks(&arguments, threads)
      scratchSize = bp_attention_scratch(&arguments)
    } else {
      let joint = bp_attention_gradient_is_joint(&arguments, threads)
      isJoint = joint != 0
      tasks = bp_attention_gradient_tasks(&arguments, joint)
      scratchSize = bp_attention_gradient_scratch(&arguments)
    }
  }

  private static func four(_ strides: [Int]) -> (Int, Int, Int, Int) {
    (strides[0], strides[1], strides[2], strides[3])
  }

  /// - Parameter scalars: the lifted numbers.
  func run(
    _ slots: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ scalars: UnsafeBufferPointer<UInt32>,
    _ cpu: CPU
  ) {
    func address(_ operand: Operand) -> UnsafeMutableRawPointer {
      guard let base = slots[operand.slot] else {
        preconditionFailure("slot \(operand.slot) has no memory")
      }
      return base + operand.offset * operand.dtype.byteCount
    }
    func rows(_ operand: Operand) -> bp_attention_rows {
      bp_attention_rows(
        data: address(operand), type: Int32(operand.dtype.kernelType), batch: operand.strides[0],
        head: operand.strides[1], place: operand.strides[2])
    }
    arguments.q = rows(step.query)
    arguments.k = rows(step.key)
    arguments.v = rows(step.value)
    arguments.bias = step.bias.map {
      UnsafePointer(address($0).assumingMemoryBound(to: Float.self))
    }
    arguments.mask = step.mask.map {
      UnsafePointer(address($0).assumingMemoryBound(to: UInt8.self))
    }
    switch step.draws {
    case .key(let place): arguments.draw_key = (scalars[place], scalars[place + 1])
    case .memory(let draws):
      arguments.draws = UnsafePointer(address(draws).assumingMemoryBound(to: Float.self))
    case nil: break
    }
    let y = address(step.packed).assumingMemoryBound(to: Float.self)
    arguments.y = y
    arguments.logs = y + step.sizes.resultCount
    if let gradient = step.gradient {
      arguments.dy = rows(gradient.cotangent)
      let packed = address(gradient.packed).assumingMemoryBound(to: Float.self)
      let targets = step.sizes.gradientPlaces.map { place in
        bp_attention_target(
          data: packed + place.offset, batch: place.strides[0], head: place.strides[1],
          place: place.strides[2])
      }
      (arguments.dq, arguments.dk, arguments.dv) = (targets[0], targets[1], targets[2])
    }
    let (fixed, size, level) = (arguments, scratchSize, cpu.level)
    let (tasks, isGradient, isJoint) = (tasks, step.gradient != nil, isJoint)
    func run(_ task: Int, _ thread: Int) {
      let scratch = cpu.scratch(thread, size)
      withUnsafePointer(to: fixed) {
        if isGradient {
          bp_attention_gradient_run($0, level, isJoint ? 1 : 0, task, scratch)
        } else {
          bp_attention_run($0, level, task, tasks, scratch)
        }
      }
    }
    if isParallel {
      cpu.pool.run(tasks: tasks) { task, thread in run(task, thread) }
    } else {
      for task in 0..<tasks { run(task, 0) }
    }
  }
}
