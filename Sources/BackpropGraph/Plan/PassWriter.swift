// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// Writes a group as a ``Pass``: the iteration space, what is read and written, the instructions.
struct PassWriter {
  private let grouping: Grouping
  private let group: Group
  /// The matrix product that this pass follows, and the slot with its sums.
  private let product: (value: Int, slot: Int)?
  private var pass: Pass
  private var registers: [Int: Int] = [:]
  private var loads: [Load: Int] = [:]
  private var numbers: [Number: Int] = [:]

  private struct Load: Hashable {
    let slot: Int
    let view: StridedView
    let kind: Pass.Kind
  }

  init(_ grouping: Grouping, _ group: Group, product: (value: Int, slot: Int)? = nil) {
    self.grouping = grouping
    self.group = group
    self.product = product
    let inner = group.cuts.filter { $0 > 1 && $0 < group.count }
    switch group.kind {
    case .rows(let length):
      var dims = Cuts.dims(inner.union([length]), count: group.count) ?? [group.count]
      // A single row, and rows of one element, keep their axis.
      if length == group.count { dims = [length] }
      if length == 1 { dims.append(1) }
      pass = Pass(mode: .rows, dims: dims)
    case .columns(let outer, let rows, let inner):
      pass = Pass(mode: .columns, dims: [outer, rows, inner])
    case .matmul(let batch, let m, let n):
      pass = Pass(mode: .flat, dims: batch == 1 ? [m, n] : [batch, m, n])
    case .flat, .single:
      pass = Pass(mode: .flat, dims: Cuts.dims(inner, count: group.count) ?? [group.count])
    }
  }

  private var values: [Lowering.Value] { grouping.values }

  mutating func write(slot: (Int) -> Int) -> Pass {
    for member in group.members where member != product?.value { emit(member, slot) }
    for member in group.members
    where grouping.stored.contains(member) && grouping.home[member] == group.id
      && member != product?.value
    {
      store(member, slot(grouping.placements[member]?.whole ?? member))
    }
    pass.registerCount = next
    return pass
  }

  private var next = 0

  private mutating func register() -> Int {
    defer { next += 1 }
    return next
  }

  // Reading.

  private func kind(of member: Int) -> Pass.Kind {
    if case .rowReduction = values[member].role { return .row }
    return group.kind(ofCount: values[member].count) ?? .full
  }

  /// The kind of register that a member's operands are read as.
  private func readingKind(_ reader: Int) -> Pass.Kind {
    switch values[reader].role {
    case .rowReduction, .columnReduction: .full
    default: kind(of: reader)
    }
  }

  private mutating func read(_ operand: Int, _ reader: Int, _ slot: (Int) -> Int) -> Int {
    let base = values[operand].base
    if let register = registers[base] { return register }
    if case .number = values[base].role { return number(base) }
    let view = values[operand].view
    let isProduct = base == product?.value
    let place = isProduct ? product?.slot ?? 0 : slot(base)
    let kind: Pass.Kind = view.isRepeated && !isProduct ? .scalar : readingKind(reader)
    let load = Load(slot: place, view: view, kind: kind)
    if let register = loads[load] { return register }
    let result = register()
    loads[load] = result
    pass.inputs.append(
      Pass.Port(
        operand: Operand(
          slot: place, dtype: values[base].dtype, offset: view.offset,
          strides: strides(view, kind)),
        register: result, kind: kind))
    return result
  }

  private func strides(_ view: StridedView, _ kind: Pass.Kind) -> [Int] {
    switch kind {
    case .full: view.strides(over: pass.dims)
    case .row: view.strides(over: Array(pass.dims.dropLast())) + [0]
    default: [Int](repeating: 0, count: pass.dims.count)
    }
  }

  private mutating func number(_ index: Int) -> Int {
    let value = values[index]
    switch value.primitive {
    case .literal(let literal):
      let bits =
        isInteger(value.dtype)
        ? UInt32(bitPattern: Int32(literal)) : Float(literal).bitPattern
      return scalar(.bits(bits), isInteger: isInteger(value.dtype))
    default: return scalar(.lifted(value.scalar), isInteger: isInteger(value.dtype))
    }
  }

  /// A number in a register. The integer 0 and the float 0 have the same bits and each its own.
  private struct Number: Hashable {
    let value: Pass.Scalar
    let isInteger: Bool
  }

  private mutating func scalar(_ value: Pass.Scalar, isInteger: Bool) -> Int {
    let number = Number(value: value, isInteger: isInteger)
    if let register = numbers[number] { return register }
    let result = register()
    numbers[number] = result
    pass.scalars.append((result, value))
    return result
  }

  // Writing.

  private mutating func store(_ member: Int, _ slot: Int) {
    let value = values[member]
    guard let register = registers[member] else { return }
    var kind = kind(of: member)
    var strides: [Int]
    let view = grouping.placements[member]?.view ?? StridedView(contiguous: value.shape)
    switch value.role {
    case .columnReduction(_, _, let inner):
      if case .reduce(.maximum, _) = value.primitive {
        kind = .columnMaximum
      } else {
        kind = .columnSum
      }
      strides = [inner, 0, 1]
    default:
      strides = self.strides(view, kind)
    }
    pass.outputs.append(
      Pass.Port(
        operand: Operand(
          slot: slot, dtype: value.dtype, offset: view.offset, strides: strides),
        register: register, kind: kind))
  }

  // Instructions.

  private func isInteger(_ dtype: DType) -> Bool { dtype == .int32 || dtype == .uint8 }

  private mutating func add(_ name: String, _ operands: [Int]) -> Int {
    let result = register()
    pass.instructions.append(
      Pass.Instruction(name: name, result: result, operands: operands))
    return result
  }

