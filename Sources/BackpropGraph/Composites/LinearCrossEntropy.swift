// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// −ln softmax(x Wᵀ + b)ᵧ of each row of x, and ln Σ eˡ of each row of logits, without the logits
/// ever standing in memory whole: they are made block of classes by block of classes, in the
/// backward pass again (E. Wijmans et al., "Cut your losses in large-vocabulary language models",
/// 2024).
///
/// `x: [N, D]`, `weight: [C, D]`, `bias: [C]`, `labels: [N] int32 -> [N], [N]`. A label outside
/// 0 ..< C makes both results NaN, and the gradients that its row has a part in: that of the row and
/// those of weight and bias.
///
/// Memory beside operands and gradients: N · block logits. Cost: four products where the plain way
/// has three. Its gradient has no gradient.
///
/// - Parameter block: how many classes at a time.
/// - Precondition: x and weight are of one floating-point type, bias is float32.
package func linearCrossEntropyRows(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ labels: Tensor, block: Int
) -> (loss: Tensor, logSumExp: Tensor) {
  let blocks = ClassBlocks(classes: weight.shape[0], block: block)
  let operands = [x, weight, labels] + (bias.map { [$0] } ?? [])
  let results = composite("linearCrossEntropy", operands) { operands in
    let rows = RowsOfLogits(operands)
    let (top, sum, picked) = blocks.fold(rows.start, rows) { state, part in
      let logits = part.logits(of: rows)
      let largest = maximum(state.0, logits.reduced(.maximum, AxisSet([1])))
      // Before the first block the largest is −∞, and so would be −∞ − −∞ where all are.
      let base = largest.expanded(at: 1)
      let sum =
        state.1 * (state.0 - largest).exp() + (logits - base).exp().reduced(.sum, AxisSet([1]))
      let own = select(part.isLabel(rows), logits, Tensor.literal(0, like: logits))
      return (largest, sum, state.2 + own.reduced(.sum, AxisSet([1])))
    }
    let isClass = Tensor.constant(-1, .int32) .< rows.labels
    let isKnown = rows.labels .< Tensor.constant(Float(blocks.classes), .int32)
    let nothing = Tensor.constant(.nan, .float32)
    // The gradients are made from it, and so are NaN with it.
    let logSumExp = select(isClass, select(isKnown, sum.log() + top, nothing), nothing)
    return [logSumExp - picked, logSumExp]
  } pullback: { operands, results, cotangents in
    let rows = RowsOfLogits(operands)
    let zeros = Tensor.zeros([rows.count])
    let own = cotangents[0] ?? zeros
    let all = cotangents[1].map { own + $0 } ?? own
    return blocks.gradients(
      rows, logSumExp: results[1], own: own.expanded(at: 1), all: all.expanded(at: 1))
  }
  return (results[0], results[1])
}

/// What the logits of rows are made of, and the labels of the rows.
private struct RowsOfLogits {
  let x: Tensor
  let weight: Tensor
  let labels: Tensor
  let bias: Tensor?

  init(_ operands: [Tensor]) {
    (x, weight, labels) = (operands[0], operands[1], operands[2])
    bias = operands.count > 3 ? operands[3] : nil
  }

  var count: Int { x.shape[0] }

  /// The largest logit, the sum of powers and the label's logit before the first block.
  var start: (Tensor, Tensor, Tensor) {
    // The lowest number that is finite: a difference of it and itself is 0.
    let lowest = Tensor.full([count], -Float.greatestFiniteMagnitude)
    return (lowest, .zeros([count]), .zeros([count]))
  }
}

/// Some classes of all: their rows of the weight, and which is the first.
private struct ClassBlock {
  let weight: Tensor
  let bias: Tensor?
  /// int32, a scalar.
  let first: Tensor

  /// [N, classes of the block], float32.
  func logits(of rows: RowsOfLogits) -> Tensor {
    let product = matmul(rows.x, weight.transposed()).cast(to: .float32)
    return bias.map { product + $0 } ?? product
  }

  /// Which logit is that of the row's label, [N, classes of the block].
  func isLabel(_ rows: RowsOfLogits) -> Tensor {
    let own = (rows.labels - first).expanded(at: 1)
    return Tensor.iota([rows.count, weight.shape[0]], along: 1) .== own
  }
}

