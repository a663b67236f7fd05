// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import CBackprop

/// The levels this processor runs.
let levels: [Int32] = [BP_PORTABLE, BP_NEON, BP_AVX2, BP_AVX512]
  .map { Int32($0.rawValue) }.filter { bp_level_available($0) != 0 }

/// Memory for one slot: bytes with a guard on both sides.
final class Slot {
  let bytes: UnsafeMutableRawBufferPointer
  let size: Int
  static let guardBytes = 64

  init(bytes size: Int, skew: Int = 0) {
    self.size = size
    bytes = .allocate(byteCount: size + 2 * Self.guardBytes + skew, alignment: 64)
    for i in bytes.indices { bytes[i] = 0xa5 }
    start = bytes.baseAddress! + Self.guardBytes + skew
  }

  convenience init(_ values: [Float], skew: Int = 0) {
    self.init(bytes: values.count * 4, skew: skew)
    words = values.map(\.bitPattern)
  }

  convenience init(_ values: [Int32]) {
    self.init(bytes: values.count * 4)
    words = values.map { UInt32(bitPattern: $0) }
  }

  let start: UnsafeMutableRawPointer

  deinit { bytes.deallocate() }

  var contents: [UInt8] {
    get { (0..<size).map { start.load(fromByteOffset: $0, as: UInt8.self) } }
    set {
      for (i, byte) in newValue.enumerated() {
        start.storeBytes(of: byte, toByteOffset: i, as: UInt8.self)
      }
    }
  }

  var words: [UInt32] {
    get { (0..<size / 4).map { start.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) } }
    set {
      for (i, word) in newValue.enumerated() {
        start.storeBytes(of: word, toByteOffset: i * 4, as: UInt32.self)
      }
    }
  }

  var floats: [Float] { words.map { Float(bitPattern: $0) } }
  var ints: [Int32] { words.map { Int32(bitPattern: $0) } }

  /// Whether nothing outside the slot was written.
  var isIntact: Bool {
    let before = bytes.baseAddress!
    let after = start + size
    let front = start - before
    let back = bytes.count - front - size
    return (0..<front).allSatisfy { before.load(fromByteOffset: $0, as: UInt8.self) == 0xa5 }
      && (0..<back).allSatisfy { after.load(fromByteOffset: $0, as: UInt8.self) == 0xa5 }
  }
}

/// A description of a pass, kept as Swift arrays.
struct Pass {
  struct Operand {
    var slot: Int
    var dtype = BP_F32
    var register: Int
    var kind: UInt32 = 0
    var offset = 0
    var strides: [Int]
  }

  var mode = BP_FLAT
  var dims: [Int]
  var registers = 0
  var inputs: [Operand] = []
  var outputs: [Operand] = []
  var instructions: [bp_insn] = []
  var scalars: [(register: Int, bits: UInt32)] = []

  init(_ mode: bp_mode = BP_FLAT, _ dims: [Int]) {
    self.mode = mode
    self.dims = dims
  }

  /// The strides of a contiguous array of these dims.
  var contiguous: [Int] {
    var strides: [Int] = []
    var below = 1
    for dim in dims.reversed() {
      strides.append(below)
      below *= dim
    }
    return strides.reversed()
  }

  mutating func register() -> Int {
    registers += 1
    return registers - 1
  }

  mutating func input(
    _ slot: Int, _ dtype: bp_dtype = BP_F32, strides: [Int]? = nil, offset: Int = 0
  ) -> Int {
    let r = register()
    inputs.append(
      .init(slot: slot, dtype: dtype, register: r, offset: offset, strides: strides ?? contiguous))
    return r
  }

  mutating func scalar(_ value: Float) -> Int {
    let r = register()
    scalars.append((r, value.bitPattern))
    return r
  }

  mutating func scalar(_ value: Int32) -> Int {
    let r = register()
    scalars.append((r, UInt32(bitPattern: value)))
    return r
  }

  mutating func op(_ op: bp_op, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0) -> Int {
    let r = register()
    instructions.append(
      bp_insn(op: UInt16(op.rawValue), dst: UInt16(r), a: UInt16(a), b: UInt16(b), c: UInt16(c)))
    return r
  }

  mutating func output(
    _ register: Int, _ slot: Int, _ dtype: bp_dtype = BP_F32, strides: [Int]? = nil,
    offset: Int = 0, kind: UInt32 = 0
  ) {
    outputs.append(
      .init(
        slot: slot, dtype: dtype, register: register, kind: kind, offset: offset,
        strides: strides ?? contiguous))
  }

