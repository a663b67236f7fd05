// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import CBackprop

/// Fourier transforms of one length, prepared: the roots of unity are computed once.
final class FourierKernel {
  private enum Transform {
    case complex(OpaquePointer)
    case real(OpaquePointer)
  }

  let step: FourierStep
  private let transform: Transform
  /// The rows that one call is best given.
  let group: Int
  let scratchSize: Int

  init(_ step: FourierStep, level: Int32) throws {
    self.step = step
    let count = Int64(step.count)
    let failure = RuntimeError(
      what: "no memory is left to prepare a Fourier transform of \(step.count) numbers",
      remedy: "use shorter rows")
    switch step.kind {
    case .forward, .inverse:
      guard let fft = bp_fft_create(count, level) else { throw failure }
      transform = .complex(fft)
      (group, scratchSize) = (Int(bp_fft_group(fft)), bp_fft_scratch(fft))
    case .real, .realInverse:
      guard let fft = bp_fft_real_create(count, level) else { throw failure }
      transform = .real(fft)
      (group, scratchSize) = (Int(bp_fft_real_group(fft)), bp_fft_real_scratch(fft))
    }
  }

  deinit {
    switch transform {
    case .complex(let fft): bp_fft_destroy(fft)
    case .real(let fft): bp_fft_real_destroy(fft)
    }
  }

  func run(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ rows: Range<Int>,
    _ scratch: UnsafeMutableRawPointer
  ) {
    let inverse: Int32 = step.kind == .inverse || step.kind == .realInverse ? 1 : 0
    let (from, to) = (Int64(rows.lowerBound), Int64(rows.upperBound))
    switch transform {
    case .complex(let fft): bp_fft_run(fft, y, x, inverse, from, to, scratch)
    case .real(let fft): bp_fft_real_run(fft, y, x, inverse, from, to, scratch)
    }
  }
}

extension Program {
  /// Rows, shared among the threads in groups.
  func run(_ kernel: FourierKernel) {
    let step = kernel.step
    let y = address(step.result).assumingMemoryBound(to: Float.self)
    let x = address(step.source).assumingMemoryBound(to: Float.self)
    let groups = (step.rows + kernel.group - 1) / kernel.group
    // At some 30 operations a nanosecond.
    share(groups, cost: Double(step.operations) / 30) { from, to, thread in
      let rows = from * kernel.group..<min(step.rows, to * kernel.group)
      kernel.run(y, x, rows, cpu.scratch(thread, kernel.scratchSize))
    }
  }
}