/// All classes in blocks of one size, and the rest.
private struct ClassBlocks: Sendable {
  let classes: Int
  let size: Int
  let count: Int

  /// - Parameter block: the size of a block; a size near it that leaves no rest is taken instead.
  init(classes: Int, block: Int) {
    let wanted = max(1, min(block, classes))
    let even = (max(1, wanted / 2)...wanted).reversed().first { classes % $0 == 0 }
    (self.classes, size) = (classes, even ?? wanted)
    count = classes / size
  }

  private var rest: Range<Int> { size * count..<classes }

  /// The sequences of a loop over the blocks: weights, first classes and biases.
  private func sequences(_ rows: RowsOfLogits) -> [Tensor] {
    func cut(_ whole: Tensor, _ item: [Int]) -> Tensor {
      let part = rest.isEmpty ? whole : whole.sliced(along: 0, 0..<rest.lowerBound)
      return part.reshaped(to: Shape([count, size] + item))
    }
    let firsts = Tensor.iota([count], along: 0) * Tensor.constant(Float(size), .int32)
    return [cut(rows.weight, [rows.weight.shape[1]]), firsts]
      + (rows.bias.map { [cut($0, [])] } ?? [])
  }

  private func block(_ items: [Tensor]) -> ClassBlock {
    ClassBlock(weight: items[0], bias: items.count > 2 ? items[2] : nil, first: items[1])
  }

  /// What is left over after the blocks; nil: nothing.
  private func restBlock(_ rows: RowsOfLogits) -> ClassBlock? {
    if rest.isEmpty { return nil }
    return ClassBlock(
      weight: rows.weight.sliced(along: 0, rest), bias: rows.bias?.sliced(along: 0, rest),
      first: Tensor.constant(Float(rest.lowerBound), .int32))
  }

  typealias State = (Tensor, Tensor, Tensor)

  /// Goes through all blocks with three numbers for each row.
  func fold(_ start: State, _ rows: RowsOfLogits, _ body: (State, ClassBlock) -> State) -> State {
    let loop = Loop(
      [start.0, start.1, start.2], sequences(rows), kept: 0, isReversed: false
    ) { state, items in
      let next = body((state[0], state[1], state[2]), block(items))
      return ([next.0, next.1, next.2], [])
    }
    let state = (loop.last(0), loop.last(1), loop.last(2))
    return restBlock(rows).map { body(state, $0) } ?? state
  }

  /// The cotangents of x, weight, labels and bias.
  ///
  /// - Parameters:
  ///   - own: that of each row's loss, [N, 1].
  ///   - all: the same and that of the logarithm of its sum.
  func gradients(_ rows: RowsOfLogits, logSumExp: Tensor, own: Tensor, all: Tensor) -> [Tensor?] {
    let dtype = rows.x.dtype
    let base = logSumExp.expanded(at: 1)
    func part(_ block: ClassBlock) -> (x: Tensor, weight: Tensor, bias: Tensor?) {
      let probability = (block.logits(of: rows) - base).exp()
      let slope = probability * all
      let wanted = select(block.isLabel(rows), slope - own, slope)
      let narrow = wanted.cast(to: dtype)
      return (
        matmul(narrow, block.weight).cast(to: .float32),
        matmul(narrow.transposed(), rows.x).cast(to: .float32),
        block.bias == nil ? nil : wanted.reduced(.sum, AxisSet([0]))
      )
    }
    let zeros = Tensor.zeros(rows.x.shape)
    let loop = Loop([zeros], sequences(rows), kept: 0, isReversed: false) { state, items in
      let made = part(block(items))
      return ([state[0] + made.x], [made.weight] + (made.bias.map { [$0] } ?? []))
    }
    var x = loop.last(0)
    var weight = loop.values(loop.outputs[0]).reshaped(to: [size * count, rows.weight.shape[1]])
    var bias =
      loop.outputs.count > 1 ? loop.values(loop.outputs[1]).reshaped(to: [size * count]) : nil
    if let made = restBlock(rows).map(part) {
      x = x + made.x
      weight = concatenate([weight, made.weight], along: 0)
      if let first = bias, let second = made.bias {
        bias = concatenate([first, second], along: 0)
      }
    }
    return [x.cast(to: dtype), weight.cast(to: dtype), nil] + (bias.map { [$0] } ?? [])
  }
}
