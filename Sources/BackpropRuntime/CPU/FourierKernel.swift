// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import CBackprop

/// Fourier transforms of one length, prepared: the roots of unity are computed once.
final class FourierKernel {
  let step: FourierStep
  let fft: OpaquePointer
  /// The rows that one call is best given.
  let group: Int
  let scratchSize: Int

  init(_ step: FourierStep, level: Int32) throws {
    guard let fft = bp_fft_create(Int64(step.count), level) else {
      throw RuntimeError(
        what: "no memory is left to prepare a Fourier transform of \(step.count) numbers",
        remedy: "use shorter rows")
    }
    self.step = step
    self.fft = fft
    group = Int(bp_fft_group(fft))
    scratchSize = bp_fft_scratch(fft)
  }

  deinit { bp_fft_destroy(fft) }
}

extension Program {
  /// Rows, shared among the threads in groups.
  func run(_ kernel: FourierKernel) {
    let step = kernel.step
    let (y, x) = (address(step.result), address(step.source))
    let groups = (step.rows + kernel.group - 1) / kernel.group
    // At some 30 operations a nanosecond.
    share(groups, cost: Double(step.operations) / 30) { from, to, thread in
      bp_fft_run(
        kernel.fft, y.assumingMemoryBound(to: Float.self), x.assumingMemoryBound(to: Float.self),
        step.direction == .inverse ? 1 : 0, Int64(from * kernel.group),
        Int64(min(step.rows, to * kernel.group)), cpu.scratch(thread, kernel.scratchSize))
    }
  }
}
