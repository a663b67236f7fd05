// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

import BackpropGraph
import BackpropTesting

/// A random graph over all words, made from a seed. Every value is known by the reference, so that
/// the numbers stay of a size that means something.
struct RandomProgram {
  /// What the graph may contain.
  struct Style {
    /// Other types than float32, and words that pass no gradient.
    var isDifferentiable = false
    /// Axes without elements.
    var hasEmptyAxes = true
    var nodes = 20...60
    var largest = 3000
    /// Axes long enough for several threads.
    var isLarge = false
  }

  struct Entry {
    let tensor: Tensor
    let value: ReferenceValue
  }

  let seed: UInt64
  private(set) var leaves: [Tensor] = []
  private(set) var entries: [Entry] = []
  private(set) var results: [Tensor] = []
  var generator: SeededGenerator
  private let style: Style

  init(seed: UInt64, style: Style = Style()) {
    self.seed = seed
    self.style = style
    generator = SeededGenerator(seed: seed)
    for _ in 0..<generator.integer(2..<5) { addLeaf(shape()) }
    let count = generator.integer(style.nodes.lowerBound..<(style.nodes.upperBound + 1))
    var attempts = 0
    while entries.count < count, attempts < 10 * count {
      attempts += 1
      step()
    }
    chooseResults()
  }

  /// Whether it multiplies matrices of a narrow type, of which the last bit is left open.
  var usesNarrowMatrices: Bool {
    GraphCopy.inlined(results).nodes.contains { $0.primitive == .matmul && $0.dtype != .float32 }
  }

  // Choosing.

  private mutating func size() -> Int {
    if style.hasEmptyAxes, generator.happens(0.01) { return 0 }
    let large = [64, 100, 129, 257, 600]
    if generator.happens(style.isLarge ? 0.5 : 0.03) {
      return generator.pick(style.isLarge ? large + [1000, 4100, 9000, 20_000] : large)
    }
    return generator.pick([1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33])
  }

  private mutating func shape() -> Shape {
    while true {
      let rank = generator.pick([0, 1, 1, 2, 2, 2, 3, 3, 4, 5])
      let shape = Shape((0..<rank).map { _ in size() })
      if shape.count <= style.largest { return shape }
    }
  }

  mutating func addLeaf(_ shape: Shape, _ dtype: DType? = nil) {
    let narrow: DType = generator.pick([.bfloat16, .float16, .int32, .uint8, .bool])
    let type = dtype ?? (style.isDifferentiable || generator.happens(0.8) ? .float32 : narrow)
    let count = shape.count
    let elements: [Double] = (0..<count).map { _ in
      switch type {
      case .float32, .bfloat16, .float16: type.rounded(generator.number(-2...2))
      case .int32: Double(generator.integer(-9..<10))
      case .uint8: Double(generator.integer(0..<256))
      case .bool: Double(generator.integer(0..<2))
      }
    }
    let value = ReferenceValue(shape, type, elements)
    let tensor = value.tensor
    leaves.append(tensor)
    entries.append(Entry(tensor: tensor, value: value))
  }

  /// An entry, a recent one more often than not.
  private mutating func pick(_ isWanted: (Entry) -> Bool = { _ in true }) -> Entry? {
    let fitting = entries.filter(isWanted)
    if fitting.isEmpty { return nil }
    if generator.happens(0.6) { return generator.pick(Array(fitting.suffix(5))) }
    return generator.pick(fitting)
  }

  mutating func pickFloat() -> Entry? { pick { $0.tensor.dtype.isFloatingPoint } }

  /// Another entry that meets this one by broadcasting, made if need be.
  private mutating func partner(_ a: Entry) -> Entry? {
    let largest = style.largest
    let known = pick {
      Shape.broadcast($0.tensor.shape, a.tensor.shape).map { $0.count <= largest } ?? false
    }
    if let known, generator.happens(0.85) { return known }
    var sizes = a.tensor.shape.dimensions
    for axis in sizes.indices where generator.happens(0.4) { sizes[axis] = 1 }
    if generator.happens(0.3) { sizes = Array(sizes.dropFirst()) }
    addLeaf(Shape(sizes))
    return entries.last
  }

  private mutating func chooseResults() {
    var used: Set<ObjectIdentifier> = []
    for entry in entries {
      entry.tensor.node.operands.forEach { used.insert(ObjectIdentifier($0)) }
    }
    for entry in entries.dropFirst(leaves.count)
    where !used.contains(ObjectIdentifier(entry.tensor.node)) || generator.happens(0.1) {
      if entry.tensor.node.value == nil { results.append(entry.tensor) }
    }
    if results.count > 6 { results = Array(results.suffix(6)) }
  }

