// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

/// The windows that slide over the axes of space of [N, S…, C]. Interned, as ``Window`` is.
package struct Pooling: Hashable, Sendable {
  package let id: UInt32

  package struct Fields: Hashable, Sendable {
    /// The elements of a window along each axis.
    package var window: [Int]
    package var strides: [Int]
    /// Places before and after the input that windows reach into and that count for nothing.
    package var low: [Int]
    package var high: [Int]
    /// The step from one element of a window to the next.
    package var dilation: [Int]

    /// The windows along an axis.
    package func size(_ axis: Int, input: Int) -> Int {
      let free = input + low[axis] + high[axis] - (window[axis] - 1) * dilation[axis] - 1
      return free < 0 ? 0 : free / strides[axis] + 1
    }
  }

  private static let table = InternTable<Fields>()

  package init(_ fields: Fields) { id = Pooling.table.id(of: fields) }

  package var fields: Fields { Pooling.table[id] }
}

extension Tensor {
  /// The sum of each window over the axes of space, within each channel.
  ///
  /// `self: [N, S…, C] -> [N, O…, C]`, O = ⌊(S + p + p′ − d(K−1) − 1)/s⌋ + 1 for windows of K,
  /// strides s (those of the windows unless given), dilations d and paddings (p, p′). Elements are
  /// added in row-major order; places in the padding count for nothing.
  public func windowSum(
    _ window: [Int], strides: [Int]? = nil, padding: [(Int, Int)]? = nil, dilation: [Int]? = nil
  ) -> Tensor {
    pooled("windowSum", window, strides, padding, dilation) { .windowSum($0) }
  }

  /// The greatest element of each window over the axes of space, within each channel; NaN if one
  /// is there, −∞ if the window is all padding.
  ///
  /// `self: [N, S…, C] -> [N, O…, C]`, as ``windowSum(_:strides:padding:dilation:)``. The gradient
  /// goes to the first of equal elements in row-major order.
  public func windowMax(
    _ window: [Int], strides: [Int]? = nil, padding: [(Int, Int)]? = nil, dilation: [Int]? = nil
  ) -> Tensor {
    pooled("windowMax", window, strides, padding, dilation) { .windowMax($0) }
  }

  private func pooled(
    _ name: String, _ window: [Int], _ strides: [Int]?, _ padding: [(Int, Int)]?,
    _ dilation: [Int]?, _ word: (Pooling) -> Primitive
  ) -> Tensor {
    let space = rank - 2
    let pairs = padding ?? window.map { _ in (0, 0) }
    let fields = Pooling.Fields(
      window: window, strides: strides ?? window, low: pairs.map(\.0), high: pairs.map(\.1),
      dilation: dilation ?? window.map { _ in 1 })
    let lists = [fields.window, fields.strides, fields.low, fields.high, fields.dilation]
    guard (1...3).contains(space), lists.allSatisfy({ $0.count == space }),
      (fields.window + fields.strides + fields.dilation).allSatisfy({ $0 >= 1 && $0 < 1 << 20 }),
      (fields.low + fields.high).allSatisfy({ $0 >= 0 && $0 < 1 << 20 }), dtype.isFloatingPoint
    else {
      return .failed(
        name, [self],
        "the input must be [N, S…, C] of floating-point numbers with one to three axes of space, "
          + "and window, strides, padding and dilation have one number for each of them, padding at "
          + "least 0, the others at least 1",
        shape: shape, dtype: dtype)
    }
    let sizes = (0..<space).map { fields.size($0, input: shape[$0 + 1]) }
    guard shape.count == 0 || sizes.allSatisfy({ $0 > 0 }) else {
      return .failed(
        name, [self], "a window of \(Shape(window)) does not fit into the padded input",
        hint: "use a smaller window", shape: shape, dtype: dtype)
    }
    let result = Tensor(
      Node(
        word(Pooling(fields)), Shape([shape[0]] + sizes + [shape[-1]]), .float32,
        cast(to: .float32).node))
    return result.cast(to: dtype)
  }
}