  func compile(_ level: Int32) -> Result<OpaquePointer, Failure> {
    func table(_ operands: [Operand]) -> [bp_operand] {
      operands.map { x in
        var y = bp_operand()
        y.slot = UInt32(x.slot)
        y.dtype = x.dtype.rawValue
        y.reg = UInt32(x.register)
        y.kind = x.kind
        y.offset = Int64(x.offset)
        withUnsafeMutableBytes(of: &y.strides) { bytes in
          for (k, stride) in x.strides.enumerated() {
            bytes.storeBytes(of: Int64(stride), toByteOffset: 8 * k, as: Int64.self)
          }
        }
        return y
      }
    }
    let scalarRegisters = scalars.map { UInt16($0.register) }
    let inputTable = table(inputs)
    let outputTable = table(outputs)
    return inputTable.withUnsafeBufferPointer { ins in
      outputTable.withUnsafeBufferPointer { outs in
        instructions.withUnsafeBufferPointer { code in
          scalarRegisters.withUnsafeBufferPointer { scalarTable in
            var desc = bp_pass_desc()
            desc.mode = mode.rawValue
            desc.rank = UInt32(dims.count)
            withUnsafeMutableBytes(of: &desc.dims) { bytes in
              for (k, dim) in dims.enumerated() {
                bytes.storeBytes(of: Int64(dim), toByteOffset: 8 * k, as: Int64.self)
              }
            }
            desc.n_registers = UInt32(registers)
            desc.n_inputs = UInt32(inputs.count)
            desc.n_outputs = UInt32(outputs.count)
            desc.n_insns = UInt32(instructions.count)
            desc.n_scalars = UInt32(scalars.count)
            desc.inputs = ins.baseAddress
            desc.outputs = outs.baseAddress
            desc.insns = code.baseAddress
            desc.scalar_registers = scalarTable.baseAddress
            var error: UnsafePointer<CChar>?
            if let pass = bp_pass_create(&desc, level, &error) { return .success(pass) }
            return .failure(Failure(text: String(cString: error!)))
          }
        }
      }
    }
  }

  struct Failure: Error { let text: String }

  /// How a run is cut into calls.
  enum Split: CaseIterable { case whole, units, backwards }

  /// Runs over the slots; the calls that `split` makes each have fresh, dirty scratch.
  func run(_ slots: [Slot], level: Int32, split: Split = .whole) throws {
    let pass = try compile(level).get()
    defer { bp_pass_destroy(pass) }
    let units = bp_pass_units(pass)
    let ranges: [(Int64, Int64)]
    switch split {
    case .whole: ranges = [(0, units)]
    case .units: ranges = (0..<units).map { ($0, $0 + 1) }
    case .backwards: ranges = (0..<units).reversed().map { ($0, $0 + 1) }
    }
    try withCall(pass, slots) { pointers, bits, scratch in
      for (begin, end) in ranges {
        bp_pass_run(pass, pointers, bits, begin, end, scratch)
      }
    }
  }

  func runRegion(
    _ slots: [Slot], level: Int32, batch: Int, rows: Range<Int>, columns: Range<Int>
  ) throws {
    let pass = try compile(level).get()
    defer { bp_pass_destroy(pass) }
    try withCall(pass, slots) { pointers, bits, scratch in
      bp_pass_run_region(
        pass, pointers, bits, Int64(batch), Int64(rows.lowerBound), Int64(rows.upperBound),
        Int64(columns.lowerBound), Int64(columns.upperBound), nil, scratch)
    }
  }

  private func withCall(
    _ pass: OpaquePointer, _ slots: [Slot],
    _ body: (
      UnsafePointer<UnsafeMutableRawPointer?>, UnsafePointer<UInt32>, UnsafeMutableRawPointer
    )
      throws -> Void
  ) throws {
    let size = bp_pass_scratch(pass)
    let scratch = Slot(bytes: size)
    let pointers = slots.map { Optional($0.start) } + [nil]
    let bits = scalars.map(\.bits) + [0]
    try pointers.withUnsafeBufferPointer { p in
      try bits.withUnsafeBufferPointer { s in
        try body(p.baseAddress!, s.baseAddress!, scratch.start)
      }
    }
    guard scratch.isIntact else { throw Failure(text: "scratch overrun") }
    for (i, slot) in slots.enumerated() where !slot.isIntact {
      throw Failure(text: "slot \(i) overrun")
    }
  }
}

/// Small deterministic random numbers for tests.
struct Random {
  var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678 }
  mutating func next() -> UInt32 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt32(truncatingIfNeeded: (state ^ (state >> 22)) >> 29)
  }
  mutating func below(_ n: Int) -> Int { Int(next()) % n }
  mutating func unit() -> Float { Float(next() >> 8) * 0x1p-24 }
  mutating func float() -> Float { unit() * 4 - 2 }
}