  // Growing.

  private mutating func keep(_ tensor: Tensor?) {
    guard let tensor, tensor.failure == nil, tensor.count <= 4 * style.largest,
      !entries.contains(where: { $0.tensor.node === tensor.node })
    else { return }
    let known = entries.map { (tensor: $0.tensor, value: $0.value) }
    guard let value = try? Reference.evaluate(tensor, substituting: known) else { return }
    if value.dtype.isFloatingPoint {
      guard value.elements.allSatisfy({ $0.isFinite && abs($0) < 3000 }) else { return }
    }
    entries.append(Entry(tensor: tensor, value: value))
  }

  private mutating func step() {
    let kinds: [(Int, (inout RandomProgram) -> Tensor?)] = [
      (14, { $0.unary() }), (18, { $0.binary() }), (10, { $0.movement() }), (8, { $0.window() }),
      (8, { $0.reduction() }), (6, { $0.product() }), (5, { $0.indexing() }),
      (4, { $0.composite() }), (4, { $0.choice() }), (4, { $0.joined() }), (3, { $0.number() }),
      (4, { $0.otherType() }), (3, { $0.order() }), (2, { $0.drawn() }), (3, { $0.space() }),
      (2, { $0.attending() }),
    ]
    var rest = generator.integer(0..<kinds.reduce(0) { $0 + $1.0 })
    for (weight, make) in kinds {
      if rest < weight { return keep(make(&self)) }
      rest -= weight
    }
  }

  private mutating func unary() -> Tensor? {
    guard let entry = pickFloat() else { return nil }
    let x = entry.tensor
    let size = entry.value.elements.reduce(0) { max($0, abs($1)) }
    let function = generator.pick(Unary.allCases)
    switch function {
    case .negate, .absolute, .relu, .sin, .cos, .tanh, .erf, .sigmoid: return x.unary(function)
    case .sign, .floor, .ceil, .round:
      return style.isDifferentiable ? x.tanh() : x.unary(function)
    case .squareRoot, .reciprocalSquareRoot, .reciprocal, .log:
      return (x.absolute() + 0.5).unary(function)
    case .log1p: return x.absolute().unary(function)
    case .exp, .expm1: return (size < 6 ? x : x * 0.001).unary(function)
    }
  }

  private mutating func binary() -> Tensor? {
    guard let first = pick(), let second = partner(first) else { return nil }
    let swapped = generator.happens(0.5)
    let (a, b) = swapped ? (second.tensor, first.tensor) : (first.tensor, second.tensor)
    switch generator.pick(Binary.allCases) {
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return b.dtype.isFloatingPoint ? a / (b.absolute() + 0.5) : a / b
    case .power: return power(a.absolute() + 0.25, b.tanh() * 2)
    case .maximum: return maximum(a, b)
    case .minimum: return minimum(a, b)
    case .remainder:
      if style.isDifferentiable { return a * b.sigmoid() }
      return b.dtype.isFloatingPoint ? a % (b.absolute() + 0.5) : a % b
    }
  }

  private mutating func movement() -> Tensor? {
    guard let x = pick()?.tensor else { return nil }
    switch generator.integer(0..<6) {
    case 0:
      if x.rank == 0 { return x.expanded(at: 0) }
      return x.permuted(Array(0..<x.rank).shuffled(using: &generator))
    case 1:
      // Merge, split or drop axes.
      if x.rank > 1, generator.happens(0.6) {
        let first = generator.integer(0..<(x.rank - 1))
        return x.flattened(first, generator.integer((first + 1)..<x.rank))
      }
      for axis in 0..<x.rank where x.shape[axis] > 3 && generator.happens(0.7) {
        let size = x.shape[axis]
        guard let part = (2..<size).filter({ size % $0 == 0 }).randomElement(using: &generator)
        else { continue }
        var sizes = x.shape.dimensions
        sizes.replaceSubrange(axis...axis, with: [size / part, part])
        return x.reshaped(to: sizes)
      }
      return x.rank < 6 ? x.expanded(at: generator.integer(0..<(x.rank + 1))) : x.squeezed()
    case 2:
      var sizes = x.shape.dimensions
      for axis in sizes.indices where sizes[axis] == 1 && generator.happens(0.7) {
        sizes[axis] = size()
      }
      if generator.happens(0.5), x.rank < 6 { sizes.insert(generator.integer(1..<5), at: 0) }
      let shape = Shape(sizes)
      return shape.count <= style.largest ? x.broadcast(to: shape) : nil
    case 3:
      if x.rank == 0 { return nil }
      return x.reversed(along: generator.integer(0..<x.rank))
    case 4: return x.rank > 1 ? x.transposed(0, -1) : nil
    default:
      let stops = !style.isDifferentiable && generator.happens(0.2)
      return stops ? x.stopGradient() : x.transposed()
    }
  }