extension Pullback {
  /// Each element of the cotangent goes to all elements of its window: windows of the cotangent,
  /// spread by the strides, laid the other way round.
  static func ofWindowSum(_ pooling: Pooling, _ x: Tensor, _ g: Tensor) -> Tensor {
    let fields = pooling.fields
    let space = x.rank - 2
    if let repeated = repeatedOverWindows(fields, x, g) { return repeated }
    // The cotangent at low′ + strides · o, in as much room as the windows need.
    var (starts, steps) = ([0], [1])
    var sizes = [x.shape[0]]
    for axis in 0..<space {
      let reach = (fields.window[axis] - 1) * fields.dilation[axis]
      starts.append(Swift.max(0, reach - fields.low[axis]))
      steps.append(fields.strides[axis])
      let cropped = Swift.max(0, fields.low[axis] - reach)
      let last = starts[axis + 1] + (g.shape[axis + 1] - 1) * fields.strides[axis] + 1
      sizes.append(Swift.max(last, cropped + x.shape[axis + 1] + reach))
    }
    let spread = g.padded(
      Window(starts: starts + [0], steps: steps + [1]), to: Shape(sizes + [x.shape[-1]]))
    let sums = spread.windowSum(
      fields.window, strides: fields.window.map { _ in 1 }, dilation: fields.dilation)
    // Where the padding is larger than the window, the first windows saw nothing of the input.
    let from = (0..<space).map { axis in
      Swift.max(0, fields.low[axis] - (fields.window[axis] - 1) * fields.dilation[axis])
    }
    return sums.sliced(
      Window(starts: [0] + from + [0], steps: [Int](repeating: 1, count: x.rank)), to: x.shape)
  }

  /// The usual case: windows side by side. Each element is repeated; nil if it is another case.
  private static func repeatedOverWindows(
    _ fields: Pooling.Fields, _ x: Tensor, _ g: Tensor
  ) -> Tensor? {
    let space = x.rank - 2
    guard fields.window == fields.strides, fields.dilation.allSatisfy({ $0 == 1 }),
      fields.low.allSatisfy({ $0 == 0 }), 2 + 2 * space <= Shape.maximumRank,
      (0..<space).allSatisfy({ fields.window[$0] * g.shape[$0 + 1] <= x.shape[$0 + 1] })
    else { return nil }
    var (apart, repeated, joined) = ([x.shape[0]], [x.shape[0]], [x.shape[0]])
    for axis in 0..<space {
      apart += [g.shape[axis + 1], 1]
      repeated += [g.shape[axis + 1], fields.window[axis]]
      joined.append(g.shape[axis + 1] * fields.window[axis])
    }
    let channels = [x.shape[-1]]
    let whole = g.reshaped(to: Shape(apart + channels))
      .broadcast(to: Shape(repeated + channels)).reshaped(to: Shape(joined + channels))
    let ones = [Int](repeating: 1, count: x.rank)
    if whole.shape == x.shape { return whole }
    return whole.padded(Window(starts: ones.map { _ in 0 }, steps: ones), to: x.shape)
  }

  static func ofWindowMax(_ pooling: Pooling, _ x: Tensor, _ g: Tensor) -> Tensor {
    Tensor(Node(.windowMaxPullback(pooling), x.shape, .float32, x.node, g.node))
  }

  /// `x` is the input of the maximum and the cotangent of its result; the places don't change.
  static func ofWindowMaxPullback(_ pooling: Pooling, _ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    [
      nil,
      Tensor(Node(.windowMaxSelection(pooling), x[1].shape, .float32, x[0].node, g.node)),
    ]
  }

  static func ofWindowMaxSelection(_ pooling: Pooling, _ x: [Tensor], _ g: Tensor) -> [Tensor?] {
    [nil, ofWindowMax(pooling, x[0], g)]
  }
}
