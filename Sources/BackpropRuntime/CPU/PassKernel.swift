// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import CBackprop

/// A ``Pass`` compiled for a SIMD level, with its table of numbers.
final class PassKernel {
  let pass: OpaquePointer
  let units: Int
  let unitCost: Double
  let scratchSize: Int
  /// The numbers at a run; those of literals are there already.
  let scalars: UnsafeMutablePointer<UInt32>
  private let lifted: [(position: Int, index: Int)]
  private let scalarCount: Int

  init(_ plan: Pass, level: Int32) throws {
    let inputs = plan.inputs.map { PassKernel.operand($0) }
    let outputs = plan.outputs.map { PassKernel.operand($0) }
    let instructions = plan.instructions.map { PassKernel.instruction($0) }
    let registers = plan.scalars.map { UInt16($0.register) }
    var error: UnsafePointer<CChar>?
    var created: OpaquePointer?
    inputs.withUnsafeBufferPointer { inputs in
      outputs.withUnsafeBufferPointer { outputs in
        instructions.withUnsafeBufferPointer { instructions in
          registers.withUnsafeBufferPointer { registers in
            var description = bp_pass_desc()
            description.mode =
              switch plan.mode {
              case .flat: BP_FLAT.rawValue
              case .rows: BP_ROWS.rawValue
              case .columns: BP_COLUMNS.rawValue
              }
            description.rank = UInt32(plan.dims.count)
            withUnsafeMutableBytes(of: &description.dims) { bytes in
              let dims = bytes.assumingMemoryBound(to: Int64.self)
              for (axis, dim) in plan.dims.enumerated() { dims[axis] = Int64(dim) }
            }
            description.n_registers = UInt32(plan.registerCount)
            description.n_inputs = UInt32(inputs.count)
            description.n_outputs = UInt32(outputs.count)
            description.n_insns = UInt32(instructions.count)
            description.n_scalars = UInt32(registers.count)
            description.inputs = inputs.baseAddress
            description.outputs = outputs.baseAddress
            description.insns = instructions.baseAddress
            description.scalar_registers = registers.baseAddress
            created = bp_pass_create(&description, level, &error)
          }
        }
      }
    }
    guard let created else {
      throw RuntimeError(
        what: "a fused pass was refused: \(error.map { String(cString: $0) } ?? "unknown")",
        remedy: "please report it with the plan that `backprop inspect` prints")
    }
    pass = created
    units = Int(bp_pass_units(created))
    unitCost = bp_pass_unit_cost(created)
    scratchSize = bp_pass_scratch(created)
    scalarCount = plan.scalars.count
    scalars = .allocate(capacity: max(1, scalarCount))
    var lifted: [(position: Int, index: Int)] = []
    for (position, scalar) in plan.scalars.enumerated() {
      switch scalar.value {
      case .bits(let bits): scalars[position] = bits
      case .lifted(let index): lifted.append((position, index))
      }
    }
    self.lifted = lifted
  }

  deinit {
    bp_pass_destroy(pass)
    scalars.deallocate()
  }

  @inline(__always)
  func setScalars(_ values: UnsafeBufferPointer<UInt32>) {
    for (position, index) in lifted { scalars[position] = values[index] }
  }

  private static func operand(_ port: Pass.Port) -> bp_operand {
    var result = bp_operand()
    result.slot = UInt32(port.operand.slot)
    result.dtype = port.operand.dtype.kernelType
    result.reg = UInt32(port.register)
    result.kind =
      switch port.kind {
      case .full: BP_FULL.rawValue
      case .row: BP_ROW.rawValue
      case .scalar: BP_SCALAR.rawValue
      case .columnSum: UInt32(BP_COLUMN_SUM)
      case .columnMaximum: UInt32(BP_COLUMN_MAX)
      }
    result.offset = Int64(port.operand.offset)
    withUnsafeMutableBytes(of: &result.strides) { bytes in
      let strides = bytes.assumingMemoryBound(to: Int64.self)
      for (axis, stride) in port.operand.strides.enumerated() { strides[axis] = Int64(stride) }
    }
    return result
  }

  private static func instruction(_ instruction: Pass.Instruction) -> bp_insn {
    let op = bp_op_by_name(instruction.name)
    precondition(op >= 0, "elementwise.def has no row for '\(instruction.name)'")
    let x = instruction.operands
    return bp_insn(
      op: UInt16(op), dst: UInt16(instruction.result), a: x.count > 0 ? UInt16(x[0]) : 0,
      b: x.count > 1 ? UInt16(x[1]) : 0, c: x.count > 2 ? UInt16(x[2]) : 0)
  }
}

extension DType {
  /// The number of this type in the kernels' interface.
  var kernelType: UInt32 {
    switch self {
    case .float32: BP_F32.rawValue
    case .bfloat16: BP_BF16.rawValue
    case .float16: BP_F16.rawValue
    case .int32: BP_I32.rawValue
    case .uint8: BP_U8.rawValue
    case .bool: BP_BOOL.rawValue
    }
  }
}