  private mutating func window() -> Tensor? {
    guard let x = pick({ $0.tensor.rank > 0 })?.tensor else { return nil }
    let axes = 0..<x.rank
    if generator.happens(0.55) {
      var y = x
      for axis in axes where generator.happens(0.6) && x.shape[axis] > 0 {
        let start = generator.integer(0..<x.shape[axis])
        let end = generator.integer(start..<x.shape[axis]) + 1
        y = y.sliced(along: axis, start..<end, by: generator.pick([1, 1, 2, 3]))
      }
      return y
    }
    // Zeros around and between.
    let starts = axes.map { _ in generator.pick([0, 0, 1, 2]) }
    let steps = axes.map { _ in generator.pick([1, 1, 1, 2]) }
    let sizes = axes.map {
      starts[$0] + max(0, x.shape[$0] - 1) * steps[$0] + (x.shape[$0] > 0 ? 1 : 0)
        + generator.integer(0..<3)
    }
    let shape = Shape(sizes)
    if shape.count > style.largest { return nil }
    return Tensor(Node(.pad(Window(starts: starts, steps: steps)), shape, x.dtype, x.node))
  }

  private mutating func reduction() -> Tensor? {
    guard let x = pick()?.tensor, x.rank > 0 else { return nil }
    let axes = (0..<x.rank).filter { _ in generator.happens(0.5) }
    let keeping = generator.happens(0.4)
    switch generator.integer(0..<5) {
    case 0, 1: return x.sum(over: axes, keepingAxes: keeping)
    case 2: return x.mean(over: axes, keepingAxes: keeping)
    default:
      let axis = generator.integer(0..<x.rank)
      let isMaximum = generator.happens(0.5)
      if generator.happens(0.5) {
        return isMaximum
          ? x.max(over: axis, keepingAxes: keeping) : x.min(over: axis, keepingAxes: keeping)
      }
      return isMaximum ? x.max(keepingAxes: keeping) : x.min(keepingAxes: keeping)
    }
  }

  private mutating func product() -> Tensor? {
    guard let a = pick({ $0.tensor.dtype.isFloatingPoint && $0.tensor.rank > 0 })?.tensor else {
      return nil
    }
    let k = a.shape[-1]
    let fitting = pick {
      $0.tensor.dtype.isFloatingPoint && $0.tensor.rank > 0
        && ($0.tensor.shape[-1] == k || ($0.tensor.rank > 1 && $0.tensor.shape[-2] == k))
    }
    if let b = fitting?.tensor, generator.happens(0.5) {
      if b.rank > 1, b.shape[-2] == k { return matmul(a, b) }
      return matmul(a, b.rank > 1 ? b.transposed() : b)
    }
    let n = size()
    addLeaf(generator.happens(0.5) ? [k, n] : [n, k], a.dtype)
    guard let b = entries.last?.tensor else { return nil }
    return matmul(a, b.shape[0] == k ? b : b.transposed())
  }

  private mutating func indexing() -> Tensor? {
    guard let x = pick({ $0.tensor.rank > 0 && $0.tensor.count > 0 })?.tensor else { return nil }
    let axis = generator.integer(0..<x.rank), size = x.shape[axis]
    func positions(_ shape: Shape, _ size: Int) -> Tensor {
      let list = (0..<shape.count).map { _ in Int32(generator.integer(0..<size)) }
      return Tensor(list, shape: shape)
    }
    if generator.happens(0.55) {
      let sizes: [[Int]] = [[], [1], [3], [2, 2], [5, 1], style.hasEmptyAxes ? [0] : [2]]
      return x.gathered(positions(Shape(generator.pick(sizes)), size), along: axis)
    }
    if generator.happens(0.3), x.dtype.isFloatingPoint {
      let shape = x.shape.reduced(over: AxisSet([axis]), keeping: false)
      return x.taken(positions(shape, size), along: axis)
    }
    if generator.happens(0.4) {
      let count = generator.integer(1..<4)
      let own = x.gathered(positions([count], size), along: axis)
      return x.replaced(at: positions([count], size), with: own, along: axis)
    }
    let rows = generator.integer(1..<9)
    return x.scatterAdded(positions([size], rows), along: axis, size: rows)
  }

