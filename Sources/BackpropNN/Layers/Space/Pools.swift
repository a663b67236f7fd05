// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.

public import BackpropGraph

/// The greatest element of each window, within each channel.
///
/// `x: [N, S…, C] -> [N, O…, C]`. What lies in the padding counts for nothing.
public struct MaxPool: Layer, CustomStringConvertible {
  private let windows: Windows

  /// A layer with windows of one size along every axis; strides are those of the windows unless
  /// given.
  public init(_ window: Int, stride: Int? = nil, padding: SpacePadding = .valid, dilation: Int = 1)
  {
    windows = Windows(.one(window), .one(stride ?? window), padding, .one(dilation))
  }

  /// A layer with windows of the given sizes.
  public init(
    window: [Int], strides: [Int]? = nil, padding: SpacePadding = .valid, dilation: [Int]? = nil
  ) {
    windows = Windows(
      .list(window), .list(strides ?? window), padding, dilation.map { .list($0) } ?? .one(1))
  }

  /// `MaxPool 2`.
  public var description: String { "MaxPool \(windows)" }

  /// `x: [N, S…, C] -> [N, O…, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let w = windows.numbers(x)
    return x.windowMax(w.window, strides: w.strides, padding: w.padding, dilation: w.dilation)
  }
}

/// The mean of each window, within each channel.
///
/// `x: [N, S…, C] -> [N, O…, C]`.
public struct AveragePool: Layer, CustomStringConvertible {
  private let windows: Windows
  /// Whether places in the padding count as zeros; else the mean is of those in the input, and 0
  /// where a window has none.
  public let countsPadding: Bool

  /// A layer with windows of one size along every axis; strides are those of the windows unless
  /// given.
  public init(
    _ window: Int, stride: Int? = nil, padding: SpacePadding = .valid, countsPadding: Bool = true
  ) {
    windows = Windows(.one(window), .one(stride ?? window), padding, .one(1))
    self.countsPadding = countsPadding
  }

  /// A layer with windows of the given sizes.
  public init(
    window: [Int], strides: [Int]? = nil, padding: SpacePadding = .valid,
    countsPadding: Bool = true
  ) {
    windows = Windows(.list(window), .list(strides ?? window), padding, .one(1))
    self.countsPadding = countsPadding
  }

  /// `AveragePool 2`.
  public var description: String { "AveragePool \(windows)" }

  /// `x: [N, S…, C] -> [N, O…, C]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let w = windows.numbers(x)
    func sums(_ x: Tensor) -> Tensor {
      x.windowSum(w.window, strides: w.strides, padding: w.padding, dilation: w.dilation)
    }
    if countsPadding || w.padding.allSatisfy({ $0 == (0, 0) }) {
      return sums(x) * (1 / w.window.reduce(1) { $0 * Float($1) })
    }
    // How many places of each window are in the input.
    let one = Shape([1] + x.shape.dimensions.dropFirst().dropLast() + [1])
    return sums(x) / maximum(sums(.ones(one, dtype: x.dtype)), 1)
  }
}

/// The numbers of sliding windows, one for all axes or one for each.
private struct Windows: Sendable, CustomStringConvertible {
  enum Numbers: Sendable {
    case one(Int)
    case list([Int])

    var isPositive: Bool {
      switch self {
      case .one(let number): number > 0
      case .list(let numbers): numbers.allSatisfy { $0 > 0 }
      }
    }

    func callAsFunction(_ axes: Int) -> [Int] {
      switch self {
      case .one(let number): [Int](repeating: number, count: axes)
      case .list(let numbers): numbers
      }
    }
  }

  let window: Numbers
  let strides: Numbers
  let padding: SpacePadding
  let dilation: Numbers

  init(_ window: Numbers, _ strides: Numbers, _ padding: SpacePadding, _ dilation: Numbers) {
    precondition(
      window.isPositive && strides.isPositive && dilation.isPositive,
      "windows, strides and dilation are at least 1")
    self.window = window
    self.strides = strides
    self.padding = padding
    self.dilation = dilation
  }

  var description: String {
    switch window {
    case .one(let size): "\(size)"
    case .list(let sizes): sizes.map(String.init).joined(separator: "x")
    }
  }

  func numbers(_ x: Tensor)
    -> (window: [Int], strides: [Int], padding: [(Int, Int)], dilation: [Int])
  {
    let axes = max(0, x.rank - 2)
    let (window, strides, dilation) = (window(axes), strides(axes), dilation(axes))
    let count = min(window.count, strides.count, dilation.count)
    let input = Array(x.shape.dimensions.dropFirst().dropLast())
    guard count == window.count, count == axes else {
      return (window, strides, window.map { _ in (0, 0) }, dilation)
    }
    return (
      window, strides,
      padding.sides(input: input, window: window, strides: strides, dilation: dilation), dilation
    )
  }
}