  /// Brings a result to the precision of its type; registers hold float32 and int32.
  private mutating func rounded(_ register: Int, _ dtype: DType) -> Int {
    switch dtype {
    case .bfloat16: add("round_bf16", [register])
    case .float16: add("round_f16", [register])
    case .uint8: add("i2u8", [register])
    case .float32, .int32, .bool: register
    }
  }

  private mutating func emit(_ index: Int, _ slot: (Int) -> Int) {
    let value = values[index]
    let x = value.operands.map { read($0, index, slot) }
    let operandType = value.operands.first.map { values[$0].dtype } ?? value.dtype
    let suffix = isInteger(operandType) ? "_i" : ""
    switch value.primitive {
    case .unary(let function):
      registers[index] = rounded(add(function.kernel + suffix, x), value.dtype)
    case .binary(let function):
      registers[index] = rounded(add(function.kernel + suffix, x), value.dtype)
    case .compare(let comparison):
      registers[index] = add(comparison.kernel + suffix, x)
    case .select:
      registers[index] = add(isInteger(value.dtype) ? "select_i" : "select", x)
    case .cast:
      registers[index] = cast(x[0], values[value.operands[0]].dtype, value.dtype)
    case .reshape, .permute, .broadcast, .slice, .reverse:
      registers[index] = add("move", x)
    case .reduce(let reduction, _):
      if case .columnReduction = value.role {
        registers[index] = x[0]
      } else {
        registers[index] = rounded(add("row_" + reduction.kernel + suffix, x), value.dtype)
      }
    case .iota: registers[index] = add("index", [])
    case .random(let kind): registers[index] = random(kind, value.scalar)
    case .source, .failed, .constant, .literal, .placeholder, .pad, .concatenate, .argument,
      .cumulativeSum, .matmul, .convolution, .convolutionKernelGradient, .windowSum, .windowMax,
      .windowMaxPullback, .windowMaxSelection, .scan, .attention, .attentionGradient, .gather,
      .scatterAdd, .put, .argumentSort, .fourier, .stopGradient, .barrier, .call, .output:
      preconditionFailure("\(value.primitive) is not a word of passes")
    }
  }

  private mutating func cast(_ x: Int, _ from: DType, _ to: DType) -> Int {
    switch (isInteger(from), to) {
    case (false, .float32): return x
    case (false, .bfloat16), (false, .float16): return rounded(x, to)
    case (false, .int32): return add("f2i", [x])
    case (false, .uint8): return add("i2u8", [add("f2i", [x])])
    case (false, .bool): return from == .bool ? x : add("f2bool", [x])
    case (true, .float32): return add("i2f", [x])
    case (true, .bfloat16), (true, .float16): return rounded(add("i2f", [x]), to)
    case (true, .int32): return x
    case (true, .uint8): return from == .uint8 ? x : add("i2u8", [x])
    case (true, .bool): return add("i2bool", [x])
    }
  }

  private mutating func random(_ kind: Random, _ place: Int) -> Int {
    let low = scalar(.lifted(place), isInteger: true)
    let high = scalar(.lifted(place + 1), isInteger: true)
    let bits = add("random_bits", [low, high])
    switch kind {
    case .bits: return bits
    case .uniform: return add("uniform", [bits])
    case .normal:
      // The second word comes from the stream of the key with its high half complemented.
      let other = add("sub_i", [scalar(.bits(UInt32.max), isInteger: true), high])
      return add("normal", [bits, add("random_bits", [low, other])])
    }
  }
}

extension Unary {
  /// The name of the kernel for floats; with `_i` behind it for integers.
  package var kernel: String {
    switch self {
    case .negate: "neg"
    case .absolute: "abs"
    case .sign: "sign"
    case .floor: "floor"
    case .ceil: "ceil"
    case .round: "round"
    case .squareRoot: "sqrt"
    case .reciprocalSquareRoot: "rsqrt"
    case .reciprocal: "reciprocal"
    case .exp: "exp"
    case .expm1: "expm1"
    case .log: "log"
    case .log1p: "log1p"
    case .sin: "sin"
    case .cos: "cos"
    case .tanh: "tanh"
    case .erf: "erf"
    case .sigmoid: "sigmoid"
    case .relu: "relu"
    }
  }
}

extension Binary {
  /// The name of the kernel for floats; with `_i` behind it for integers.
  package var kernel: String {
    switch self {
    case .add: "add"
    case .subtract: "sub"
    case .multiply: "mul"
    case .divide: "div"
    case .power: "pow"
    case .maximum: "max"
    case .minimum: "min"
    case .remainder: "mod"
    }
  }
}

extension Comparison {
  /// The name of the kernel for floats; with `_i` behind it for integers.
  package var kernel: String {
    switch self {
    case .equal: "eq"
    case .less: "lt"
    case .lessOrEqual: "le"
    }
  }
}

extension Reduction {
  /// The second half of the kernel's name.
  package var kernel: String {
    switch self {
    case .sum: "sum"
    case .maximum: "max"
    case .minimum: "min"
    }
  }
}

extension Pass {
  /// The slots that it reads or writes.
  package var slots: Set<Int> {
    Set(inputs.map(\.operand.slot) + outputs.map(\.operand.slot))
  }

  private var count: Int { dims.reduce(1, *) }

  /// One for each instruction and element.
  package var operations: Int { instructions.count * count }

  package var bytesMoved: Int {
    (inputs + outputs).reduce(0) { sum, port in
      let repeats = zip(dims, port.operand.strides).reduce(1) {
        $1.1 == 0 ? $0 : $0 * $1.0
      }
      return sum + repeats * port.operand.dtype.byteCount
    }
  }
}