  private mutating func composite() -> Tensor? {
    guard let x = pickFloat()?.tensor else { return nil }
    switch generator.integer(0..<9) {
    case 0: return x.gelu()
    case 1: return x.geluTanh()
    case 2: return x.silu()
    case 3: return x.softplus()
    case 4: return x.rank > 0 ? x.softmax(along: generator.integer(0..<x.rank)) : nil
    case 5: return x.rank > 0 ? x.logSoftmax(along: generator.integer(0..<x.rank)) : nil
    case 6: return x.rank > 0 ? x.variance(over: generator.integer(0..<x.rank)) : nil
    case 7: return x.rank > 0 ? x.logSumExp(over: generator.integer(0..<x.rank)) : nil
    default: return recomputed(x) { ($0 * 0.5).tanh() * $0.sigmoid() }
    }
  }

  private mutating func choice() -> Tensor? {
    guard let a = pickFloat(), let b = partner(a) else { return nil }
    let comparisons: [(Tensor, Tensor) -> Tensor] = [
      { $0 .< $1 }, { $0 .<= $1 }, { $0 .> $1 }, { $0 .== $1 }, { $0 .!= $1 }, { $0 .>= $1 },
    ]
    let mask = generator.pick(comparisons)(a.tensor, b.tensor)
    if !style.isDifferentiable, generator.happens(0.3) { return mask }
    return select(mask, a.tensor, b.tensor)
  }

  private mutating func joined() -> Tensor? {
    guard let first = pick({ $0.tensor.rank > 0 })?.tensor else { return nil }
    let axis = generator.integer(0..<first.rank)
    var parts = [first]
    for _ in 0..<generator.integer(1..<4) {
      let part = pick {
        $0.tensor.rank == first.rank
          && $0.tensor.shape.replacing(axis, with: 0) == first.shape.replacing(axis, with: 0)
      }
      if let part { parts.append(part.tensor) }
    }
    return concatenate(parts, along: axis)
  }

  private mutating func number() -> Tensor? {
    guard let x = pick()?.tensor else { return nil }
    let value = Float(generator.pick([2, 0.5, -1, 0, 1, 3, -0.25, 0.1]))
    switch generator.integer(0..<5) {
    case 0: return x + value
    case 1: return x * value
    case 2: return value - x
    case 3: return maximum(x, value)
    default:
      let full = Tensor.full(x.shape, value)
      return generator.happens(0.5) ? full : Tensor.ones(x.shape, dtype: x.dtype) - x
    }
  }

  private mutating func otherType() -> Tensor? {
    guard let x = pick()?.tensor else { return nil }
    if style.isDifferentiable { return x.dtype == .float32 ? nil : x.cast(to: .float32) }
    let wanted: [DType] = [
      .float32, .float32, .bfloat16, .bfloat16, .float16, .int32, .uint8, .bool,
    ]
    return x.cast(to: generator.pick(wanted))
  }

  private mutating func order() -> Tensor? {
    guard !style.isDifferentiable || generator.happens(0.3),
      let x = pick({ $0.tensor.rank > 0 && $0.tensor.count > 0 })?.tensor
    else { return nil }
    let axis = generator.integer(0..<x.rank)
    if style.isDifferentiable || generator.happens(0.4) {
      return x.cumulativeSum(along: axis, reversed: generator.happens(0.5))
    }
    switch generator.integer(0..<4) {
    case 0: return x.argMax(along: axis)
    case 1: return x.argMin(along: axis)
    case 2: return x.argumentSort(along: axis, descending: generator.happens(0.5))
    default: return Tensor.iota(x.shape, along: axis)
    }
  }

  private mutating func drawn() -> Tensor? {
    let key = RandomKey(seed: generator.next())
    guard let x = pick()?.tensor else { return nil }
    switch generator.integer(0..<4) {
    case 0: return Tensor.uniform(x.shape, key: key)
    case 1: return Tensor.normal(x.shape, key: key)
    case 2: return Tensor.bernoulli(x.shape, probability: 0.7, key: key).cast(to: .float32)
    default: return Tensor.integers(x.shape, in: -3..<9, key: key)
    }
  }
}
